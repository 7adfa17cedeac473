"""Rollups: the same figures as from the records, to the last digit, or not used."""

import datetime as dt
import json
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rows_source import Rows, write_rows

import cemlib as cem
from cemlib.errors import CallError, KpiError
from cemlib.kpi import Count, Ratio, catalogue, evaluate, find_kpi, rollup
from cemlib.kpi.rollup import drop_rollups, refresh_rollups, rollup_status
from cemlib.lake import Lake

ATTEMPTS, SUCCESS, SETUP = "data_session_attempt_count", "data_session_setup_success_ratio", "data_session_setup_mean"
START = dt.datetime(2026, 3, 28, 20)
NETWORK = [("network", {"plmn_code": f"9990{n}", "tadig_code": f"X{n}", "partner_code": f"P{n % 2}", "partner_name": f"P{n % 2}", "hub_code": "hub"})
           for n in (1, 2, 3)]


def moment(minutes, seconds=0):
    return (START + dt.timedelta(minutes=minutes, seconds=seconds)).isoformat()


def session(minutes, **more):
    return "data_session", {"started_at": moment(minutes)} | more


class Place:
    """A lake in a folder of its own, and files for it."""

    def __init__(self, folder):
        self.folder, self.number = Path(folder), 0
        self.lake = Lake(self.folder / "lake")

    def take(self, *rows, refresh=True):
        self.number += 1
        summary = self.lake.ingest(Rows(write_rows(self.folder / f"{self.number}.json", list(rows))), door=object())
        assert [one.error for one in summary.failed] == []
        if refresh:
            refresh_rollups(self.lake, 0)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.lake.close()


def same(lake, kpis, source="rollups", **asked):
    """The figures from the records, after those that are given by default were found to be the same, from the expected source."""
    records, given = evaluate(lake, kpis, rollups=False, **asked), evaluate(lake, kpis, **asked)
    assert (records.source, given.source) == ("records", source)
    pd.testing.assert_frame_equal(given.frame, records.frame)
    return records


def test_the_same_figures_by_every_dimension_and_bucket(place):
    place.take(*NETWORK, session(0, setup_s=0.5), session(3, cause_code="100", setup_s=9.0), session(61, resource_id="cell2", setup_s=0.25),
               session(400, visited_plmn_code="99902", resource_id=None, is_dropped=True))
    kpis = [ATTEMPTS, SUCCESS, SETUP, "data_session_drop_ratio"]
    whole = same(place.lake, kpis)
    # by hand: 4 sessions, 3 set up, 0.75 s over two of them, one of one dropped
    assert whole.frame[["num", "den"]].values.tolist() == [[4, 4], [3, 4], [0.75, 2], [1, 1]]
    for by in (["resource_id", "service", "hour"], ["resource_id"], ["minute5"], ["minute15", "service"], ["day", "week", "month"],
               ["weekday_hour"], ["partner"], ["partner_plmn", "rat", "hour"], ["country", "hub", "partner_name"], ["direction"]):
        same(place.lake, kpis, by=by)
        same(place.lake, kpis, by=by, since="2026-03-28T20:05", until="2026-03-29T03:00", time_zone="Europe/Warsaw")
    same(place.lake, kpis, by="hour", where={"service": ["web", None], "hour": (">=", "2026-03-28T21:00")})


@pytest.mark.parametrize(("asked", "why"), [
    ({"by": "apn"}, "no apn_code"),
    ({"by": ["resource_id", "partner"]}, "no direction_code"),
    ({"since": "2026-03-28T20:02"}, "the window ends within 5 minutes"),
    ({"subscribers": True}, "subscribers"),
    ({"where": {"started_at": (">", "2026-03-28")}}, "no started_at"),
    ({"kpis": "data_session_rtt_median"}, "not additive"),
    ({"kpis": "roaming_active_count"}, "roamer_use has no rollups"),
    ({"since": "2027-01-01"}, "any day of the window"),
    ({"by": "subscriber_key"}, "subscriber_key"),
    ({"kpis": "roaming_registration_steering_ratio"}, "no rollups of registration"),
])
def test_what_rollups_cannot_answer_is_read_from_the_records_and_said(place, asked, why):
    place.take(session(0), session(3))
    asked = {"kpis": ATTEMPTS} | asked
    assert same(place.lake, source="records", **asked) is not None
    with pytest.raises(KpiError, match=why):
        evaluate(place.lake, rollups=True, **asked)


