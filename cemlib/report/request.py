"""What the page asks for: the values of the parameters cell, and in an app those of its address.

``page = cem.page_parameters("roaming_monitoring", globals())`` stands below the parameters cell. In JupyterLab and in a report it
checks what the cell says; in an app served by Voilà it puts the values of the URL over it, and an ill one is ignored with a message.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cemlib.errors import ParameterError, ReportError, UnknownNameError, sentence
from cemlib.report.parameter import Parameter, shorten
from cemlib.report.parameters import parse_parameters, read_parameters, unknown_parameter
from cemlib.settings import settings

__all__ = ["APP_VARIABLES", "Page", "find_notebook", "notebook_names", "page_parameters"]

#: What Voilà puts into a kernel's environment; a report that an app starts must not inherit it.
APP_VARIABLES = ("QUERY_STRING", "SCRIPT_NAME", "PATH_INFO", "SERVER_SOFTWARE", "SERVER_PROTOCOL", "SERVER_PORT", "SERVER_NAME")
# parts of an address that are for the server, not for the notebook
_NOT_OURS = {"token", "template", "theme", "reload"}
_MOST_MESSAGES = 5


class Page(SimpleNamespace):
    """The values of a notebook's parameters, as attributes.

    ``values`` has them as a dict, ``messages`` what in the address could not be used (plain text, to be escaped where it is
    shown), ``face`` is ``"app"``, ``"report"`` or ``"notebook"``, and ``query`` is the address that leads here again.

    Examples
    --------
    >>> page = Page(days=7)
    >>> page.days
    7
    """

    values: dict[str, Any]
    messages: list[str]
    face: str
    query: str


def notebook_names() -> list[str]:
    """The names of the notebooks that can be run as a report: those in the project's notebooks folder."""
    return sorted(path.stem for path in (settings().home / "notebooks").glob("*.ipynb"))


def find_notebook(name: str | Path) -> Path:
    """Find a notebook by its path, or by its name in the project's notebooks folder.

    Raises
    ------
    UnknownNameError
        When there is none; the nearest names are given.
    """
    given = Path(name)
    folder = settings().home / "notebooks"
    running = os.environ.get("CEM_NOTEBOOK", "")
    places = [given, Path(running)] if running and Path(running).stem == str(name) else [given]
    if len(given.parts) == 1 and not given.suffix:
        places += [Path.cwd() / f"{name}.ipynb", folder / f"{name}.ipynb", folder / "tutorials" / f"{name}.ipynb"]
    elif not given.is_absolute():
        places += [settings().home / given, folder / given]
    for place in places:
        if place.suffix == ".ipynb" and place.is_file():
            return place.resolve()
    raise UnknownNameError("notebook", given.stem if given.suffix == ".ipynb" else str(name), notebook_names(), where=str(folder))


def page_parameters(notebook: str | Path, namespace: MutableMapping[str, Any]) -> Page:
    """Give the parameters that this page is to show; call it below the parameters cell.

    In a kernel that Voilà has started ahead, this waits until a reader opens the page: what does not depend on the reader belongs above it.

    Parameters
    ----------
    notebook : str or Path
        The notebook's name, such as ``"roaming_monitoring"``.
    namespace : mutable mapping
        ``globals()`` of the notebook. The values that count are written back into it, so that ``days`` and ``page.days`` agree.

    Returns
    -------
    Page

    Raises
    ------
    ParameterError
        When the parameters cell was changed to a value that its own type does not allow.
    UnknownNameError
        When there is no such notebook.
    """
    parameters = read_parameters(find_notebook(notebook))
    reserved = {"values", "messages", "face", "query"}.intersection(one.name for one in parameters)
    if reserved:
        raise ReportError("A parameter has a name that a page uses itself.", came=", ".join(sorted(reserved)), where=str(notebook))
    values = parse_parameters(parameters, {one.name: namespace.get(one.name, one.default) for one in parameters}, where=str(notebook))
    face, text = _face()
    asked, messages = _read_address(parameters, text)
    values |= asked
    namespace.update(values)
    changed = {one.name: str(values[one.name]) for one in parameters if values[one.name] != one.default}
    return Page(**values, values=values, messages=messages, face=face, query=urllib.parse.urlencode(changed))


def _face() -> tuple[str, str]:
    """Which of the three faces this kernel shows, and the query of the address."""
    if os.environ.get("CEM_FACE") == "report":
        return "report", ""
    if "VOILA_BASE_URL" not in os.environ and not os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return "notebook", ""
    if os.environ.get("VOILA_PREHEAT", "False") != "False":
        # the kernel was started before anybody asked: the request comes later, through Voilà's own socket
        from voila.utils import wait_for_request

        wait_for_request()
    return "app", os.environ.get("QUERY_STRING", "")


def _read_address(parameters: list[Parameter], text: str) -> tuple[dict[str, Any], list[str]]:
    """The values that an address gives, and a message for each part of it that cannot be used."""
    known = {one.name: one for one in parameters}
    values: dict[str, Any] = {}
    messages: list[str] = []
    try:
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}, ["The address has too many parts; none of them was used."]
    for name, value in pairs:
        if name in _NOT_OURS or name.startswith("voila-"):
            continue
        try:
            if name not in known:
                raise unknown_parameter(name, known)
            checked = known[name].check(value)
        except ParameterError as error:
            todo = error.todo if name not in known else f"It takes {known[name].wanted}."
            messages.append(f"{sentence(error.what)} {sentence(todo)} This part of the address was not used.")
            continue
        if name in values and values[name] != checked:
            messages.append(f"The address gives {name!r} more than once; {shorten(checked)} counts.")
        values[name] = checked
    if len(messages) > _MOST_MESSAGES:
        messages = [*messages[:_MOST_MESSAGES], f"{len(messages) - _MOST_MESSAGES} more parts of the address were not used."]
    return values, messages
