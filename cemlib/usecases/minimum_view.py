"""What every use case gives as plain data: the minimum view and the figures of its first screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

__all__ = ["Card", "MinimumView"]


@dataclass(frozen=True)
class Card:
    """One figure of the first screen.

    Attributes
    ----------
    name : str
        Its name in ``figures``.
    title, note : str
    unit : str
        Of :data:`cemlib.units.UNITS`; ``value``, ``low`` and ``high`` (95 %) are in it.
    value, low, high : float or None
    compare : str
        What it is compared to, in words.
    verdict : str
        better, worse, context, few (too few to judge).
    kpi : str
        The KPI whose records are behind it; empty where no single one is.
    where : dict
        The cell of the KPI, for the records.
    interval : str
        Words in place of the interval, for a figure that has another kind of certainty.

    Examples
    --------
    >>> Card("csat_ratio", "Satisfied", "rating 4 or 5", "ratio", 0.71, 0.68, 0.74, "1,204 answers", "context").kpi
    ''
    """

    name: str
    title: str
    note: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    compare: str
    verdict: str
    kpi: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    interval: str = ""


@dataclass(frozen=True, kw_only=True)
class MinimumView:
    """A use case's view as plain data; nothing in it is HTML. A use case adds the fields that are its own.

    Attributes
    ----------
    question : str
    answer : sequence of str
        One to three sentences, computed.
    missing : list of str
        What of the call could not be used, and what is not loaded.
    cautions : list of str
        What could not be judged, and what the data cannot tell.
    chosen : dict of str to str
        The parameters as used.
    choices : dict of str to list of (value, label)
        What each filter can be set to.
    cards : sequence of Card
        At most four.
    why : dict of str to str
        The parameters of ``root_cause`` that ask why the leading figure moved; empty where that cannot be asked.
    footer : sequence of str
        The evidence: snapshot, definitions, kind of interval, suppression.
    kpis : list of str
        The KPIs that the figures rest on.
    figures : dict of str to float
        Every figure that is shown, at full precision, equal in every face.
    tables : dict of str to DataFrame
        What is exported.

    Examples
    --------
    >>> view = MinimumView(question="Who is unhappy?", answer=["**Nobody.**"], figures={"unhappy_count": 0.0})
    >>> view.cards, view.missing
    ((), [])
    """

    question: str
    answer: Sequence[str]
    missing: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    chosen: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    cards: Sequence[Card] = ()
    why: dict[str, str] = field(default_factory=dict)
    footer: Sequence[str] = ()
    kpis: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    #: Whatever answers further questions about the view; it keeps what was read of the lake.
    _reader: Any = field(default=None, repr=False, compare=False)

    def again(self, **asked: str) -> MinimumView:
        """The view with other parameters over those it has; the lake is read again only where it must be."""
        return self._reader.again({**self.chosen, **asked})