def test_a_zone_that_is_no_multiple_of_the_bucket(place):
    place.take(session(0), session(70))
    # Kathmandu is 5:45 ahead: five minutes do, hours do not; both give the figures of the records
    same(place.lake, ATTEMPTS, by="hour", time_zone="Asia/Kathmandu")
    # Monrovia was 44 min 30 s behind before 1972
    place.take(("data_session", {"started_at": "1971-06-01T12:00:10"}))
    with pytest.raises(KpiError, match="not a multiple of 5 minutes"):
        evaluate(place.lake, ATTEMPTS, by="hour", time_zone="Africa/Monrovia", rollups=True)
    same(place.lake, ATTEMPTS, "records", by="hour", time_zone="Africa/Monrovia")


def test_a_partner_that_changes_within_five_minutes(place):
    # P1 until 20:02, then P9; the session of 20:01 is P1's, that of 20:03 P9's: one five-minute bucket cannot tell
    place.take(*[("network", {"plmn_code": "99901", "tadig_code": "X", "partner_code": name} | when) for name, when in (
        ("P1", {"valid_to_at": moment(2)}), ("P9", {"valid_from_at": moment(2)}))], session(1), session(3))
    found = same(place.lake, ATTEMPTS, "records", by="partner")
    assert found.frame[["partner", "num"]].values.tolist() == [["P1", 1], ["P9", 1]]
    with pytest.raises(KpiError, match="network begin or end within 5 minutes"):
        evaluate(place.lake, ATTEMPTS, by="partner", rollups=True)
    # what asks nothing of the network still does
    same(place.lake, ATTEMPTS, by="partner_plmn")


def test_a_cause_splits_the_rejects_alone(place):
    place.take(*[("registration", {"attempted_at": moment(n), "cause_code": code}) for n, code in enumerate(("0", "0", "5420", "5004", "5420"))])
    found = same(place.lake, ["roaming_registration_reject_share", "roaming_registration_success_ratio"], by=["cause"])
    assert found.frame[found.frame["kpi_code"] == "roaming_registration_reject_share"][["cause", "num", "den"]].values.tolist() == [["5004", 1, 5], ["5420", 2, 5]]
    same(place.lake, "roaming_registration_reject_share", by="hour", where={"cause": "5420"})
    same(place.lake, "roaming_registration_reject_share", by=["area_code", "fault_side_code"])
    # what reads other records or the steering plan is never rolled up
    rolled = set(rollup.rolled_kpis("registration"))
    assert not rolled & {"roaming_registration_steering_ratio", "roaming_registration_unsteered_success_ratio", "roaming_steering_share_ratio"}
    same(place.lake, "roaming_registration_unsteered_success_ratio", "records")


def test_only_what_is_new_is_read(place):
    place.take(session(0), session(1440))
    assert refresh_rollups(place.lake, 0) == {"data_session": 0}
    place.take(session(5), refresh=False)
    # until they are refreshed, the day with the new file is read from the records, the other one not
    assert same(place.lake, ATTEMPTS, "records").value() == 3
    same(place.lake, ATTEMPTS, since="2026-03-29", until="2026-03-30")
    # one new file, in two cubes
    assert refresh_rollups(place.lake, 0) == {"data_session": 2}
    assert same(place.lake, ATTEMPTS).value() == 3
    assert [(one["cube"], one["segments"], one["days"], one["days_covered"]) for one in rollup_status(place.lake)] == [("cell", 2, 2, 2), ("partner", 2, 2, 2)]


def test_a_correction_replaces_what_was_summed(place):
    # the same call again, received later: it had dropped
    call = {"call_id": "c1", "started_at": moment(0), "is_dropped": False, "record_id": "r1"}
    place.take(("voice_call", call), ("voice_call", {"call_id": "c2", "started_at": moment(1), "is_dropped": False, "record_id": "r2"}))
    assert same(place.lake, "voice_call_drop_ratio").value() == 0
    place.take(("voice_call", call | {"is_dropped": True, "record_id": "r1b", "received_at": moment(90)}), refresh=False)
    assert same(place.lake, "voice_call_drop_ratio", "records").value() == 0.5
    refresh_rollups(place.lake, 0)
    assert same(place.lake, "voice_call_drop_ratio").frame[["num", "den"]].values.tolist() == [[1, 2]]


def test_the_past_is_answered_from_its_own_files_or_from_records(place):
    place.take(session(0))
    before = place.lake.snapshot()
    place.take(session(1), session(1500))
    with Lake(place.lake.path, at=before) as past:
        assert same(past, ATTEMPTS).value() == 1
        with pytest.raises(CallError):
            refresh_rollups(past, 0)
    place.lake.refresh()
    drop_rollups(place.lake)
    refresh_rollups(place.lake, 0)
    # now one segment sums both files of the day: true of the present alone
    with Lake(place.lake.path, at=before) as past:
        assert same(past, ATTEMPTS, "records").value() == 1
    assert same(place.lake, ATTEMPTS).value() == 3


