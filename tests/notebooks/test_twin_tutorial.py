"""The tutorial of planted truths from top to bottom: two twins, one of them struck."""

from __future__ import annotations

import json
import re

import cemlib as cem
from cemlib.settings import settings


def test_the_tutorial_of_planted_truths_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "not_used"))
    record = cem.run_report(settings().home / "notebooks" / "tutorials" / "03_planted_truths.ipynb", out=tmp_path, to=("html",), role="analyst")
    assert record.status == "ok"
    executed = json.loads((record.out / "executed.ipynb").read_text(encoding="utf-8"))
    said = "\n".join("".join(part.get("text", "") or part.get("data", {}).get("text/plain", "")) for cell in executed["cells"] for part in cell.get("outputs", []))
    # the outage lasts from 8 o'clock of the fifth of ten days to 8 o'clock of the seventh
    assert "days on which both are the same: 7 of 10" in said
    assert "the first that differs: 2026-03-05" in said
    struck = re.search(r"(\d+) of 900 customers were struck", said)
    assert 5 < int(struck.group(1)) < 300
    for line in re.findall(r"(?:fact|null) \w+: ([\d,]+) records, ([\d,]+) accepted, ([\d,]+) rejected", said):
        records, accepted, rejected = (int(one.replace(",", "")) for one in line)
        assert records == accepted + rejected
    # what was felt is gone with the outage, what is remembered is not
    gap, memory = (float(one) for one in re.search(r"^9 +(-?[\d.]+) +(-?[\d.]+)$", said, re.MULTILINE).groups())
    assert memory > abs(gap)
    assert "Warning" not in said
