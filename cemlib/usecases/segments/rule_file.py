"""The open text file with the rules of the named sets."""

from __future__ import annotations

from pathlib import Path

import yaml

from cemlib.errors import ParameterError
from cemlib.settings import settings

__all__ = ["read_rules"]

_NAME = "named_sets.yaml"


def read_rules() -> dict[str, str]:
    """Read the rules: of ``named_sets.yaml`` beside the lake, or of the workbench's own file.

    Returns
    -------
    dict
        Rule by name of the set, in the order of the file.

    Raises
    ------
    ParameterError
        The file cannot be read.

    Examples
    --------
    >>> list(read_rules())
    ['VIP', 'IoT fleet', 'silent', 'roamer', 'heavy']
    """
    mine = settings().lake_path.parent / _NAME
    path = mine if mine.is_file() else Path(__file__).with_name(_NAME)
    wanted = "sets: and below it a rule for each name, such as VIP: vip_tier is given"
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ParameterError("The file of the named sets cannot be read.", wanted=wanted, came=str(error)[:120], where=path.name) from error
    sets = told.get("sets") if isinstance(told, dict) else None
    if not isinstance(sets, dict) or not sets or not all(isinstance(one, str) for pair in sets.items() for one in pair):
        raise ParameterError("The file of the named sets is not told as wanted.", wanted=wanted, came=str(told)[:80], where=path.name)
    return sets
