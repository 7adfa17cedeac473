"""``cem index``: a file is checked, and scores are told to those who may see them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import cemlib
from cemlib.cli import cem
from cemlib.errors import ParameterError, PrivacyError, UnknownNameError

sys.path.insert(0, str(Path(__file__).parents[1] / "kpi"))
from rows_source import Rows, write_rows


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("index-cli")
    rows = []
    for person in range(12):
        rows.append(("subscriber", {"subscriber_key": f"p{person:02d}", "plan_code": "plus" if person < 11 else "max", "valid_from_at": "2025-01-01T00:00"}))
        for day in range(1, 8):
            rows += [("voice_call", {"call_id": f"{person}-{day}-{one}", "subscriber_key": f"p{person:02d}", "started_at": f"2026-03-{day:02d}T10:{one:02d}", "setup_s": 3.0,
                                     "answered_at": f"2026-03-{day:02d}T10:{one:02d}", "mos_value": 4.1, "is_dropped": person == 3 and one == 0, "direction_code": "home"})
                     for one in range(3)]
            rows += [("data_session", {"subscriber_key": f"p{person:02d}", "started_at": f"2026-03-{day:02d}T11:{one:02d}", "setup_s": 0.5, "rtt_ms": 50.0, "is_dropped": False,
                                       "direction_code": "home", "record_id": f"{person:04d}{day:04d}{one:024d}"}) for one in range(3)]
    with cemlib.open_lake(place / "lake") as opened:
        done = opened.ingest(Rows(write_rows(place / "rows.json", rows)), door=object())
        assert [one.error for one in done.files] == [""]
    return place / "lake"


def call(lake, *arguments, role="analyst"):
    return CliRunner().invoke(cem, ["index", *arguments], env={"CEM_LAKE": str(lake), "CEM_ROLE": role})


def test_a_file_is_checked(tmp_path, lake):
    assert "open_index 1.1" in call(lake, "check").output
    found = json.loads(call(lake, "check", "--json").stdout)
    assert sum(one["weight"] for one in found["terms"]) == pytest.approx(1)
    path = tmp_path / "mine.yaml"
    path.write_text(Path(cemlib.load_index().file).read_text().replace("voice_call_drop_ratio:", "voice_call_drop_ration:"))
    wrong = call(lake, "check", str(path))
    assert isinstance(wrong.exception, (UnknownNameError, SystemExit))
    with pytest.raises(UnknownNameError, match="voice_call_drop_ration"):
        cem.main(["index", "check", str(path)], standalone_mode=False)


def test_scores_are_told_and_small_groups_only_to_those_who_may(lake):
    told = json.loads(call(lake, "score", "--month", "2026-03", "--json").stdout)
    assert [(one["segment_code"], one["subscribers"]) for one in told["scores"]] == [("max", 1), ("plus", 11)] or len(told["scores"]) == 2
    assert told["honesty"]
    hidden = {one["segment_code"]: one for one in json.loads(call(lake, "score", "--month", "2026-03", "--json", role="manager").stdout)["scores"]}
    assert (hidden["max"]["score"], hidden["max"]["state"]) == (None, "suppressed")
    assert hidden["plus"]["score"] is not None
    assert isinstance(call(lake, "score", "--by", "subscriber", role="manager").exception, (PrivacyError, SystemExit))
    worst = call(lake, "score", "--by", "subscriber", "--month", "2026-03", "--limit", "1").stdout.splitlines()
    assert worst[1].split()[0] == "p03"


def test_a_score_is_explained_and_moves_are_listed(tmp_path, lake):
    text = call(lake, "explain", "p03", "--month", "2026-03").output
    assert "Dropped calls" in text
    one = json.loads(call(lake, "explain", "plus", "--by", "segment", "--month", "2026-03", "--json").stdout)
    assert sum(part["points"] or 0 for part in one["parts"]) == pytest.approx(one["score"])
    assert isinstance(call(lake, "explain", "max", "--by", "segment", "--month", "2026-03", role="manager").exception, (PrivacyError, SystemExit))
    path = cemlib.load_index().with_weights({"voice": 0.6}).save(tmp_path / "more_voice.yaml")
    moved = json.loads(call(lake, "diff", str(path), "--by", "subscriber", "--month", "2026-03", "--json").stdout)
    assert moved["summary"]["compared"] == 12
    assert moved["moves"][0]["subscriber_key"] == "p03"
    assert moved["moves"][0]["change"] < 0
    assert isinstance(call(lake, "score", "--since", "2026-03-01").exception, (ParameterError, SystemExit))