def test_many_segments_are_summed_into_one(place, monkeypatch):
    monkeypatch.setattr(rollup, "_MOST_SEGMENTS", 2)
    for n in range(5):
        place.take(session(n, setup_s=0.1 * n), session(1440 * n))
        assert len(rollup.read_segments(place.lake, "data_session", "cell")) <= 2
        same(place.lake, [ATTEMPTS, SETUP], by=["hour", "resource_id"])


def test_files_that_were_written_anew_with_the_same_records(place):
    for n in range(3):
        place.take(session(n))
    from deltalake import DeltaTable

    # as a compaction does, told in the manifest: one file with the records of three
    table = DeltaTable(place.lake.path / "tables" / "data_session")
    table.optimize.compact()
    manifest = json.loads((place.lake.path / "manifest.json").read_text())
    manifest["tables"]["data_session"]["version"] = table.version()
    (place.lake.path / "manifest.json").write_text(json.dumps(manifest))
    assert place.lake.refresh()
    assert same(place.lake, ATTEMPTS, "records").value() == 3
    refresh_rollups(place.lake, 0)
    assert same(place.lake, ATTEMPTS).value() == 3


def test_what_a_crash_leaves_is_not_used_and_goes(place, monkeypatch):
    place.take(session(0))
    place.take(session(1), refresh=False)

    def die(*_):
        raise KeyboardInterrupt

    # after the sums were written, before the index names them
    monkeypatch.setattr(rollup, "replace_file", die)
    with pytest.raises(KeyboardInterrupt):
        refresh_rollups(place.lake, 0)
    monkeypatch.undo()
    assert same(place.lake, ATTEMPTS, "records").value() == 2
    refresh_rollups(place.lake, 0)
    assert same(place.lake, ATTEMPTS).value() == 2
    folder = rollup.rollup_folder(place.lake, "data_session")
    named = {one.name for cube in rollup.CUBES["data_session"] for one in rollup.read_segments(place.lake, "data_session", cube)}
    assert any(one.stem.split("-")[1].split(".")[0] not in named for one in folder.glob("*.parquet"))
    monkeypatch.setattr(rollup, "_SPARED_S", -1)
    refresh_rollups(place.lake, 0)
    assert all(one.stem.split("-")[1].split(".")[0] in named for one in folder.glob("*.parquet"))


def test_files_that_are_gone_or_damaged_are_made_again(place):
    place.take(session(0))
    folder = rollup.rollup_folder(place.lake, "data_session")
    (folder / "cell.json").write_text("{")
    same(place.lake, ATTEMPTS, by="resource_id", source="records")
    refresh_rollups(place.lake, 0)
    same(place.lake, ATTEMPTS, by="resource_id")
    for one in folder.glob("*.hour.parquet"):
        one.unlink()
    refresh_rollups(place.lake, 0)
    same(place.lake, ATTEMPTS, by="resource_id")
    assert list(folder.glob("*.hour.parquet"))
    shutil.rmtree(folder)
    same(place.lake, ATTEMPTS, "records")


def test_a_kpi_that_is_defined_otherwise_is_summed_anew(place, monkeypatch):
    place.take(session(0))
    monkeypatch.setitem(catalogue.__globals__["registered"](), ATTEMPTS, find_kpi(ATTEMPTS).__class__(**{
        **{name: getattr(find_kpi(ATTEMPTS), name) for name in find_kpi(ATTEMPTS).__dataclass_fields__}, "part": Count(~cem_col("cause_code").is_null())}))
    assert rollup.read_segments(place.lake, "data_session", "cell") == []
    same(place.lake, ATTEMPTS, "records")
    refresh_rollups(place.lake, 0)
    same(place.lake, ATTEMPTS)


def cem_col(name):
    import narwhals as nw

    return nw.col(name)


def test_a_kpi_of_ones_own_is_read_from_the_records(place):
    place.take(session(0))
    own = find_kpi(SUCCESS).__class__(**{**{name: getattr(find_kpi(SUCCESS), name) for name in find_kpi(SUCCESS).__dataclass_fields__},
                                         "part": Ratio(num=~cem_col("is_success"))})
    assert same(place.lake, own, "records").value() == 0
    # other limits of "too few" are the same sums
    same(place.lake, find_kpi(SUCCESS).with_limits(minimum=1, widest=1.0))


