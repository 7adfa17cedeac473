"""The plain case of a phone number, at once: what python-phonenumbers would say of it after much longer.

Most numbers of a feed are in international form, with a length that is possible under their calling code and no national prefix
left in them. Of these the normal form is the number itself. All others go the long way.
"""

from __future__ import annotations

import functools
import re

import phonenumbers

__all__ = ["plain_country"]


@functools.cache
def _plan(code: str) -> tuple[tuple[str, ...], frozenset[int], re.Pattern[str] | None] | None:
    """Countries, possible lengths and national prefix of a calling code; None where it is none, or of no country."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if not regions or regions[0] == "001":
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    return tuple(regions), frozenset(metadata.general_desc.possible_length), re.compile(prefix) if prefix else None


def plain_country(digits: str) -> tuple[str | None, str] | None:
    """Country and calling code of a number in international form (digits alone); None where it is not the plain case.

    Examples
    --------
    >>> plain_country("33639980001"), plain_country("330639980001"), plain_country("15550100"), plain_country("")
    (('FR', '33'), None, None, None)
    """
    for length in range(1, min(4, len(digits))):
        plan = _plan(digits[:length])
        if plan is None:
            continue
        regions, lengths, prefix = plan
        national = digits[length:]
        if len(national) not in lengths or national[0] == "0" or (prefix and prefix.match(national)):
            return None
        if len(regions) == 1:
            return regions[0], digits[:length]
        number = phonenumbers.PhoneNumber(country_code=int(digits[:length]), national_number=int(national))
        return phonenumbers.region_code_for_number(number), digits[:length]
    return None
