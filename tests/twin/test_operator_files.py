from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import cemlib.sources
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.sources.door import Door
from cemlib.twin import FAULTS, write_operator

SMALL = {"seed": 3, "subscribers": 500, "days": 3}

# the columns that the connectors read, in the order in which the files have them
HEADERS = {
    "roaming_signalling": "attempt_time,export_time,direction,imsi,imei,vplmn,procedure,protocol,vendor,cause,diagnostic,sor,rat,duration_ms",
    "roaming_presence": "start_time,end_time,export_time,direction,imsi,vplmn,rat",
    "roaming_data": "start_time,end_time,export_time,direction,imsi,imei,vplmn,rat,apn,service,protocol,cause,setup_ms,dns_ms,rtt_ms,retx_ratio,dl_mbps,"
                    "dl_bytes,ul_bytes,dropped",
    "roaming_voice": "call_id,leg,start_time,alert_time,answer_time,release_time,export_time,direction,imsi,imei,vplmn,rat,calling,called,protocol,cause,"
                     "dropped,mos",
    "roaming_sms": "submit_time,deliver_time,export_time,direction,imsi,vplmn,rat,protocol,cause",
    "roaming_probe": "test_id,step,start_time,export_time,vplmn,direction,rat,service,protocol,cause,steered,setup_ms,dns_ms,rtt_ms,dl_mbps,mos",
    "partner_directory": "plmn,tadig,network,partner,partner_name,hub,country,valid_from",
    "steering_plan": "country,plmn,basis,target_share,valid_from",
    "device_catalogue": "tac,vendor,model,volte,volte_roaming,fiveg,nbiot",
    "customer_base": "imsi,msisdn,account_id,account_type,plan,vip_tier,status,valid_from",
    "care_ticket": "ticket_id,opened,closed,msisdn,category,channel,severity,vplmn,country",
    "rating": "answered,msisdn,operator,network,place,rating,category,lat,lon,state",
    "speed_test": "tested,user_id,operator,technology,state,city,brand,model,dl_mbps,ul_mbps,ping_ms,rsrp,rsrq,sinr,wifi_rssi,link_mbps",
}