def test_the_ingest_of_the_package_keeps_them(tmp_path, monkeypatch):
    monkeypatch.setattr(rollup, "LEAST_RECORDS", 2)
    lake = cem.open_lake(tmp_path / "lake")
    lake.ingest(Rows(write_rows(tmp_path / "1.json", [session(0)])), door=object())
    assert evaluate(lake, ATTEMPTS).source == "records"
    lake.ingest(Rows(write_rows(tmp_path / "2.json", [session(1)])), door=object())
    assert evaluate(lake, ATTEMPTS, rollups=True).value() == 2
    # whatever happens to them, the ingest is done, and it is told
    monkeypatch.setattr(rollup, "_write_sums", lambda *_: 1 / 0)
    assert lake.ingest(Rows(write_rows(tmp_path / "3.json", [session(2)])), door=object()).accepted == 1
    assert evaluate(lake, ATTEMPTS).value() == 3
    assert "ZeroDivisionError" in rollup_status(lake)[0]["failed"]


KINDS = ("data_session", "data_session", "voice_call", "registration")
RECORD = st.fixed_dictionaries({
    "kind": st.sampled_from(KINDS), "minutes": st.integers(0, 60 * 60), "seconds": st.integers(0, 59), "name": st.integers(0, 12),
    "plmn": st.sampled_from(["99901", "99902", "99909"]), "direction": st.sampled_from(["outbound", "inbound", "home"]),
    "service": st.sampled_from(["web", "video"]), "rat": st.sampled_from(["4g", None]), "cell": st.sampled_from(["cell1", "cell2", None]),
    "cause": st.sampled_from(["16", "0", "100", "18", "503"]), "setup": st.sampled_from([None, 0.1, 0.333, 12.0]), "late": st.integers(0, 3)})
QUESTION = st.fixed_dictionaries({
    "by": st.lists(st.sampled_from(["minute5", "minute15", "hour", "day", "week", "weekday_hour", "partner_plmn", "partner", "country", "rat",
                                    "direction"]), max_size=3, unique=True),
    "where": st.sampled_from([{}, {"rat": None}, {"direction": ["outbound", "inbound"]}, {"partner_plmn": "99901"}, {"partner": ("!=", "P0")}]),
    "since": st.sampled_from([None, "2026-03-28T22:05", "2026-03-29", "2026-03-29T00:01"]), "until": st.sampled_from([None, "2026-03-30T01:00"]),
    "time_zone": st.sampled_from([None, "Europe/Warsaw", "Asia/Kathmandu"])})
ASKED = {"data_session": [ATTEMPTS, SUCCESS, SETUP], "voice_call": ["voice_call_setup_success_ratio", "voice_call_mos_mean"],
         "registration": ["roaming_registration_reject_share", "roaming_registration_setup_mean"]}


def record(one):
    kind, name = one["kind"], one["name"]
    at = moment(one["minutes"], one["seconds"])
    row = {"visited_plmn_code": one["plmn"], "direction_code": one["direction"], "rat_code": one["rat"], "cause_code": one["cause"], "setup_s": one["setup"]}
    if kind == "data_session":
        return kind, row | {"started_at": at, "service_code": one["service"], "resource_id": one["cell"]}
    if kind == "registration":
        return kind, row | {"attempted_at": at}
    # calls come again under their number: known, or corrected by what was received later; a call's day does not change
    day = START + dt.timedelta(days=name % 3)
    return kind, row | {"call_id": f"c{name}", "started_at": day.isoformat(), "mos_value": {0.1: 1.5, 0.333: 3.21, 12.0: 4.5}.get(one["setup"]), "record_id": f"v{name}-{one['late']}",
                        "received_at": (day + dt.timedelta(hours=one["late"])).isoformat()}


@settings(max_examples=3, suppress_health_check=[HealthCheck.data_too_large], phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(batches=st.lists(st.lists(RECORD, min_size=1, max_size=25), min_size=2, max_size=4), questions=st.lists(QUESTION, min_size=2, max_size=2),
       refreshed=st.lists(st.booleans(), min_size=4, max_size=4))
def test_whatever_comes_and_is_asked_the_figures_are_those_of_the_records(batches, questions, refreshed):
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        place.take(*NETWORK, refresh=False)
        for batch, refresh in zip(batches, refreshed):
            place.take(*map(record, batch), refresh=refresh)
            for asked in questions:
                for kpis in ASKED.values():
                    records, given = evaluate(place.lake, kpis, rollups=False, **asked), evaluate(place.lake, kpis, **asked)
                    pd.testing.assert_frame_equal(given.frame, records.frame)
        refresh_rollups(place.lake, 0)
        # at the end they are used wherever the window allows
        for kpis in ASKED.values():
            if place.lake.has(find_kpi(kpis[0]).table):
                same(place.lake, kpis, by=["partner", "hour"], time_zone="Europe/Warsaw")
        place.lake.close()
