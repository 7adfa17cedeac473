"""Which studies there are: those of the workbench, and the files in the folder ``studies`` beside the lake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import yaml

from cemlib.errors import CemError, ParameterError, UnknownNameError, sentence
from cemlib.settings import settings
from cemlib.usecases.studies.reading import read_study
from cemlib.usecases.studies.study import Study

__all__ = ["load_study", "reason_of", "study_names", "why_of"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


def _folders() -> list[Path]:
    return [settings().lake_path.parent / "studies", Path(__file__).parent]


def study_names(asked: Literal["levers", "segments"] | None = None) -> list[str]:
    """The studies there are: those of the workbench, and the files in the folder ``studies`` beside the lake.

    Parameters
    ----------
    asked : str, optional
        ``levers``: those in which something can be changed; ``segments``: those whose customers are divided. A file that cannot be read is among both, so
        that who opens it is told why.
    """
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.yaml") if _NAME.fullmatch(path.stem) and (asked is None or _has(path, asked))})


def _has(path: Path, asked: str) -> bool:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return True
    if not isinstance(told, dict):
        return True
    features = told.get("features")
    has_levers = isinstance(features, dict) and any(isinstance(one, dict) and one.get("lever") for one in features.values())
    has_segments = bool(told.get("segments"))
    return {"levers": has_levers, "segments": has_segments}[asked] or not (has_levers or has_segments)


def load_study(name: str, asked: Literal["levers", "segments"] | None = None) -> Study:
    """Read a study by its name.

    Parameters
    ----------
    name : str
    asked : str, optional
        What the study must have: see :func:`study_names`.

    Raises
    ------
    UnknownNameError
        There is no such study, or a word of its file is misspelt.
    ParameterError
        Its file is not told as wanted, or it has nothing of what is asked.

    Examples
    --------
    >>> sorted(load_study("lake").levers)
    ['generation_code', 'speed_median_mbps']
    """
    # an address names it: a name only, never a path
    if name not in study_names():
        raise UnknownNameError("study", name[:60], study_names(asked))
    path = next(folder / f"{name}.yaml" for folder in _folders() if (folder / f"{name}.yaml").is_file())
    study = read_study(path)
    if asked == "levers" and not study.levers:
        raise ParameterError("A study has nothing that can be changed.", wanted="a feature with a lever", where=path.name, todo=_instead(asked))
    if asked == "segments" and study.segments is None:
        raise ParameterError("A study does not say by what its customers are divided.", wanted="a section segments", where=path.name, todo=_instead(asked))
    return study


def _instead(asked: Literal["levers", "segments"]) -> str:
    return f"Choose one of: {', '.join(study_names(asked))}" if study_names(asked) else ""


def reason_of(error: CemError) -> str:
    """Why a study cannot be opened, and what to do, in one line.

    Examples
    --------
    >>> reason_of(UnknownNameError("key", "titel", ["title", "source"], where="mine.yaml, line 1, column 1"))
    "There is no key named 'titel'. (mine.yaml, line 1, column 1) Did you mean 'title'?"
    """
    return " ".join(one for one in (why_of(error), sentence(error.todo)) if one)


def why_of(error: CemError) -> str:
    """The same without what to do."""
    facts = "; ".join(one for one in (error.where, error.came and f"came: {error.came}", error.wanted and f"wanted: {error.wanted}") if one)
    return " ".join(one for one in (error.what, facts and f"({facts})") if one)
