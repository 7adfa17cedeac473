"""The operator of the demo: 20,000 customers in 30 days."""

from __future__ import annotations

import json

import pytest

from cemlib.twin import write_operator


@pytest.mark.slow
def test_the_demo_s_operator_has_its_volumes_and_its_facts(tmp_path):
    truth_path = tmp_path / "truth.json"
    written = write_operator(tmp_path / "incoming", truth=truth_path)
    feeds, truth = written.to_dict()["feeds"], json.loads(truth_path.read_text(encoding="utf-8"))
    declared = {
        "roaming_signalling": (600_000, 900_000), "roaming_data": (600_000, 900_000), "roaming_voice": (130_000, 170_000), "roaming_sms": (85_000, 120_000),
        "rating": (15_000, 30_000), "speed_test": (5_000, 10_000), "care_ticket": (1_500, 2_500), "customer_base": (20_000, 20_100),
    }
    for feed, (low, high) in declared.items():
        assert low <= feeds[feed]["records"] <= high, feed
    planted = truth["planted"]
    assert planted["s6a_reject"]["from"] == "2026-03-21T14:00:00Z"
    assert planted["s6a_reject"]["reject_share"] == pytest.approx(0.12, abs=0.01)
    assert planted["s6a_reject"]["subscribers"] >= 20
    assert planted["slow_data"]["from"] == "2026-03-15T00:00:00Z"
    assert (planted["hub_outage"]["from"], planted["hub_outage"]["until"]) == ("2026-03-28T16:00:00Z", "2026-03-28T17:00:00Z")
    assert planted["steering_burst"]["from"] == "2026-03-29T00:00:00Z"
    assert planted["steering_burst"]["steering_rejects"] > 2_000
    assert planted["small_partner"]["attempts"] == 18
    assert planted["small_partner"]["failed"] == 7
    # every other partner that is large enough is well: the planted one stands apart
    well = [one["outbound"]["unsteered_success_ratio"] for one in truth["networks"] if one["outbound"]["attempts"] > 2_000 and one["plmn"] != "99917"]
    assert min(well) > 0.955
    assert max(well) < 0.995
    bad, records = (sum(file[key] for file in truth["files"].values()) for key in ("bad", "records"))
    assert bad / records == pytest.approx(0.002, abs=0.0002)
