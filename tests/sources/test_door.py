"""The door: normal forms, what is derived before hashing, and the pseudonyms."""

from __future__ import annotations

import csv
import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.sources import Door

KEY = b"0123456789abcdef"


def test_a_pseudonym_is_keyed_hmac_sha256_over_kind_and_normal_form_cut_to_128_bits():
    wanted = hmac.new(KEY, b"imsi\x1f999010000000012", hashlib.sha256).hexdigest()[:32]
    assert Door(KEY).imsi("999010000000012").key == wanted


def test_the_same_digits_of_two_kinds_do_not_meet():
    door = Door(KEY)
    assert len({door.pseudonym(kind, "999010000000012") for kind in ("imsi", "msisdn", "imei", "line", "account", "user")}) == 6


def test_another_key_gives_other_pseudonyms_and_other_record_ids():
    one, two = Door(KEY), Door(KEY[::-1])
    assert one.imsi("999010000000012").key != two.imsi("999010000000012").key
    assert one.record_keys != two.record_keys


def test_a_short_key_is_refused():
    with pytest.raises(ParameterError, match="too short"):
        Door(b"short")


@pytest.mark.parametrize(("imsi", "plmns", "home"), [
    ("999010000000012", ["99901"], "99901"),
    ("999018000000012", ["99901", "999018"], "999018"),  # the longest known PLMN wins
    ("999018000000012", ["99901"], "99901"),
    ("310150123456789", [], "310150"),  # python-stdnum knows the three-digit MNC of MCC 310
    ("208011234567890", [], "20801"),
    ("999770000000012", [], "99977"),  # nobody knows it: five digits
])
def test_the_home_plmn_is_the_longest_known_one(imsi, plmns, home):
    assert Door(KEY, plmn_codes=plmns).imsi(imsi).facts == (imsi[:8], home)


@pytest.mark.parametrize("text", ["99901", "9990100000001", "9990100000000123", "99901000000001X", "٩٩٩٠١٠٠٠٠٠٠٠٠١٢", "+99901000000001"])
def test_what_is_no_imsi_is_refused_without_being_repeated(text):
    passed = Door(KEY).imsi(text)
    assert passed.key is None
    assert passed.reason
    assert text not in passed.reason


@pytest.mark.parametrize("text", ["+33639980001", "0033639980001", "33639980001", "+33 6 39 98 00 01", "+33-6-39-98-00-01", " +33639980001 "])
def test_one_number_in_many_forms_is_one_pseudonym(text):
    assert Door(KEY).msisdn(text) == Door(KEY).msisdn("+33639980001")
    assert Door(KEY).msisdn(text).facts == ("FR", "33")


def test_a_national_number_needs_the_home_dial_prefix():
    assert Door(KEY).msisdn("0639980001").key is None
    assert Door(KEY, dial_prefix="33").msisdn("0639980001") == Door(KEY).msisdn("+33639980001")


@pytest.mark.parametrize("text", ["+999123456789", "+33", "12", "abc", "+3363998000123", "+"])
def test_impossible_numbers_are_refused(text):
    assert Door(KEY).msisdn(text).key is None


def test_a_short_code_has_no_country():
    passed = Door(KEY).msisdn("112")
    assert passed.key
    assert passed.facts == (None, None)


def test_countries_agree_with_the_golden_numbers(shared_vectors):
    with (shared_vectors / "e164_phonenumbers.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["possible"] == "True"]
    assert rows
    for row in rows:
        country = None if row["region"] == "001" else row["region"]
        assert Door(KEY).msisdn(row["input"]).facts == (country, row["country_code"]), row["input"]


@pytest.mark.parametrize(("imei", "tac"), [
    ("001001000000015", "00100100"),  # Luhn: 0+0+1+0+0+2+0+0+0+0+0+0+0+2 = 5 -> check digit 5
    ("001001000000010", "00100100"),  # networks send 0 in place of the check digit
    ("00100100000001", "00100100"),
    ("0010010000000199", "00100100"),  # IMEISV
    ("001001000000017", None),
    ("0010010000", None),
])
def test_the_tac_is_taken_before_the_imei_is_hashed(imei, tac):
    passed = Door(KEY).imei(imei)
    assert (passed.facts[0] if passed.facts else None) == tac
    assert (passed.key is None) == (tac is None)


def test_a_column_keeps_gaps_and_refusals_apart():
    door = Door(KEY)
    for _ in range(2):  # the second time from memory
        passed = door.pass_column("imsi", pa.array(["999010000000012", None, "1", "999010000000012"]))
        assert passed.keys.to_pylist()[0] == passed.keys.to_pylist()[3] == door.imsi("999010000000012").key
        assert passed.keys.is_valid().to_pylist() == [True, False, False, True]
        assert passed.reasons.is_valid().to_pylist() == [False, False, True, False]
        assert passed.facts["imsi_range_code"].to_pylist() == ["99901000", None, None, "99901000"]


def test_an_unknown_kind_is_named():
    with pytest.raises(UnknownNameError, match="kind of identifier"):
        Door(KEY).pass_column("imso", pa.array(["1"]))


@given(st.text(max_size=30))
def test_no_text_makes_the_door_fail_or_leak(text):
    door = Door(KEY)
    for kind in ("imsi", "msisdn", "imei", "line", "account", "user"):
        passed = getattr(door, kind)(text)
        assert (passed.key is None) != (passed.reason is None)
        assert passed.key is None or len(passed.key) == 32
