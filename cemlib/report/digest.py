"""The result hash: the same data, parameters and versions give the same hash, on any machine and on any day.

Integers count exactly; floats to nine significant digits, because their sums differ in the last bits between runs with several threads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["parameter_digest", "result_hash"]


def _canonical(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        # in a list, so that the text "1.5" and the number 1.5 differ; + 0.0 makes -0.0 and 0.0 one
        return ["float", format(value + 0.0, ".8e")]
    if isinstance(value, Mapping):
        return {str(name): _canonical(one) for name, one in value.items()}
    return [_canonical(one) for one in value]


def _digest(value: Any) -> str:
    text = json.dumps(_canonical(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def result_hash(
    figures: Mapping[str, Any], tables: Mapping[str, Any], parameters: Mapping[str, Any], snapshot_id: str | None, kpis: Mapping[str, str]
) -> str:
    """Hash what a run published, and from what.

    Parameters
    ----------
    figures, tables : mapping
        As :func:`cemlib.publish` gives them.
    parameters : mapping
        Every parameter with its value.
    snapshot_id : str or None
        The lake's snapshot.
    kpis : mapping
        The KPIs' versions.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits.

    Examples
    --------
    >>> one = result_hash({"mean": 0.1 + 0.2}, {}, {"days": 7}, "ab12", {})
    >>> one == result_hash({"mean": 0.3}, {}, {"days": 7}, "ab12", {})
    True
    >>> one == result_hash({"mean": 0.3}, {}, {"days": 8}, "ab12", {})
    False
    """
    return _digest({"figures": figures, "tables": tables, "parameters": parameters, "snapshot": snapshot_id, "kpis": kpis})


def parameter_digest(parameters: Mapping[str, Any]) -> str:
    """Eight digits that name a set of parameters, for the name of a folder.

    Examples
    --------
    >>> parameter_digest({"days": 7}) == parameter_digest({"days": 7})
    True
    """
    return _digest(parameters)[:8]
