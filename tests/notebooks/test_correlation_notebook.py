"""The notebook of correlated sources as a report: its figures are the view's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cemlib as cem
from cemlib.usecases import correlate_sources

HEADER = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"


def test_the_report_shows_what_the_view_says(tmp_path, monkeypatch):
    rng, rows = np.random.default_rng(5), []
    for hour in pd.date_range("2026-03-01", periods=10 * 24, freq="h"):
        trouble = rng.random() < 0.2
        rows += [f"{hour:%Y-%m-%dT%H}:{one:02d}:00.000Z,+1500555{rng.integers(10_000):04d},Alder,4G,indoor,{1 if rng.random() < (0.8 if trouble else 0.2) else 5},satisfactory,46.1,2.0,Westermark\n"
                 for one in range(rng.poisson(20 if trouble else 8) + 1)]
    (tmp_path / "ratings.csv").write_text(HEADER + "".join(rows))
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    with cem.open_lake() as lake:
        lake.ingest(cem.sources.Rating(tmp_path / "ratings.csv"))
        view = correlate_sources(lake, sources="ratings,dissatisfied", time_zone="Europe/Paris")
    record = cem.run_report("correlation_of_sources", out=tmp_path / "out", to=("html", "csv"), role="analyst", sources="ratings,dissatisfied")
    assert record.status == "ok"
    assert view.figures["links_found_count"] == 1
    assert record.figures == pytest.approx(view.figures)
    html = (record.out / "report.html").read_text(encoding="utf-8")
    assert "1 of 1 pairs move together" in html
    assert "rejected" not in html
    assert pd.read_csv(record.out / "links.csv")["verdict"].tolist() == ["found"]
