"""The door: normal forms, what is derived before hashing, and the pseudonyms."""

from __future__ import annotations

import csv
import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.keys import Carried, make_erasure_mark
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


@given(st.one_of(st.text(max_size=30), st.text("0123456789+ ", max_size=18)))
@example("00")
@example("+00")
def test_no_text_makes_the_door_fail_or_leak(text):
    door = Door(KEY)
    for kind in ("imsi", "msisdn", "imei", "line", "account", "user"):
        passed = getattr(door, kind)(text)
        assert (passed.key is None) != (passed.reason is None)
        assert passed.key is None or len(passed.key) == 32


@given(st.text("0123456789", min_size=8, max_size=8), st.lists(st.sampled_from(["", " ", "-", ".", "/", "(", ")", "\u00a0"]), min_size=11, max_size=11),
       st.sampled_from(["+", "00", "", "0"]), st.sampled_from(["", " ", "  "]))
def test_a_number_in_any_writing_is_one_pseudonym(rest, marks, beginning, around):
    """Whatever divides the digits, and whether it begins with +, 00, the country code or the national 0."""
    door = Door(KEY, dial_prefix="33")
    digits = "6" + rest if beginning == "0" else "336" + rest
    written = around + beginning + "".join(digit + mark for digit, mark in zip(digits, marks)) + around
    passed = door.msisdn(written)
    assert passed == door.msisdn("+336" + rest)
    assert passed.key == door.pseudonym("msisdn", "+336" + rest)


@given(st.text("0123456789", min_size=14, max_size=14), st.sampled_from("0123456789"), st.sampled_from("0123456789"))
def test_an_imei_is_one_pseudonym_with_or_without_its_check_digit_or_version(digits, one, two):
    door = Door(KEY)
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(digits)]
    check = str(-sum(digit // 10 + digit % 10 for digit in doubled) % 10)
    keys = {door.imei(text).key for text in (digits, digits + check, digits + "0", digits + one + two, f" {digits}{check} ")}
    assert keys == {door.pseudonym("imei", digits)}


def test_a_door_notes_what_passed_for_a_table_once_and_only_when_asked():
    door = Door(KEY)
    texts = pa.array(["+33639980001", "0033639980001", None, "12", "+33639980002"])
    door.pass_column("msisdn", texts)
    assert door.take_notes() == []
    door.begin(Carried(), is_noting=True)
    door.pass_column("imei", pa.array(["00100100000001"]), is_kept=False)
    keys = door.pass_column("msisdn", texts).keys.to_pylist()
    noted = door.take_notes()
    assert set(noted) == {(keys[0], "msisdn", "+33639980001", 0), (keys[4], "msisdn", "+33639980002", 0)}
    door.pass_column("msisdn", texts)
    assert door.take_notes() == []
    # what passed without being kept is noted when it is kept
    door.pass_column("imei", pa.array(["00100100000001"]))
    assert [one[1:] for one in door.take_notes()] == [("imei", "00100100000001", 0)]


def test_an_erased_identifier_has_a_new_life_and_the_others_do_not():
    before = Door(KEY)
    after, mark = Door(KEY), make_erasure_mark("00" * 32, "imsi", "999010000000012")
    after.begin(Carried(erasure_key="00" * 32, lives={mark: 2}), is_noting=True)
    key = after.pass_column("imsi", pa.array(["999010000000012"])).keys[0].as_py()
    assert key == hmac.new(KEY, b"imsi#2\x1f999010000000012", hashlib.sha256).hexdigest()[:32]
    assert after.take_notes() == [(key, "imsi", "999010000000012", 2)]
    assert after.imsi("999010000000013") == before.imsi("999010000000013")
