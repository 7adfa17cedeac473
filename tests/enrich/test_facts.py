"""What the joins add to a fact, each answer worked out by hand."""

import datetime as dt

import pytest
from tiny_lake import NETWORK, TinyLake, at

from cemlib.enrich import PSEUDO_TABLES, enriched, enriched_schema, event_columns
from cemlib.errors import UnknownNameError
from cemlib.schema import tables


def rows(lake, name, *order, asked=None):
    return enriched(lake, name, asked).collect(backend="pandas").to_native().sort_values(list(order or ["record_id"]), ignore_index=True)


def test_outbound_the_partner_is_the_visited_network_inbound_the_home_network():
    lake = TinyLake(network=NETWORK, registration=[
        {"visited_plmn_code": "99903", "direction_code": "outbound", "home_plmn_code": "99970"},
        {"visited_plmn_code": "99970", "direction_code": "inbound", "home_plmn_code": "99911"},
        {"visited_plmn_code": "99970", "direction_code": "home", "home_plmn_code": "99970"},
        {"visited_plmn_code": "99999", "direction_code": "outbound"},
    ])
    found = rows(lake, "registration")
    assert found["partner_plmn_code"].fillna("-").tolist() == ["99903", "99911", "-", "99999"]
    assert found["partner_code"].fillna("-").tolist() == ["BETA", "GAMA", "-", "-"]
    assert found["country_code"].fillna("-").tolist() == ["IT", "ES", "-", "-"]
    assert found["hub_code"].fillna("-").tolist() == ["hub2", "hub2", "-", "-"]


@pytest.mark.parametrize(("direction", "protocol", "code", "side"), [
    # 5420: the home network has no EPS profile; outbound we are the home network, inbound the partner is
    ("outbound", "diameter_3gpp", "5420", "us"), ("inbound", "diameter_3gpp", "5420", "partner"),
    # EMM 22: the visited network is congested
    ("outbound", "emm", "22", "partner"), ("inbound", "emm", "22", "us"),
    ("outbound", "any", "no_answer", "interconnect"), ("inbound", "any", "no_answer", "interconnect"),
    ("home", "emm", "22", "us"), ("outbound", "diameter_3gpp", "9999", "unknown"),
])
def test_whose_fault_it_is_depends_on_who_roams(direction, protocol, code, side):
    lake = TinyLake(registration=[{"direction_code": direction, "protocol_code": protocol, "cause_code": code}])
    (found,) = rows(lake, "registration").to_dict("records")
    assert (found["fault_side_code"], found["is_success"]) == (side, False)


def test_a_success_has_no_cause_area_and_no_side():
    lake = TinyLake(registration=[{}])
    (found,) = rows(lake, "registration").to_dict("records")
    assert found["is_success"]
    assert found["cause_meaning"] == "success"
    assert [found[name] != found[name] or found[name] is None for name in ("area_code", "fault_side_code", "first_action")] == [True] * 3


def test_a_cause_that_accompanies_success_is_one():
    lake = TinyLake(data_session=[{"cause_code": "18"}, {"cause_code": "16"}, {"cause_code": "73"}])
    found = rows(lake, "data_session")
    assert found["is_success"].tolist() == [True, True, False]
    assert found["area_code"].fillna("-").tolist() == ["by_design", "-", "capacity"]


def test_a_record_that_knows_only_the_number_finds_the_sim():
    lake = TinyLake(
        identity=[
            {"identifier_key": "imsi-anna", "subscriber_key": "anna"},
            {"identifier_key": "number-1", "identifier_type_code": "msisdn", "subscriber_key": "anna", "valid_to_at": at("00:00", 10)},
            # the number was given to somebody else
            {"identifier_key": "number-1", "identifier_type_code": "msisdn", "subscriber_key": "bert", "valid_from_at": at("00:00", 10)},
        ],
        survey_answer=[
            {"subscriber_key": "number-1", "occurred_at": at("23:59:59", 9), "score_value": 5.0},
            {"subscriber_key": "number-1", "occurred_at": at("00:00", 10), "score_value": 1.0},
            {"subscriber_key": "stranger", "score_value": 3.0},
            {"subscriber_key": None, "score_value": 3.0},
        ])
    assert rows(lake, "survey_answer")["subscriber_key"].fillna("-").tolist() == ["anna", "bert", "stranger", "-"]


def test_the_device_is_known_by_its_tac():
    lake = TinyLake(
        device_model=[{"tac_code": "35000001", "vendor_name": "Acme", "model_name": "One", "has_volte_roaming": True}],
        voice_call=[{"tac_code": "35000001"}, {"tac_code": "35999999"}, {"tac_code": None}])
    found = rows(lake, "voice_call")
    assert found["vendor_name"].fillna("-").tolist() == ["Acme", "-", "-"]
    assert found["has_volte_roaming"].tolist()[0] is True


