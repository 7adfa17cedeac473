"""The parameters of a notebook: read from the cell tagged ``parameters`` without running it, and checked strictly.

The cell holds nothing but lines ``name: type = default  # meaning``. Types: ``str``, ``int``, ``float``, ``bool``, ``date`` (text
YYYY-MM-DD), ``datetime`` (text, UTC), ``Literal[...]`` for choices, ``Annotated[int, (1, 90)]`` for bounds (``None`` leaves a side open) and
``Annotated[str, "pattern"]`` for a form. What papermill would take (it only warns of an unknown parameter, and writes
names into the notebook as code) is decided here before papermill sees it.
"""

from __future__ import annotations

import ast
import io
import json
import keyword
import re
import tokenize
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cemlib.errors import ParameterError, ReportError, nearest_names
from cemlib.report.parameter import KINDS, Parameter, format_value, shorten, typed_value

__all__ = ["RESERVED", "Parameter", "format_value", "parse_parameters", "read_parameters", "unknown_parameter"]

#: Names that run_report takes for itself.
RESERVED = frozenset({"notebook", "out", "to", "timeout_s", "cell_timeout_s", "role", "progress", "parameters"})
_SECRET = re.compile(r"password|passwd|secret|token|credential", re.IGNORECASE)


def read_parameters(notebook: Path | str | Mapping) -> list[Parameter]:
    """Read a notebook's parameters, in the order of its cell; nothing is run.

    Parameters
    ----------
    notebook : path or mapping
        The .ipynb file, or its content.

    Raises
    ------
    ReportError
        When the file is no notebook, or its parameters cell holds anything else than annotated literals with a comment.

    Examples
    --------
    >>> cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "days: int = 7  # how far back"}
    >>> [one.name for one in read_parameters({"cells": [cell]})]
    ['days']
    """
    content, where = (notebook, "notebook") if isinstance(notebook, Mapping) else (_load(Path(notebook)), str(notebook))
    cells = [cell for cell in content.get("cells", []) if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if not cells:
        return []
    if len(cells) > 1:
        raise ReportError("A notebook may have one parameters cell.", came=f"{len(cells)} cells tagged 'parameters'", where=where)
    source = cells[0]["source"]
    return _read_cell(source if isinstance(source, str) else "".join(source), where)


def _load(path: Path) -> Mapping:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError("The notebook cannot be read.", came=error.strerror or str(error), where=str(path)) from None
    except ValueError:
        raise ReportError("The file is not a notebook.", wanted="a .ipynb file (JSON)", where=str(path)) from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ReportError("The file is not a notebook.", wanted="a .ipynb file of format 4", where=str(path))
    return content


def _read_cell(source: str, where: str) -> list[Parameter]:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise _ill("The parameters cell is not Python.", str(error.msg), where, error.lineno or 1) from None
    comments = _comments(source)
    found: list[Parameter] = []
    for node in tree.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
            raise _ill("The parameters cell may hold nothing but annotated literals.", ast.unparse(node).splitlines()[0], where, node.lineno)
        found.append(_read_line(node, comments.get(node.end_lineno, ""), where))
        if [one.name for one in found].count(found[-1].name) > 1:
            raise _ill("A parameter is given twice.", found[-1].name, where, node.lineno)
    return found


def _ill(what: str, came: str, where: str, line: int) -> ReportError:
    return ReportError(what, wanted="name: type = default  # meaning", came=came, where=f"{where}, parameters cell, line {line}")


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line; a # within a text is none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {one.start[0]: one.string.lstrip("# ").strip() for one in tokens if one.type == tokenize.COMMENT}


def _read_line(node: ast.AnnAssign, meaning: str, where: str) -> Parameter:
    name = node.target.id
    if not meaning:
        raise _ill(f"Parameter {name!r} has no comment that says what it means.", ast.unparse(node), where, node.lineno)
    if name in RESERVED or name.startswith("_") or keyword.issoftkeyword(name):
        raise _ill(f"Parameter name {name!r} is reserved.", ast.unparse(node), where, node.lineno)
    if _SECRET.search(name):
        # a run record, the executed notebook and the address of the app show parameters in clear
        raise _ill(f"Parameter {name!r} looks like a secret; parameters are shown in clear.", "read it from the environment instead", where, node.lineno)
    try:
        default = ast.literal_eval(node.value)
        annotation = node.annotation
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        kind, limits = _read_type(annotation)
    except (ValueError, TypeError, SyntaxError, re.error):
        raise _ill(f"Parameter {name!r} has no type or default that is known.", ast.unparse(node), where, node.lineno) from None
    if isinstance(default, int) and kind == "float" and not isinstance(default, bool):
        default = float(default)
    one = Parameter(name, kind, default, meaning, **limits)
    is_empty_date = kind in ("date", "datetime") and default == ""
    try:
        if typed_value(kind, default) != default and not is_empty_date:
            raise ParameterError("The default is of another type.")
        if one.choices or kind in ("int", "float"):
            Parameter(name, kind, None, meaning, **limits).check(default)
    except ParameterError:
        raise _ill(f"The default of parameter {name!r} is not what its type allows: {one.wanted}.", shorten(default), where, node.lineno) from None
    return one


def _read_type(node: ast.expr) -> tuple[str, dict]:
    """The kind and the limits that an annotation states; a ValueError where it states none that is known."""
    if isinstance(node, ast.Name) and node.id in KINDS:
        return node.id, {}
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        raise ValueError("no known type")
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if node.value.id == "Literal":
        choices = tuple(ast.literal_eval(part) for part in parts)
        kinds = {type(one).__name__ for one in choices}
        if len(kinds) != 1 or not kinds <= {"str", "int", "bool"}:
            raise ValueError("choices of several types")
        return kinds.pop(), {"choices": choices}
    if node.value.id != "Annotated" or len(parts) != 2:
        raise ValueError("no known type")
    kind, limits = _read_type(parts[0])
    limit = ast.literal_eval(parts[1])
    if kind == "str" and isinstance(limit, str) and not limits:
        re.compile(limit)
        return kind, {"pattern": limit}
    if kind in ("int", "float") and isinstance(limit, tuple) and len(limit) == 2 and not limits:
        if any(isinstance(one, bool) or not isinstance(one, (int, float, type(None))) for one in limit):
            raise ValueError("bounds that are no numbers")
        return kind, {"low": limit[0], "high": limit[1]}
    raise ValueError("limits that do not go with the type")


def parse_parameters(parameters: Sequence[Parameter], given: Mapping[str, Any], *, where: str = "") -> dict[str, Any]:
    """Check given values against a notebook's parameters and fill in the defaults; every fault is told at once.

    Parameters
    ----------
    parameters : sequence of Parameter
    given : mapping
        Texts (from a command line) or typed values (from Python), by name.
    where : str
        The notebook, for the message.

    Returns
    -------
    dict
        Every parameter with its value, in the notebook's order.

    Raises
    ------
    ParameterError
        When a name is unknown or a value does not fit.

    Examples
    --------
    >>> days = Parameter("days", "int", 7, "how far back", low=1, high=90)
    >>> parse_parameters([days], {"days": "30"})
    {'days': 30}
    >>> parse_parameters([days], {"dyas": "30"})
    Traceback (most recent call last):
        ...
    cemlib.errors.ParameterError: There is no parameter named 'dyas'.
      to do: Did you mean 'days'?
    """
    known = {one.name: one for one in parameters}
    values = {name: one.default for name, one in known.items()}
    errors: list[ParameterError] = []
    for name, value in given.items():
        try:
            if name not in known:
                raise unknown_parameter(name, known, where)
            values[name] = known[name].check(value)
        except ParameterError as error:
            errors.append(error)
    if len(errors) == 1:
        errors[0].where = errors[0].where or where
        raise errors[0]
    if errors:
        lines = [f"  - {one.what}" + (f" Wanted: {one.wanted}." if one.wanted else "") + (f" {one.todo}" if one.todo else "") for one in errors]
        raise ParameterError(f"{len(errors)} parameters cannot be used:\n" + "\n".join(lines), where=where)
    return values


def unknown_parameter(name: str, known: Mapping[str, Parameter], where: str = "") -> ParameterError:
    """The error for a name that no parameter has, with the nearest names."""
    near = nearest_names(name, known)
    if near:
        todo = "Did you mean " + " or ".join(repr(one) for one in near) + "?"
    else:
        todo = "Choose from: " + ", ".join(known) if known else "This notebook takes no parameters."
    return ParameterError(f"There is no parameter named {shorten(name)}.", where=where, todo=todo)
