"""Filters as a text that stands in an address: ``partner_plmn=99917|99918; rat=4g``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cemlib.errors import ParameterError

__all__ = ["label_of", "read_filters", "say_filter", "write_filters"]

_LABELS = {"partner_plmn_code": "partner network", "imsi_range_code": "IMSI range", "rat_code": "radio access", "apn_code": "APN", "resource_id": "cell", "vendor_name": "device maker",
           "model_name": "device", "plan_code": "tariff", "called_prefix_code": "called prefix", "trunk_out_id": "outgoing trunk", "carrier_out_code": "outgoing carrier"}
# what separates filters, a name from its values and values from each other; in a value they stand as %3B …
_SIGNS = {one: f"%{ord(one):02X}" for one in "%;=|"}


def read_filters(text: str) -> dict[str, Any]:
    """The filters of a text: name to value, or to a list where several values are named; nothing after the sign means "not stated".

    Raises
    ------
    ParameterError
        For a part that is no pair of name and value.

    Examples
    --------
    >>> read_filters("partner_plmn=99917|99918; rat=4g; place=")
    {'partner_plmn': ['99917', '99918'], 'rat': '4g', 'place': None}
    """
    found: dict[str, Any] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, sign, value = (one.strip() for one in part.partition("="))
        if not sign or not name:
            raise ParameterError("A filter is no pair of name and value.", wanted="partner_plmn=99917; rat=4g", came=repr(part))
        values = [unquote(one.strip()) or None for one in value.split("|")]
        found[name] = values if len(values) > 1 else values[0]
    return found


def write_filters(where: Mapping[str, Any]) -> str:
    """The text of filters.

    Examples
    --------
    >>> write_filters({"rat_code": "4g", "place_code": ["unknown", None]})
    'rat_code=4g; place_code=unknown|'
    """
    return "; ".join(f"{name}={'|'.join(_escaped(one) for one in (value if isinstance(value, (list, tuple)) else [value]))}" for name, value in where.items())


def _escaped(value: object) -> str:
    return "" if value is None else "".join(_SIGNS.get(one, one) for one in str(value))


def label_of(column: str) -> str:
    """A dimension in words.

    Examples
    --------
    >>> label_of("hub_code"), label_of("imsi_range_code"), label_of("region_name")
    ('hub', 'IMSI range', 'region')
    """
    return _LABELS.get(column, column.removesuffix("_code").removesuffix("_name").removesuffix("_id").replace("_", " "))


def say_filter(text: str) -> str:
    """One filter in words; what is none stays as it was written.

    Examples
    --------
    >>> say_filter("partner_plmn_code=99917|99918"), say_filter("place_code="), say_filter("by hand")
    ('partner network 99917 or 99918', 'place not stated', 'by hand')
    """
    try:
        ((name, value),) = read_filters(text).items()
    except (ParameterError, ValueError):
        return text
    values = value if isinstance(value, list) else [value]
    return f"{label_of(name)} {' or '.join('not stated' if one is None else one for one in values)}"
