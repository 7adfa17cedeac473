"""Scenarios: each is right, reaches what it says, and has a no-effect twin; files, truth and the command."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import cemlib.sources
from cemlib.cli import cem
from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.sources import Door
from cemlib.twin import write_operator
from cemlib.twin.assembly import Assembly
from cemlib.twin.play import play_scenario, read_truth
from cemlib.twin.roaming import RoamingBlock
from cemlib.twin.scenario import load_scenario, scenario_names


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_is_named_as_its_file_and_its_nodes_exist(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.kind == "baseline" or scenario.causes or scenario.facts
    graph = Assembly(scenario.plan(subscribers=100, days=30)).graph
    for cause in scenario.causes:
        # a decoy may have nothing done; a cause moves something, and a decoy moves no outcome unless it is said
        assert cause.do or not cause.is_cause
        assert (cause.direction == "none") <= (not cause.is_cause)
        for one in cause.do:
            assert graph.feeds_after(one.node), one.node


@pytest.fixture(scope="module")
def roaming():
    """The roaming of 3,000 customers in 8 days, with and without a scenario."""
    made: dict = {}

    def play(name: str, effects: bool = True) -> RoamingBlock:
        if (name, effects) not in made:
            plan = load_scenario(name).plan(seed=2, subscribers=3000, days=8)
            made[name, effects] = Assembly(plan, effects=effects).roaming(0, 3000)
        return made[name, effects]

    return play


def causes_of(block: RoamingBlock, rows: np.ndarray) -> Counter:
    from cemlib.twin.causes import LABELS

    return Counter(np.array(LABELS)[block.tries.cause[rows]].tolist())


def plmn(block: RoamingBlock) -> np.ndarray:
    return block._world.networks["plmn"].to_numpy()[block.tries.plmn_row]


def test_a_partner_s_cause_appears_there_and_then_alone(roaming):
    after, before = roaming("partner_degradation"), roaming("partner_degradation", False)
    own = after.days["is_own"].to_numpy()[after.tries.rd]
    since = (3 * 24 + 10) * 3_600_000
    mine = (plmn(after) == "99907") & own & (after.tries.protocol == "diameter_3gpp") & (after.tries.at >= since)
    assert causes_of(after, mine)["diameter_3gpp:4181"] / mine.sum() == pytest.approx(0.17, abs=0.06)
    null = dict(zip(before.tries.id.tolist(), before.tries.cause.tolist()))
    first = after.tries.id % 16 == 0
    changed = np.array([null.get(one) != cause for one, cause in zip(after.tries.id.tolist(), after.tries.cause.tolist())])
    assert changed[mine & first].any()
    assert not changed[~mine & first].any()


def test_all_partners_of_a_hub_fail_for_two_hours(roaming):
    block = roaming("hub_failure")
    hub = (block._world.networks["hub"] == "MERIDIAN").to_numpy()[block.tries.plmn_row]
    window = (block.tries.at >= (5 * 24 + 9) * 3_600_000) & (block.tries.at < (5 * 24 + 11) * 3_600_000)
    failed = block.tries.failed
    assert failed[hub & window].mean() > 0.85
    assert failed[~hub & window & ~block.tries.is_steered].mean() < 0.1
    found = causes_of(block, hub & window)
    assert found["any:no_answer"] > found["diameter_base:3002"] > 5


def test_the_missing_range_is_rejected_everywhere(roaming):
    block = roaming("imsi_range_missing")
    person = block.days["person"].to_numpy()[block.tries.rd]
    range_ = block.people["imsi_range"].to_numpy()[person]
    own = block.days["is_own"].to_numpy()[block.tries.rd]
    late = own & (block.tries.at >= 3 * 86_400_000) & ~block.tries.is_steered
    assert block.tries.failed[late & (range_ == "99970008")].mean() > 0.8
    assert block.tries.failed[late & (range_ != "99970008")].mean() < 0.06


def test_steering_lets_go_and_registration_succeeds(roaming):
    after, before = roaming("steering_fault"), roaming("steering_fault", False)

    def share(block: RoamingBlock) -> float:
        days = block.days[block.days["is_own"] & (block.days["day"] >= 1)]
        spain = days[block._world.countries.index.to_numpy()[days["country_row"]] == "ES"]
        return (block._world.networks["plmn"].to_numpy()[spain["plmn_row"]] == "99901").mean()

    assert share(before) > 0.65
    assert share(after) == pytest.approx(share(before) / 2, abs=0.1)
    assert after.tries.failed[~after.tries.is_steered].mean() < 0.05


def feed(block: RoamingBlock, name: str) -> pd.DataFrame:
    return next(one for one in block.feeds() if one.name == name).table.to_pandas()


def test_no_address_is_left_and_everybody_is_registered(roaming):
    after, before = roaming("pgw_pool_exhausted"), roaming("pgw_pool_exhausted", False)
    assert np.array_equal(after.tries.cause, before.tries.cause)
    data = feed(after, "roaming_data")
    evening = data["start_time"].between(pd.Timestamp("2026-03-05T15:00Z"), pd.Timestamp("2026-03-05T22:59:59Z")) & (data["direction"] == "OUT")
    assert (data.loc[evening, "cause"] == "84").mean() == pytest.approx(0.6, abs=0.06)
    assert (data.loc[~evening & (data["start_time"] < pd.Timestamp("2026-03-05T00:00Z")), "cause"] != "84").all()


def test_after_the_sunset_only_devices_with_volte_call(roaming):
    block = roaming("sunset_3g")
    calls = feed(block, "roaming_voice")
    america = calls[calls["vplmn"].isin(["99915", "99916"]) & (calls["direction"] == "OUT") & (calls["leg"] == "a") & (calls["start_time"] > pd.Timestamp("2026-03-02", tz="UTC"))]
    devices = block._world.devices.set_index("tac")["volte_roaming"]
    able = america["imei"].str[:8].map(devices) == 1
    assert (america.loc[~able, "cause"] != "0").mean() > 0.75
    assert (america.loc[able, "cause"] != "0").mean() < 0.12


def test_late_records_are_late_and_otherwise_the_same(roaming):
    after, before = feed(roaming("late_usage_feed"), "roaming_data"), feed(roaming("late_usage_feed", False), "roaming_data")
    assert after.drop(columns="export_time").equals(before.drop(columns="export_time"))
    shift = after["export_time"] - before["export_time"]
    day = before["start_time"].dt.strftime("%Y-%m-%d") == "2026-03-07"
    assert set(shift[day]) == {pd.Timedelta("14h")}
    assert set(shift[~day]) == {pd.Timedelta(0)}


SMALL = {"seed": 3, "subscribers": 300, "days": 8}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A scenario with bad records, its no-effect twin, and an operator to whom nothing happens."""
    place = tmp_path_factory.mktemp("played")
    for name, scenario, effects in (("fact", "cell_outage", True), ("null", "cell_outage", False), ("calm", "calm", True)):
        play_scenario(load_scenario(scenario), place / name, truth=place / f"{name}.truth", bad_rate=0.02, effects=effects, **SMALL)
    return place


