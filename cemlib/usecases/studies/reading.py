"""A study read from its YAML file: what is told wrong is said with the file, the line, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience.index_places import Places, read_places
from cemlib.usecases.studies.segmentation import Segmentation, SegmentFeature, SegmentOutcome
from cemlib.usecases.studies.study import Feature, Source, Study

__all__ = ["read_study"]

#: What lies below which words of a file; a star is a name that the study gives.
_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Study, ("source",): Source, ("features", "*"): Feature, ("segments",): Segmentation, ("segments", "behaviour", "*"): SegmentFeature,
    ("segments", "expectation", "*"): SegmentFeature, ("segments", "outcomes", "*"): SegmentOutcome}
#: What the file itself does not tell.
_GIVEN = ("name", "path")


def read_study(path: Path) -> Study:
    """Read a study.

    Parameters
    ----------
    path : Path
        A YAML file; its name is the name of the study.

    Raises
    ------
    UnknownNameError
        A key, or one of several words, is misspelt.
    ParameterError
        The file cannot be read, is no YAML, or is not told as wanted.
    """
    try:
        told, places = read_places(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError("The file of a study cannot be read.", wanted="YAML in UTF-8", came=str(error)[:100], where=path.name) from None
    if not isinstance(told, dict):
        raise ParameterError("A study is not told as wanted.", wanted=", ".join(_keys(())), came="nothing" if told is None else type(told).__name__, where=path.name)
    try:
        return Study.model_validate({**told, "name": path.stem, "path": path})
    except ValidationError as error:
        # a misspelt key is also one that is missing: what was written is named first
        found = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise _explained(found[0], places) from None


def _keys(above: Sequence[str]) -> list[str]:
    """The keys that may stand below these words."""
    for words, model in _MODELS.items():
        if len(words) == len(above) and all(one in ("*", other) for one, other in zip(words, above, strict=True)):
            return [one for one in model.model_fields if one not in _GIVEN]
    return []


def _explained(problem, places: Places) -> CallError:
    keys = [one for one in problem["loc"] if one != "[key]"]
    where, name, words = places.tell(keys), str(keys[-1]) if keys else "", " > ".join(str(one) for one in keys)
    if problem["type"] == "extra_forbidden":
        return UnknownNameError("key", name, _keys([str(one) for one in keys[:-1]]), where=where)
    if problem["type"] == "missing":
        return ParameterError(f"A study lacks {name!r}.", wanted=words, where=where)
    if problem["type"] == "string_pattern_mismatch" and "[key]" in problem["loc"]:
        return ParameterError("A name is not one word.", wanted="small letters, digits and underscores, a letter first: it stands in rules", came=name, where=where, todo="Say the column in `column`, the words in `label`.")
    expected = re.findall(r"'([^']*)'", str(problem.get("ctx", {}).get("expected", "")))
    if problem["type"] == "literal_error" and expected:
        return UnknownNameError(name, str(problem["input"])[:40], expected, where=where)
    return ParameterError("A study is not told as wanted.", wanted=words, came=problem["msg"].removeprefix("Value error, "), where=where)
