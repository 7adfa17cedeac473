"""The tutorial of the lake from top to bottom: ingest, quarantine, the records behind a figure, the past, Spark."""

from __future__ import annotations

import json

import cemlib as cem
from cemlib.settings import settings


def test_the_tutorial_of_the_lake_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "not_used"))
    record = cem.run_report(settings().home / "notebooks" / "tutorials" / "02_the_lake.ipynb", out=tmp_path, to=("html",), role="analyst")
    assert record.status == "ok"
    executed = json.loads((record.out / "executed.ipynb").read_text(encoding="utf-8"))
    said = ["".join(part.get("text", "") or part.get("data", {}).get("text/plain", ""))
            for cell in executed["cells"] for part in cell.get("outputs", [])]
    told = "\n".join("".join(one) for one in said)
    assert "3,000 records, 2,994 accepted, 6 rejected" in told
    # 3,100 lines, three broken; the hundred that came on Monday are known
    assert "3,100 records, 3,097 accepted, 3 rejected, 100 rows known already" in told
    # recomputed from its records, and on Spark, the figure is the same
    assert told.count("True") == 2
    assert "Warning" not in told