def test_without_effect_the_files_are_those_of_an_operator_to_whom_nothing_happens(played):
    assert digests(played / "null") == digests(played / "calm")
    changed = {path.split("/")[0] for path, one in digests(played / "fact").items() if digests(played / "null").get(path) != one}
    (cause,) = read_truth(played / "fact.truth")["causes"]
    assert changed
    assert changed <= set(cause["feeds"])
    # what does not descend from a cell's being on the air stays as it is, bit for bit
    assert not changed & {"roaming_signalling", "customer_base", "rating", "resource_inventory"}


def test_the_truth_holds_both_outcomes_of_every_customer(played):
    fact, null = read_truth(played / "fact.truth"), read_truth(played / "null.truth")
    assert (fact["scenario"]["effects"], null["scenario"]["effects"]) == (True, False)
    customers, other = (pd.read_parquet(played / f"{name}.truth" / "customers.parquet") for name in ("fact", "null"))
    assert len(customers) == 300
    assert customers["customer"].tolist() == list(range(300))
    for what in ("complaints", "expected_complaints", "churns", "discontent", "satisfaction", "gap"):
        # the counterfactual of the factual world is the factual of the no-effect twin
        assert customers[f"{what}_no_effect"].equals(other[what].rename(f"{what}_no_effect"))
        assert other[what].tolist() == other[f"{what}_no_effect"].tolist()
    assert fact["affected_customers"] == customers["is_affected"].sum() > 0
    assert null["affected_customers"] == 0
    assert fact["outcomes"]["gap"]["effect_on_affected"] > 0
    assert fact["causes"][0]["since"] == "2026-03-03T08:00:00Z"
    days = pd.read_parquet(played / "fact.truth" / "days.parquet")
    assert len(days) == 8 * 4
    early = days[days["day"] < 2]
    assert early["gap"].tolist() == early["gap_no_effect"].tolist()
    assert days["gap"].sum() > days["gap_no_effect"].sum()


def test_every_record_is_accepted_or_rejected_for_the_reason_that_was_planted(played):
    raw, files = played / "fact", read_truth(played / "fact.truth")["files"]
    plmns = pd.read_csv(raw / "partner_directory" / "partners.csv", dtype=str)["plmn"]
    door, checked, refused_all = Door(b"the key of this test", plmn_codes=[*plmns, "99970"]), set(), Counter()
    for folder in sorted(raw.iterdir()):
        connector = cemlib.sources.catalogue()[folder.name]
        for path in connector(folder).files():
            records, refused = 0, Counter()
            for batch in connector(path).read(path, door):
                records += batch.records
                refused.update(batch.rejected.column("reason_code").to_pylist())
            told = files[f"{folder.name}/{path.name}"]
            assert (records, refused) == (told["records"], Counter(told["reasons"])), path.name
            checked.add(f"{folder.name}/{path.name}")
            refused_all.update(refused)
    assert checked == set(files)
    assert sum(refused_all.values()) / sum(one["records"] for one in files.values()) == pytest.approx(0.02, abs=0.005)


