"""One family of errors: what was wanted, what came, where, and what to do.

Every error that a user can meet derives from :class:`CemError`. ``exit_code`` is what the command line ends with: 1 when
the job failed, 2 when the call itself was wrong.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "CallError",
    "CemError",
    "ContractError",
    "HeaderChangedError",
    "IngestError",
    "KpiError",
    "LakeError",
    "ParameterError",
    "PrivacyError",
    "ReportError",
    "SourceError",
    "TooFewError",
    "UnknownNameError",
    "hide_identifiers",
    "nearest_names",
    "sentence",
]

_LIKE_IDENTIFIER = re.compile(r"\+\d[\d .\-/()]{5,}\d|\d{9,}|[^\s@,;]+@[^\s@,;]+")


def hide_identifiers(text: str) -> str:
    """Take out of a text what may be a number of a subscriber or an address: for messages of libraries that repeat what they read.

    Examples
    --------
    >>> hide_identifiers("expected 3 columns, got 4: 999010000000012,ann@example.org,+33 6 39 98 00 01")
    'expected 3 columns, got 4: …,…,…'
    """
    return _LIKE_IDENTIFIER.sub("…", text)


def sentence(text: str) -> str:
    """End a text with a stop where it has none, so that another can follow it.

    Examples
    --------
    >>> sentence("Choose one of: north, south"), sentence("Did you mean 'north'?"), sentence("")
    ('Choose one of: north, south.', "Did you mean 'north'?", '')
    """
    return text if not text or text.endswith((".", "?", "!", "…")) else f"{text}."


def nearest_names(name: str, choices: Iterable[str], limit: int = 3) -> list[str]:
    """Return the choices that a misspelt name most likely meant, best first.

    Parameters
    ----------
    name : str
        What the user wrote.
    choices : iterable of str
        The names that exist.
    limit : int
        How many at the most.

    Examples
    --------
    >>> nearest_names("parnter", ["partner", "country", "rat"])
    ['partner']
    """
    by_folded = {str(choice).casefold(): str(choice) for choice in choices}
    found = difflib.get_close_matches(str(name).casefold(), list(by_folded), n=limit, cutoff=0.6)
    return [by_folded[one] for one in found]


class CemError(Exception):
    """The base of every error of the workbench.

    Parameters
    ----------
    what : str
        What went wrong, in one plain sentence.
    wanted, came : str, optional
        What was expected and what was found instead.
    where : str, optional
        File, line and column, or table and column.
    todo : str, optional
        What the reader can do about it.

    Examples
    --------
    >>> print(CemError("The file has no rows.", where="calls.csv", todo="Check the export."))
    The file has no rows.
      where: calls.csv
      to do: Check the export.
    """

    exit_code = 1

    def __init__(self, what: str, *, wanted: str = "", came: str = "", where: str = "", todo: str = "") -> None:
        self.what, self.wanted, self.came, self.where, self.todo = what, wanted, came, where, todo
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        for label, text in (("wanted", self.wanted), ("came", self.came), ("where", self.where), ("to do", self.todo)):
            if text:
                lines.append(f"  {label}: {text}")
        return "\n".join(lines)

    def __reduce__(self):
        return _rebuild, (type(self), dict(self.__dict__), self.args)


def _rebuild(kind: type[CemError], state: dict, args: tuple) -> CemError:
    """Rebuild an error in another process: keyword arguments do not survive the default pickling."""
    error = kind.__new__(kind)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


class CallError(CemError):
    """The call was wrong: nothing was tried."""

    exit_code = 2


class ParameterError(CallError):
    """A parameter is unknown, of the wrong type, or out of its range."""


class TooFewError(ParameterError):
    """So few customers or records that nothing is said of them."""


class UnknownNameError(CallError):
    """A name (KPI, table, column, source, notebook, parameter) does not exist; the nearest ones are named.

    Examples
    --------
    >>> print(UnknownNameError("KPI", "voice_drop_ration", ["voice_drop_ratio", "sms_success_ratio"]))
    There is no KPI named 'voice_drop_ration'.
      to do: Did you mean 'voice_drop_ratio'?
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str], *, where: str = "") -> None:
        choices = sorted({str(choice) for choice in choices})
        near = nearest_names(name, choices)
        if near:
            todo = "Did you mean " + " or ".join(repr(one) for one in near) + "?"
        elif len(choices) <= 20:
            todo = "Choose one of: " + ", ".join(choices) if choices else f"No {kind} is defined yet."
        else:
            todo = f"There are {len(choices)} to choose from; the first are: " + ", ".join(choices[:10])
        self.kind, self.name, self.near = kind, str(name), near
        super().__init__(f"There is no {kind} named {str(name)!r}.", where=where, todo=todo)


class SourceError(CemError):
    """A file of a source system cannot be read as what it was said to be."""


class HeaderChangedError(SourceError):
    """The header of a file is not the one that the connector or its mapping knows."""


class ContractError(CemError):
    """Records break the contract of their canonical table."""


class IngestError(CemError):
    """An ingest could not be completed; nothing of the file was committed."""


class LakeError(CemError):
    """The lake cannot be opened, read or written."""


class KpiError(CemError):
    """A KPI is ill-defined, or cannot be evaluated on the tables at hand."""


class ReportError(CemError):
    """A report failed; what had been computed until then is kept."""


class PrivacyError(CemError):
    """A view or an export would show what the reader may not see."""
