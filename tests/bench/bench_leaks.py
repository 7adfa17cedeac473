"""Answers that leak the rating, and honest displays in marks, on worlds drawn afresh: which are refused, which are warned of.

Honest: bars that show a measured KPI, a score made of several, a grade of the device or of the line that nothing else measures, a class that goes with
the price. Answers: a noisy copy of the rating, a second question about the same, one about an aspect, one mostly answered with the same mark, one on the
other scale. KPIs are skewed, bent and collinear, customers give one to six ratings. ``--seed`` draws other worlds.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

from cemlib.analysis.leaks import find_leaks, find_suspects

HONEST = ("bars of a measured KPI", "score of several KPIs", "grade of the device", "grade of the moment", "class of the price")
ANSWERS = ("copy", "second question", "aspect", "same mark", "other scale")


def draw(rng: np.random.Generator, kind: str) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """KPIs with the feature ``x``, ratings, and whose they are."""
    customers = int(rng.integers(250, 900))
    who = np.repeat(np.arange(customers), np.minimum(rng.geometric(rng.uniform(0.3, 1.0), customers), 6))
    n, tier = len(who), rng.gamma(2, 0.7, customers)[who]
    count = int(rng.integers(2, 9))
    shared = rng.standard_t(4, (n, 1)) * rng.uniform(0, 0.9)
    kpis = rng.gamma(1.5, 0.8, (n, count)) + shared * rng.choice([-1, 1], count) + 0.3 * tier[:, None] * rng.choice([0, 1], count)
    bent = np.minimum(kpis - kpis.mean(axis=0), rng.uniform(0.3, 3, count))
    felt = bent @ rng.normal(0, 0.6 / np.sqrt(count), count) - rng.uniform(0, 0.3) * tier
    grade, moment = rng.normal(size=customers)[who], rng.logistic(0, 0.55, n)
    slope = rng.uniform(0, 0.45)
    hidden = {"grade of the device": grade, "grade of the moment": moment + kpis @ rng.normal(0, 0.15, count), "class of the price": tier + rng.normal(0, 0.6, customers)[who]}
    if kind in hidden:
        felt = felt + slope * _scaled(hidden[kind])
    mood = rng.laplace(0, rng.uniform(0.1, 0.35), customers)[who] + rng.normal(0, rng.uniform(0.3, 0.6), n)
    own = rng.uniform(0.2, 0.6)
    wide = rng.random() < 0.3
    y = _answer(felt + mood + rng.normal(0, own, n), wide, rng)
    asked = {"copy": _scaled(y) + rng.normal(0, rng.uniform(0.4, 1.0), n), "second question": felt + mood + rng.normal(0, rng.uniform(0.3, 0.6), n),
             "aspect": 0.8 * (felt + mood) + 0.35 * _scaled(kpis[:, 0]) + rng.normal(0, 0.4, n), "other scale": felt + mood + rng.normal(0, own, n)}
    if kind == "same mark":
        x = np.where(rng.random(n) < rng.uniform(0.4, 0.7), y, _answer(felt + rng.normal(0, 0.6, n), wide, rng))
    elif kind in asked:
        x = _answer(asked[kind], wide != (kind == "other scale"), rng)
    elif kind in hidden:
        x = _answer(hidden[kind] + rng.normal(0, 0.2, n) * (kind == "grade of the moment"), wide and rng.random() < 0.5, rng)
    else:
        shown = bent[:, 0] if kind == HONEST[0] else felt + rng.uniform(0, 0.5) * kpis[:, 1]
        x = _answer(_scaled(shown) + rng.normal(0, rng.uniform(0, 0.8), n), wide and rng.random() < 0.5, rng)
    y, x = pd.Series(y), pd.Series(x)
    # a display says better when the rating is better, as one would code it
    x = x if kind in ANSWERS or x.corr(y) > 0 else x.max() + x.min() - x
    return pd.DataFrame(kpis).add_prefix("kpi_").assign(tier=tier, x=x), y, pd.Series(who)


def _scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _answer(felt: np.ndarray, wide: bool, rng: np.random.Generator) -> np.ndarray:
    """Marks from 0 to 10 or 1 to 5, more good ones than bad ones."""
    z = _scaled(felt)
    return np.clip(np.round(7 + 2.2 * z), 0, 10) if wide else np.clip(np.round(rng.uniform(3, 3.8) + rng.uniform(0.8, 1.1) * z), 1, 5)


def measure_leaks(seed: int, runs: int) -> pd.DataFrame:
    """By kind: worlds, share refused, share warned of without being refused."""
    rows = []
    for number in range(runs):
        for place, kind in enumerate((*HONEST, *ANSWERS)):
            X, y, who = draw(np.random.default_rng([seed, place, number]), kind)
            refused = "x" in find_leaks(X, y, who)["feature"].tolist()
            warned = not refused and "x" in find_suspects(X, y, who)["feature"].tolist()
            strong = abs(X["x"].corr(y, method="spearman")) >= 0.4
            rows.append({"kind": kind, "is_answer": kind in ANSWERS, "refused": refused, "warned": warned, "strong": strong})
    return pd.DataFrame(rows)


def measure_real(shared: Path) -> list[tuple[str, float]]:
    """Of real data: the answers of poqemon, together and each alone, and the score that tells churn."""
    read = pd.read_csv(shared / "poqemon_qoe" / "pokemon.csv")
    X = read.select_dtypes("number").drop(columns=["id", "user_id", "MOS"])
    asked = [name for name in X if name.startswith("QoF_")]
    found = find_leaks(X, read["MOS"], read["user_id"])["feature"].tolist()
    alone = [name for name in asked if name in find_leaks(X.drop(columns=[one for one in asked if one != name]), read["MOS"], read["user_id"])["feature"].tolist()]
    churn = pd.read_csv(shared / "ibm_telco_satisfaction" / "Telco_customer_churn_status.csv")
    leaks = find_leaks(churn[["Satisfaction Score", "CLTV"]], churn["Churn Value"])["feature"].tolist()
    return [("poqemon: QoF_* found of 4, all in the table", len(set(found) & set(asked))), ("poqemon: found of 4, each alone", len(alone)), ("poqemon: others refused", len(set(found) - set(asked))),
            ("churn: Satisfaction Score found, CLTV not (1: yes)", float(leaks == ["Satisfaction Score"]))]


def measure_all(seed: int, runs: int) -> list[dict]:
    """Rows of the common table."""
    found = measure_leaks(seed, runs)
    rows = []
    for is_answer, part in found.groupby("is_answer"):
        name = "answers" if is_answer else "honest displays"
        wanted = "" if is_answer else " (wanted <= .02)"
        rows += [(f"{name} refused{wanted}", part["refused"].mean()), (f"{name} warned of", part["warned"].mean())]
        rows += [(f"{name} refused or warned of (wanted >= .95): {kind}", (one["refused"] | one["warned"]).mean()) for kind, one in part.groupby("kind", sort=False) if is_answer]
        rows += [(f"{name} refused: {kind}", one["refused"].mean()) for kind, one in part.groupby("kind", sort=False)]
        rows += [(f"{name} refused, of those that go with the rating by .4 or more", part.loc[part["strong"], "refused"].mean()), (f"{name}: share of these", part["strong"].mean())]
    shared = Path(os.environ.get("CEM_SHARED", "")) / "data"
    rows += measure_real(shared) if (shared / "poqemon_qoe").is_dir() else []
    return [{"name": name, "value": round(float(value), 3), "unit": "1"} for name, value in rows]


def run(size: int) -> list[dict]:
    """Forty worlds of each kind; the size of the operator does not matter here."""
    return measure_all(int(time.time()), 40)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.runs} worlds of each kind")
    print(pd.DataFrame(measure_all(given.seed, given.runs)).to_string(index=False))


if __name__ == "__main__":
    main()