def test_the_time_a_message_took():
    lake = TinyLake(message=[{"submitted_at": at("10:00"), "delivered_at": at("10:00") + dt.timedelta(milliseconds=2345)}, {}])
    found = rows(lake, "message")["delivery_s"]
    assert found.tolist()[0] == 2.345
    assert found.isna().tolist() == [False, True]


def test_a_step_without_a_result_is_neither_success_nor_failure():
    lake = TinyLake(network=NETWORK, probe_test=[
        {"cause_code": "0", "protocol_code": "sip", "visited_plmn_code": "99911"}, {"cause_code": "503", "protocol_code": "sip"},
        {"cause_code": None, "service_code": "speed", "observation_code": "device"}])
    found = rows(lake, "probe_test")
    assert found["is_success"].astype(object).where(found["is_success"].notna(), None).tolist() == [True, False, None]
    assert found["partner_code"].tolist()[0] == "GAMA"


def test_the_share_of_the_preferred_network_needs_a_target():
    lake = TinyLake(
        network=NETWORK,
        steering_target=[
            {"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8},
            {"country_code": "IT", "plmn_code": "99903", "target_ratio": 0.2},
            # from the 10th on Beta is preferred; the later plan of each PLMN replaces its earlier one
            {"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.3, "valid_from_at": at("00:00", 10)},
            {"country_code": "IT", "plmn_code": "99903", "target_ratio": 0.7, "valid_from_at": at("00:00", 10)},
            {"country_code": "IT", "plmn_code": "99902", "target_ratio": 0.9, "basis_code": "volume"},
        ],
        registration=[
            {"visited_plmn_code": "99901", "attempted_at": at("12:00", 9)}, {"visited_plmn_code": "99901", "attempted_at": at("12:00", 10)},
            {"visited_plmn_code": "99903", "attempted_at": at("12:00", 10)}, {"visited_plmn_code": "99911"},
            {"visited_plmn_code": "99901", "direction_code": "inbound", "home_plmn_code": "99903"},
        ])
    found = rows(lake, "registration")
    assert found["preferred_plmn_code"].fillna("-").tolist() == ["99901", "99903", "99903", "-", "-"]
    assert found["is_preferred_plmn"].astype(object).fillna("-").tolist() == [True, False, True, "-", "-"]
    assert found["preferred_target_ratio"].fillna(-1).tolist() == [0.8, 0.7, 0.7, -1, -1]


def test_without_any_reference_table_the_facts_are_there():
    lake = TinyLake(registration=[{}, {"cause_code": "5001"}])
    found = rows(lake, "registration")
    assert len(found) == 2
    assert found["partner_code"].isna().all()
    assert found["is_steering_reject"].tolist() == [False, False]


def test_an_empty_lake_gives_empty_tables():
    lake = TinyLake()
    for name in ("registration", "attachment", "data_session", "voice_call", "message", "probe_test", "survey_answer", "ticket",
                 "registration_episode", "roamer_day", "roamer_use", "subscriber_month"):
        assert len(rows(lake, name, enriched(lake, name).collect_schema().names()[0])) == 0


def test_a_table_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="registration_episodes"):
        enriched(TinyLake(), "registration_episodes")
    with pytest.raises(UnknownNameError):
        event_columns("network")


def test_what_is_kept_is_made_once_for_each_snapshot():
    lake = TinyLake(network=NETWORK, registration=[{}])
    enriched(lake, "registration")
    made = set(lake._derived)
    enriched(lake, "registration")
    assert lake._derived - {"near_registration"} == made - {"near_registration"}


def test_only_the_joins_are_made_that_the_asked_columns_need():
    lake = TinyLake(network=NETWORK, registration=[{"attempted_at": at("10:00")}])
    (found,) = rows(lake, "registration", "attempted_at", asked=["attempted_at", "partner_plmn_code", "is_success"]).to_dict("records")
    assert found == {"attempted_at": dt.datetime(2026, 3, 10, 10), "partner_plmn_code": "99901", "is_success": True}
    assert lake._derived == set()
    rows(lake, "registration", "partner_code", asked=["partner_code"])
    assert lake._derived == {"enrich_network"}
    rows(lake, "registration", "is_steering_reject", asked=["is_steering_reject"])
    assert lake._derived - {"near_registration"} == {"enrich_network", "enrich_steering", "enrich_steering_plan", "enrich_identity", "enrich_steering_5"}


@pytest.mark.parametrize("name", [*(one.name for one in tables().values() if one.kind == "fact"), *PSEUDO_TABLES])
def test_the_columns_are_those_that_are_declared(name):
    # with the declared types, all together; and each alone, where joins are made
    lake, is_joined = TinyLake(), name in (*PSEUDO_TABLES, "registration", "message", "ticket")
    assert enriched(lake, name).collect_schema() == enriched_schema(name)
    for column, kind in enriched_schema(name).items() if is_joined else ():
        assert enriched(lake, name, [column]).collect_schema() == {column: kind}


def test_a_column_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="partner_code"):
        enriched(TinyLake(), "registration", ["partner_cod"])