# what descends from each fact; every other feed must stay as it is, bit for bit
DESCENDANTS = {
    "s6a_reject": {"roaming_signalling", "care_ticket"},
    "slow_data": {"roaming_data", "roaming_probe", "care_ticket"},
    "hub_outage": {"roaming_signalling", "roaming_probe", "care_ticket"},
    "steering_burst": {"roaming_signalling"},
    "small_partner": {"roaming_signalling", "care_ticket"},
    "silent_roamers": {"roaming_data", "roaming_voice", "roaming_sms", "care_ticket"},
    "indoor_4g": {"rating", "speed_test"},
}


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_operator(tmp_path / name, truth=tmp_path / f"{name}.json", **{**SMALL, "seed": seed})
    one, again, other = (digests(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    assert one.keys() == other.keys()
    fixed = {name for name in one if one[name] == other[name]}
    assert fixed == {"device_catalogue/devices.csv", "partner_directory/partners.csv", "steering_plan/steering.csv"}


def test_every_file_has_the_name_and_header_that_its_connector_reads(operator):
    found = {}
    for path in sorted(operator.folder.rglob("*.*")):
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, nrows=2)
        found.setdefault(path.parent.name, set()).add(",".join(frame.columns))
    assert found == {feed: {header} for feed, header in HEADERS.items()}
    names = {path.name for path in (operator.folder / "roaming_data").iterdir()}
    assert names == {f"data_202603{day:02d}.parquet" for day in range(1, 13)}
    for code, connector in cemlib.sources.catalogue().items():
        if code in HEADERS:
            assert len(connector(operator.folder / code).files()) == len(list((operator.folder / code).iterdir())), code


def test_what_a_reader_refuses_is_what_was_planted(soiled):
    plmns = pd.read_csv(soiled.folder / "partner_directory" / "partners.csv", dtype=str)["plmn"]
    door, files = Door(b"the key of this test", plmn_codes=plmns), soiled.truth["files"]
    checked = set()
    for code, connector in cemlib.sources.catalogue().items():
        for path in connector(soiled.folder / code).files() if (soiled.folder / code).is_dir() else ():
            records, refused = 0, Counter()
            for batch in connector(path).read(path, door):
                records += batch.records
                refused.update(batch.rejected.column("reason_code").to_pylist())
            told = files[f"{code}/{path.name}"]
            assert (records, refused) == (told["records"], Counter(told["reasons"])), path.name
            assert sum(refused.values()) == told["bad"]
            checked.add(f"{code}/{path.name}")
    assert checked == set(files)
    # 2 % of more than 20,000 records: the standard deviation of the share is below .1 %
    bad, total = (sum(file[key] for file in files.values()) for key in ("bad", "records"))
    assert total > 20_000
    assert bad / total == pytest.approx(0.02, abs=0.004)
    reasons = set().union(*(file["reasons"] for file in files.values()))
    assert reasons >= {"too_few_columns", "too_many_columns", "bad_time", "missing_value", "bad_order", "bad_imsi", "unknown_code", "duplicate", "out_of_range"}


def test_a_bad_rate_of_nothing_plants_nothing(operator):
    assert sum(file["bad"] for file in operator.truth["files"].values()) == 0
    assert not operator.rows("roaming_signalling").duplicated().any()


@pytest.fixture(scope="module")
def with_and_without(tmp_path_factory):
    place, arguments = tmp_path_factory.mktemp("do"), {"seed": 5, "subscribers": 1_500, "days": 4, "bad_rate": 0.0}
    write_operator(place / "all", **arguments)
    for name in FAULTS:
        write_operator(place / name, faults=set(FAULTS) - {name}, **arguments)
    return place


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fact_that_is_left_out_changes_only_what_descends_from_it(with_and_without, name):
    whole, without = digests(with_and_without / "all"), digests(with_and_without / name)
    changed = {path.split("/")[0] for path in whole if whole[path] != without[path]}
    assert changed
    assert changed <= DESCENDANTS[name]
    assert changed & (DESCENDANTS[name] - {"care_ticket"})


def changed_rows(place: Path, name: str, feed: str) -> pd.DataFrame:
    """The records that are there with the fact or without it, not both."""
    parts = []
    for version in ("all", name):
        files = sorted((place / version / feed).iterdir())
        parts.append(pd.concat([pd.read_parquet(one).astype(str) if one.suffix == ".parquet" else pd.read_csv(one, dtype=str, keep_default_na=False)
                                for one in files]))
    return pd.concat(parts).drop_duplicates(keep=False)


def test_the_records_that_change_are_those_of_the_fact(with_and_without):
    rejects = changed_rows(with_and_without, "s6a_reject", "roaming_signalling")
    assert set(rejects["imsi"].str[:8]) == {"99970004"}
    slow = changed_rows(with_and_without, "slow_data", "roaming_data")
    assert set(slow["vplmn"]) == {"99911"}
    # each session is there twice, fast and slow: nothing was added or moved; a slow one may be written after the period's end
    assert (slow.groupby(["imsi", "start_time"]).size() == 2).mean() > 0.98
    ratings = changed_rows(with_and_without, "indoor_4g", "rating")
    assert set(ratings["operator"]) == {"Alder Mobile"}
    assert set(zip(ratings["network"], ratings["place"])) == {("4G", "indoor")}
    assert set(ratings["state"]) <= {"Westermark", ""}
    burst = changed_rows(with_and_without, "steering_burst", "roaming_signalling")
    assert set(burst["vplmn"]) == {"99901", "99902"}
    assert set(burst["attempt_time"].str[:10]) == {"2026-03-03"}


def test_the_truth_never_lies_below_the_incoming_folder(tmp_path):
    for place in (tmp_path / "in" / "truth.json", tmp_path / "in" / "deep" / "truth.json", tmp_path / "out" / ".." / "in" / "truth.json"):
        with pytest.raises(ParameterError, match="truth"):
            write_operator(tmp_path / "in", truth=place, **SMALL)
    assert not (tmp_path / "in").exists()
    written = write_operator(tmp_path / "in", **SMALL)
    assert written.truth is None
    assert not list(tmp_path.rglob("*.json"))
    # what a caller may print does not tell what is planted
    told = json.dumps(written.to_dict())
    assert not [word for word in ("planted", "fault", "99917", "bad") if word in told]


@pytest.mark.parametrize("wrong", [{"days": 1}, {"days": 61}, {"subscribers": 99}, {"subscribers": 120_001}, {"bad_rate": 0.3}, {"bad_rate": -0.1}, {"seed": -1}])
def test_an_argument_out_of_range_is_refused_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(ParameterError):
        write_operator(tmp_path / "in", **{**SMALL, **wrong})
    assert not (tmp_path / "in").exists()


def test_an_unknown_fact_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(UnknownNameError, match="fault") as caught:
        write_operator(tmp_path / "in", faults=["hub_outrage"], **SMALL)
    assert caught.value.near == ["hub_outage"]


def test_a_shorter_run_leaves_no_file_of_a_longer_one_and_nothing_foreign_is_touched(tmp_path):
    write_operator(tmp_path, **SMALL)
    foreign = tmp_path / "roaming_sms" / "notes.txt"
    foreign.write_text("mine", encoding="utf-8")
    calls = []
    write_operator(tmp_path, **{**SMALL, "days": 2}, progress=lambda *step: calls.append(step))
    assert sorted(path.name for path in (tmp_path / "roaming_sms").iterdir()) == ["notes.txt", "sms_20260301.csv.gz", "sms_20260302.csv.gz"]
    assert [done for _, done, _ in calls] == list(range(14))
    assert calls[-1] == ("done", 13, 13)
