"""The short way through the numbering plans says what the long way says."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.sources.numbering import plain_country

CODES = sorted(str(one) for one in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def the_long_way(digits: str) -> tuple[str, str, str] | None:
    """Normal form, country and calling code as python-phonenumbers has them."""
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return normal, phonenumbers.region_code_for_number(number), str(number.country_code)


@settings(max_examples=600)
@given(st.sampled_from(CODES), st.text("0123456789", min_size=1, max_size=14))
def test_what_goes_the_short_way_comes_out_the_same(code, national):
    digits = code + national
    found = plain_country(digits)
    if found is not None:
        assert the_long_way(digits) == ("+" + digits, *found)


@pytest.mark.parametrize("code", CODES)
def test_examples_of_every_calling_code(code):
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            digits = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
            for one in (digits, code + "0" + digits[len(code):], digits + "1", digits[:-1]):
                found = plain_country(one)
                if found is not None:
                    assert the_long_way(one) == ("+" + one, *found)


def test_most_countries_have_the_short_way():
    short = 0
    for code in CODES:
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
        example = phonenumbers.example_number_for_type(regions[0], phonenumbers.PhoneNumberType.MOBILE)
        if example is not None:
            short += plain_country(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")) is not None
    assert short > 190
