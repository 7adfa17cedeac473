"""The catalogue's notebook as a report: the figures of the view, and every definition in the exported table."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import cemlib as cem
from cemlib.errors import ParameterError
from cemlib.kpi import catalogue

RATINGS = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"


def test_the_report_shows_every_definition(tmp_path, monkeypatch):
    rows = [f"2026-03-{1 + one % 7:02d}T10:00:00.000Z,+1500555{one:04d},Alder,4G,indoor,{1 if one % 4 == 0 else 5},satisfactory,45.1,2.0,Westermark\n" for one in range(120)]
    (tmp_path / "ratings.csv").write_text(RATINGS + "".join(rows))
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    with cem.open_lake() as lake:
        lake.ingest(cem.sources.Rating(tmp_path / "ratings.csv"))
    record = cem.run_report("kpi_catalogue", out=tmp_path, to=("html", "csv"), kpi="rating_dissatisfied_ratio", role="analyst")
    assert record.status == "ok"
    assert record.figures["rating_dissatisfied_ratio"] == 0.25
    assert record.figures["definitions"] == len(catalogue()) == len(record.kpis)
    html = (record.out / "report.html").read_text(encoding="utf-8")
    shown = dict(re.findall(r'data-figure="([^"]+)" data-value="([^"]+)"', html))
    assert {name: float(value) for name, value in shown.items()} == {name: record.figures[name] for name in shown}
    assert "rating_dissatisfied_ratio" in shown
    assert "FROM survey_answer" in html
    written = pd.read_csv(record.out / "kpi_catalogue.csv").set_index("kpi_code")
    assert list(written.index) == list(catalogue())
    assert written.loc["voice_call_drop_ratio", "state"] == "no_data"
    with pytest.raises(ParameterError, match="days"):
        cem.run_report("kpi_catalogue", out=tmp_path, days=0)
