"""The app's notebook as a report, and the tutorial from top to bottom."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import cemlib as cem
from cemlib.errors import ParameterError
from cemlib.settings import settings
from cemlib.usecases import view_mobile

RATINGS = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"


@pytest.fixture(scope="module")
def lake_path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mobile")
    rows = [f"2026-03-{1 + one % 28:02d}T10:00:00.000Z,+1500555{one:04d},{'Alder' if one % 2 else 'Birch'},4G,indoor,{1 + one % 5},satisfactory,45.{one:03d},2.0,Westermark\n"
            for one in range(200)]
    (folder / "ratings.csv").write_text(RATINGS + "".join(rows))
    with cem.open_lake(folder / "lake") as lake:
        lake.ingest(cem.sources.Rating(folder / "ratings.csv"))
    return folder / "lake"


def test_the_report_shows_what_the_view_says(lake_path, tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(lake_path))
    record = cem.run_report("mobile_insights", out=tmp_path, to=("html", "csv"), operator="Alder", role="analyst")
    assert record.status == "ok"
    with cem.open_lake(lake_path) as lake:
        view = view_mobile(lake, operator="Alder")
    assert record.figures == pytest.approx(view.figures)
    assert record.kpis.keys() == set(view.kpis)
    html = (record.out / "report.html").read_text(encoding="utf-8")
    assert "Alder: 40.0 % of 100 answers are dissatisfied" in html
    assert 'data-figure="dissatisfied_ratio" data-value="0.4"' in html
    written = pd.read_csv(record.out / "ratings_by_operator.csv")
    assert written.loc[0, ["operator", "n"]].tolist() == ["Alder", 100]
    with pytest.raises(ParameterError, match="oprator"):
        cem.run_report("mobile_insights", out=tmp_path, oprator="Alder")


def test_the_tutorial_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "not_used"))
    record = cem.run_report(settings().home / "notebooks" / "tutorials" / "01_your_own_ratings.ipynb", out=tmp_path, to=("html",), role="analyst")
    assert record.status == "ok"
    executed = json.loads((record.out / "executed.ipynb").read_text(encoding="utf-8"))
    said = "".join("".join(part.get("text", "")) + "".join(part.get("data", {}).get("text/plain", ""))
                   for cell in executed["cells"] for part in cell.get("outputs", []))
    assert "900 records, 887 accepted, 13 rejected" in said
    assert "missing: Stars; unknown: Star rating" in said
    assert "outdoors in Upland" in said
    assert not (tmp_path / "not_used").exists()
