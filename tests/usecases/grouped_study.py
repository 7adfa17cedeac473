"""Studies whose customers are divided: an invented one, and two of real ratings that are read from the folder of shared data and never copied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

INVENTED = """
title: Invented subscribers
source: {file: usage.csv, customer: who, join: [answers.csv]}
segments:
  behaviour:
    gb: {label: data volume, unit: GB a month, column: Volume GB, log: true}
    services: {label: number of services, unit: services, columns: [Mail, Video, Music], value: "Yes"}
  expectation:
    charge: {label: monthly charge, unit: EUR, column: Charge}
  outcomes:
    satisfaction: {label: Satisfaction, unit: of 5, column: Score, low: 1, high: 5, better: 1, digits: 2}
    churn: {label: Left, kind: share, column: Left, value: "Yes", better: -1}
    nps: {label: NPS, kind: nps, column: Recommend}
  named:
    island: charge >= 1000
    heavy: gb in the top 10 %
    silent: gb <= 0
"""

TELCO = """
title: Customers of a fictional company (IBM sample data)
source: {file: "{folder}/Telco_customer_churn_services.csv", customer: Customer ID, join: ["{folder}/Telco_customer_churn_status.csv", "{folder}/Telco_customer_churn_demographics.csv"]}
segments:
  behaviour:
    gb: {label: data volume, unit: GB a month, column: Avg Monthly GB Download, log: true}
    calls: {label: long distance charges, unit: $ a month, column: Avg Monthly Long Distance Charges}
    services:
      label: services beside the line
      unit: services
      columns: [Online Security, Online Backup, Device Protection Plan, Premium Tech Support, Streaming TV, Streaming Movies, Streaming Music, Unlimited Data]
      value: "Yes"
  expectation:
    charge: {label: monthly charge, unit: $, column: Monthly Charge}
    tenure: {label: tenure, unit: months, column: Tenure in Months}
    age: {label: age, unit: years, column: Age}
  outcomes:
    satisfaction: {label: Satisfaction, unit: of 5, column: Satisfaction Score, low: 1, high: 5, better: 1, digits: 2}
    churn: {label: Left, kind: share, column: Churn Label, value: "Yes", better: -1}
    revenue: {label: Revenue, unit: $ a customer, column: Total Revenue, digits: 0}
  named:
    new: tenure <= 3
    loyal: tenure >= 60
    heavy: gb in the top 5 %
    without data: gb <= 0
"""

VIDEO = """
title: Rated video viewings (Poqemon)
source: {file: "{folder}/pokemon.csv", customer: user_id, rating: MOS}
segments:
  behaviour:
    bitrate: {label: video bit rate, unit: kbit/s, column: QoA_VLCbitrate, log: true}
    framerate: {label: frame rate, unit: frames/s, column: QoA_VLCframerate}
    network: {label: "network, 1 EDGE to 5 LTE", column: QoS_type}
    buffering: {label: buffering, unit: ms, column: QoA_BUFFERINGtime, log: true}
  expectation:
    age: {label: age, unit: years, column: QoU_age}
    android: {label: Android API level, column: QoD_api-level}
  outcomes:
    mos: {label: MOS, unit: of 5, column: MOS, low: 1, high: 5, better: 1, digits: 2}
    poor: {label: Rated 1, kind: share, column: MOS, value: "1", better: -1}
"""


def write_invented(folder: Path, seed: int = 3, rows: int = 3) -> None:
    """Ninety who use little of one service for 20 EUR and sixty who use much of three for 60, ``rows`` rows each; the sixty are less satisfied."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    who = np.arange(150)
    much = who >= 90
    volume = np.where(much, 40, 2) * 2 ** rng.normal(0, 0.3, 150)
    usage = pd.DataFrame({"who": [f"{one:04d}" for one in who], "Volume GB": volume, "Mail": "Yes", "Video": np.where(much, "Yes", "No"),
                          "Music": np.where(much, "Yes", "No"), "Charge": np.where(much, 60, 20) + rng.normal(0, 3, 150)})
    usage = pd.concat([usage.assign(**{"Volume GB": usage["Volume GB"] * (1 + 0.1 * (number - (rows - 1) / 2))}) for number in range(rows)], ignore_index=True)
    usage.to_csv(folder / "usage.csv", index=False)
    pd.DataFrame({"who": [f"{one:04d}" for one in who], "Score": np.where(much, 2, 4), "Left": np.where(much & (who % 2 == 0), "Yes", "No"), "Recommend": np.where(much, 3, 10)}).to_csv(
        folder / "answers.csv", index=False)
    (folder / "invented.yaml").write_text(INVENTED)


def write_real(folder: Path, shared_data: Path) -> None:
    """The studies ``telco`` and ``video`` of the shared data sets that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text, place in (("telco", TELCO, "ibm_telco_satisfaction"), ("video", VIDEO, "poqemon_qoe")):
        if (shared_data / place).is_dir():
            (folder / f"{name}.yaml").write_text(text.replace("{folder}", str(shared_data / place)))
