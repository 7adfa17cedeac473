"""Where things stand in a YAML file: each word's line and column, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from cemlib.errors import ParameterError

__all__ = ["Places", "read_places"]


class Places:
    """The line and column of every word of a file.

    Attributes
    ----------
    file : str
    marks : dict
        From the words that lead to a place to its (line, column), counted from 1.

    Examples
    --------
    >>> _, places = read_places("weights:\\n  price: 0.2\\n", "mine.yaml")
    >>> places.tell(["weights", "price"])
    'mine.yaml, line 2, column 3'
    >>> places.tell(["weights", "quality"])
    'mine.yaml, line 1, column 1'
    """

    def __init__(self, file: str, marks: dict[tuple, tuple[int, int]]) -> None:
        self.file, self.marks = file, marks

    def tell(self, path: Sequence[Any]) -> str:
        """File, line and column of what the words lead to; of the nearest word above where it is missing."""
        path = tuple(path)
        while path and path not in self.marks:
            path = path[:-1]
        if path not in self.marks:
            return self.file
        line, column = self.marks[path]
        return f"{self.file}, line {line}, column {column}"


def read_places(text: str, file: str) -> tuple[Any, Places]:
    """What a YAML text says, and where each word stands.

    Raises
    ------
    ParameterError
        When it is no YAML, or a word is there twice.
    """
    marks: dict[tuple, tuple[int, int]] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _walk(node, (), marks, file)
        return yaml.safe_load(text), Places(file, marks)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = file if mark is None else f"{file}, line {mark.line + 1}, column {mark.column + 1}"
        raise ParameterError("The file is no YAML.", came=str(getattr(problem, "problem", None) or problem).splitlines()[0], where=where) from None


def _walk(node: yaml.Node, path: tuple, marks: dict[tuple, tuple[int, int]], file: str) -> None:
    marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            own = (*path, str(key.value))
            if own in marks:
                line, column = key.start_mark.line + 1, key.start_mark.column + 1
                raise ParameterError(f"{key.value!r} is there twice.", came=f"first in line {marks[own][0]}", where=f"{file}, line {line}, column {column}",
                                     todo="Keep one of them.")
            marks[own] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _walk(value, own, marks, file)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            _walk(value, (*path, place), marks, file)
