"""A small fact that is asked for again and again is read from memory; the answer does not change."""

import gc

from tiny_lake import NETWORK, TinyLake

from cemlib.enrich import enriched, nearby
from cemlib.schema import table


def successes(lake):
    found = enriched(lake, "registration", ["is_success", "partner_code"]).collect(backend="pandas").to_native()
    return found.groupby("partner_code")["is_success"].agg(["sum", "count"]).values.tolist()


def test_the_third_question_copies_and_no_earlier_one():
    lake = TinyLake(network=NETWORK, registration=[{}, {"cause_code": "5420"}, {"visited_plmn_code": "99903"}])
    asked = [(successes(lake), lake.is_materialized("near_registration")) for _ in range(4)]
    assert asked == [([[1, 2], [1, 1]], copied) for copied in (False, False, True, True)]
    # only what was asked for often
    enriched(lake, "data_session", ["is_success"])
    assert not lake.is_materialized("near_data_session")


def test_a_large_or_an_empty_fact_is_never_copied(monkeypatch):
    lake = TinyLake(registration=[{}, {}])
    monkeypatch.setattr(nearby, "MOST_RECORDS", 1)
    for _ in range(4):
        assert nearby.nearest_relation(lake, "registration") == "registration"
        assert nearby.nearest_relation(lake, "message") == "message"
    monkeypatch.setattr(nearby, "MOST_RECORDS", 2)
    assert nearby.nearest_relation(lake, "registration") == "near_registration"


def test_another_snapshot_is_counted_anew(monkeypatch):
    lake = TinyLake(registration=[{}])
    for _ in range(2):
        nearby.nearest_relation(lake, "registration")
    monkeypatch.setattr(lake, "snapshot", lambda: type("Other", (), {"id": "another"})())
    assert nearby.nearest_relation(lake, "registration") == "registration"


def test_the_copy_has_the_columns_of_the_view():
    lake = TinyLake(registration=[{}])
    for _ in range(3):
        name = nearby.nearest_relation(lake, "registration")
    assert lake.relation(name).columns == lake.relation("registration").columns
    assert set(table("registration").columns) < set(lake.relation(name).columns)


def test_a_lake_that_is_gone_is_not_kept():
    # those of other tests go first
    gc.collect()
    lake = TinyLake(registration=[{}])
    nearby.nearest_relation(lake, "registration")
    before = len(nearby._ASKED)
    del lake
    gc.collect()
    assert len(nearby._ASKED) == before - 1
