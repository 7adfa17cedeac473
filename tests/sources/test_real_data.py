"""The two real sets: what the connectors give equals what a hand computation from the raw bytes gives."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter, defaultdict

import pytest

from cemlib.schema import check_contract
from cemlib.sources import Door, Rating, SpeedTest

MISSING = {"2147483647", "Added in API level 26", "Added in API level Q", ""}


def rows_of(path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def figure(text: str) -> float | None:
    series = [float(one) for one in text.split(";") if one not in MISSING]
    return statistics.median(series) if series else None


@pytest.fixture(scope="module")
def ratings(shared_data, read_all):
    source = Rating(shared_data / "trai_mycall_2019", mapping="trai_mycall")
    tables, rejected, _ = read_all(source, Door(b"the key of these tests"))
    raw = [row for path in source.files() for row in rows_of(path)]
    return tables["survey_answer"], rejected, raw


def test_every_real_rating_is_accepted(ratings):
    table, rejected, raw = ratings
    assert table.num_rows == len(raw) == 65_678
    assert not rejected
    check_contract("survey_answer", table)
    # nothing tells equal ratings apart, yet each is a record of its own
    assert len(set(table.column("record_id").to_pylist())) == 65_678
    months = Counter(one.isoformat() for one in table.column("event_date").to_pylist())
    assert months == {"2019-09-01": 24_616, "2019-10-01": 41_062}


@pytest.mark.parametrize(("theirs", "ours"), [("Call Drop Category", "answered_category_code"), ("Operator", "operator_name")])
def test_mean_ratings_equal_a_hand_computation(ratings, theirs, ours):
    table, _, raw = ratings
    names = {"Satisfactory": "satisfactory", "Poor Voice Quality": "poor_voice", "Call Dropped": "call_dropped"}
    wanted, found = defaultdict(list), defaultdict(list)
    for row in raw:
        wanted[names.get(row[theirs], row[theirs])].append(int(row["Rating"]))
    for name, score in zip(table.column(ours).to_pylist(), table.column("score_value").to_pylist()):
        found[name].append(score)
    assert {name: (len(one), sum(one)) for name, one in found.items()} == {name: (len(one), sum(one)) for name, one in wanted.items()}
    means = {name: round(statistics.fmean(one), 2) for name, one in found.items()}
    if ours == "answered_category_code":
        # both months together, by hand: 170,218 / 38,959, 29,574 / 20,408, 8,461 / 6,311
        assert means == {"satisfactory": 4.37, "poor_voice": 1.45, "call_dropped": 1.34}


def test_unknown_places_and_states_are_missing(ratings):
    table, _, raw = ratings
    nowhere = sum((row["Latitude"], row["Longitude"]) in {("-1", "-1"), ("0", "-180")} for row in raw)
    assert nowhere == 13_176 + 7
    assert table.column("latitude_deg").null_count == table.column("longitude_deg").null_count == nowhere
    assert table.column("region_name").null_count == sum(row["State Name"] == "NA" for row in raw)
    known = [float(row["Latitude"]) for row in raw if (row["Latitude"], row["Longitude"]) not in {("-1", "-1"), ("0", "-180")}]
    assert table.column("latitude_deg").drop_null().to_pylist() == pytest.approx(known, rel=0, abs=5.1e-7)  # the column's resolution is 1e-6


@pytest.mark.parametrize(("name", "mapping", "repeated"), [
    ("4G.csv", "mobile_bandwidth_4g", 44), ("wifi4.csv", "mobile_bandwidth_wifi", 7), ("wifi5.csv", "mobile_bandwidth_wifi", 0)])
def test_real_speed_tests_equal_a_hand_computation(shared_data, door, read_all, name, mapping, repeated):
    path = shared_data / "mobile_bandwidth_cn" / name
    tables, rejected, _ = read_all(SpeedTest(path, mapping=mapping), door)
    table, raw = tables["probe_test"], rows_of(path)
    check_contract("probe_test", table)
    assert len(raw) == 10_000
    assert [one["reason_code"] for one in rejected] == ["duplicate"] * repeated
    kept = list({tuple(row.values()): row for row in raw}.values())  # each of equal lines once
    assert table.column("throughput_down_mbps").to_pylist() == [float(row["bandwidth_Mbps"]) for row in kept]
    pairs = {"rsrp_dbm": "cell_rsrp", "rsrq_db": "cell_rsrq", "sinr_db": "cell_rssnr"} if name == "4G.csv" else {
        "wifi_rssi_dbm": "wifi_rssi", "wifi_link_mbps": "wifi_linkSpeed"}
    for ours, theirs in pairs.items():
        assert table.column(ours).to_pylist() == [figure(row[theirs]) for row in kept], ours
    # "nan", and the GBK bytes CE B4 D6 AA of the Chinese word for "unknown", are no operator
    wanted = Counter(row["user_isp_id"] if row["user_isp_id"].startswith("China") else None for row in kept)
    assert Counter(table.column("operator_name").to_pylist()) == wanted
    assert set(wanted) == {"China Mobile", "China Telecom", "China Unicom", *([None] if name == "4G.csv" or wanted[None] else [])}
    assert set(table.column("time_grain_code").to_pylist()) == {"unknown"}
    assert set(table.column("technology_code").to_pylist()) == {name.removesuffix(".csv").lower()}
    users = len({row["user_uid"] for row in kept})
    assert len(set(table.column("subscriber_key").to_pylist())) == users
    hashed = set(table.column("subscriber_key").to_pylist())
    assert hashed.isdisjoint(row["user_uid"] for row in kept)