def test_the_demo_has_the_roaming_and_the_ratings_of_the_operator_of_the_tests(tmp_path):
    arguments = {"seed": 3, "subscribers": 300, "days": 3}
    write_operator(tmp_path / "one", **arguments)
    play_scenario(load_scenario("demo"), tmp_path / "two", **arguments)
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert one.items() <= two.items()
    # at home there is all the rest
    assert {path.split("/")[0] for path in two} - {path.split("/")[0] for path in one} >= {"mobile_data", "iot_report", "line_measurement", "transit_cdr", "bill", "survey"}


def test_the_files_are_the_same_from_two_processes_and_without_vector_instructions(tmp_path):
    features = " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))
    for name, jobs, environment in (("one", "1", {}), ("two", "2", {"NPY_DISABLE_CPU_FEATURES": features})):
        code = ("import sys; from cemlib.twin.play import play_scenario; from cemlib.twin.scenario import load_scenario\n"
                f"if __name__ == '__main__': play_scenario(load_scenario('cell_outage'), {str(tmp_path / name)!r}, truth={str(tmp_path / (name + '.truth'))!r}, "
                f"subscribers=100, days=8, seed=3, bad_rate=0.02, jobs={jobs}, block=50)\n")
        script = tmp_path / f"{name}.py"
        script.write_text(code, encoding="utf-8")
        subprocess.run([sys.executable, str(script)], check=True, env={**os.environ, **environment})
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one.truth") == digests(tmp_path / "two.truth")


def test_a_scenario_that_is_wrong_says_where(tmp_path):
    path = tmp_path / "mine.yaml"

    def write(**changes) -> Path:
        given = {"name": "mine", "title": "t", "question": "q", "kind": "fault", "domains": ["mobile"],
                 "causes": [{"id": "a", "says": "s", "do": [{"node": "session_mbps", "times": 0.5, "since": "-1d"}]}], **changes}
        path.write_text(json.dumps(given), encoding="utf-8")
        return path

    assert load_scenario(write()).interventions(3)[0].since == 2 * 86_400_000
    for changes, near in (({"causses": []}, "causes"), ({"domains": ["mobil"]}, "mobile"), ({"facts": ["hub_outrage"]}, "hub_outage"), ({"families": {"los": "linear"}}, "loss")):
        with pytest.raises(UnknownNameError) as caught:
            load_scenario(write(**changes))
        assert near in caught.value.near
    with pytest.raises(UnknownNameError) as caught:
        load_scenario(write(causes=[{"id": "a", "says": "s", "do": [{"nod": "x"}]}]))
    assert caught.value.near == ["node"]
    for do, error in (({"node": "session_mbs", "times": 2}, UnknownNameError), ({"node": "session_mbps", "times": 2, "add": 1}, ParameterError),
                      ({"node": "session_mbps", "times": 2, "since": "yesterday"}, ParameterError), ({"node": "session_mbps", "times": 2, "where": {"costumer_plan": "plus"}}, UnknownNameError)):
        with pytest.raises(error):
            play_scenario(load_scenario(write(causes=[{"id": "a", "says": "s", "do": [do]}])), tmp_path / "raw", subscribers=100, days=2)
    assert not (tmp_path / "raw").exists()
    with pytest.raises(ParameterError, match="does not fit"):
        load_scenario("memory_effects").plan(days=5)


def run(*arguments: str):
    return CliRunner().invoke(cem, ["twin", *arguments], standalone_mode=False)


def test_the_command_writes_and_refuses(tmp_path):
    raw, truth = str(tmp_path / "raw"), str(tmp_path / "truth")
    few = ("--subscribers", "100", "--days", "2", "--jobs", "1")
    dry = run("--out", raw, "--truth", truth, *few, "--dry-run")
    assert "Would write: calm" in dry.output
    assert not (tmp_path / "raw").exists()
    made = run("--out", raw, "--truth", truth, *few, "--scenario", "steering_burst", "--json")
    (told,) = json.loads(made.stdout)
    assert told["records"] > 1000
    assert read_truth(truth)["scenario"]["name"] == "steering_burst"
    # what the command prints does not tell what is planted
    assert "5004" not in made.output
    assert isinstance(run("--out", raw, *few).exception, CallError)
    assert run("--out", raw, *few, "--force").exception is None
    inside = run("--out", str(tmp_path / "new"), "--truth", str(tmp_path / "new" / "truth"), *few)
    assert isinstance(inside.exception, ParameterError)
    misspelt = run("--out", str(tmp_path / "new"), "--scenario", "cell_outrage")
    assert misspelt.exception.near == ["cell_outage"]
    assert isinstance(run("--scenario", "calm").exception, CallError)


def test_the_command_lists_scenarios_and_plans_all_with_their_twins(tmp_path):
    listed = run("--list").output
    assert all(name in listed for name in scenario_names())
    everything = run("--out", str(tmp_path / "raw"), "--truth", str(tmp_path / "truth"), "--scenario", "all", "--days", "20", "--dry-run").output
    assert everything.count("Would write") == 2 * len(scenario_names())
    assert "bill_shock (no effect)" in everything
    assert "Left out: memory_effects needs 18 days" in run("--out", str(tmp_path / "raw"), "--scenario", "all", "--days", "12", "--dry-run").output
