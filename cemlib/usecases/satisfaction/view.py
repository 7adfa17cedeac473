"""The view of the use case ``satisfaction_index`` as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cemlib.usecases.minimum_view import MinimumView

if TYPE_CHECKING:
    from cemlib.experience import Explanation, SatisfactionIndex
    from cemlib.usecases.satisfaction.against import Groups
    from cemlib.usecases.satisfaction.moves import Moves

__all__ = ["SatisfactionView"]


@dataclass(frozen=True, kw_only=True)
class SatisfactionView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has, and the following.

    Attributes
    ----------
    index : SatisfactionIndex
    compared : SatisfactionIndex or None
        The index with other weights, or the other index, that ``moves`` compares with.
    mean, mean_after : dict
        n, value, low, high of the scores; with ``compared``, empty without.
    bands, bands_after : DataFrame
        See :func:`cemlib.usecases.satisfaction.spread.count_bands`.
    spread, spread_after : DataFrame
        See :func:`cemlib.usecases.satisfaction.spread.count_scores`.
    segments : DataFrame
        segment_code, score, low, high, state, subscribers; from a manager, small ones are hidden.
    drivers : DataFrame
        See :meth:`cemlib.experience.ExperienceScores.rank_drivers`.
    moves : Moves or None
    groups : Groups
        Survey against index.
    checks, fifths : DataFrame
        The honesty card: see :func:`cemlib.usecases.satisfaction.against.read_checks` and ``read_fifths``.
    card_note, baseline : str
        What the card rests on, and what it is held beside.
    lowest : DataFrame
        The customers with the lowest scores: subscriber_key, segment, score, low, high; empty for a manager.
    period : str
    role : str or None
        Whose eyes it is for.
    """

    index: SatisfactionIndex
    compared: SatisfactionIndex | None
    mean: dict[str, float]
    mean_after: dict[str, float]
    bands: pd.DataFrame
    bands_after: pd.DataFrame
    spread: pd.DataFrame
    spread_after: pd.DataFrame
    segments: pd.DataFrame
    drivers: pd.DataFrame
    moves: Moves | None
    groups: Groups
    checks: pd.DataFrame
    fifths: pd.DataFrame
    card_note: str
    baseline: str
    lowest: pd.DataFrame
    period: str
    role: str | None

    def move(self, name: str, weight: float) -> SatisfactionView:
        """The view with one weight moved, on top of those moved before; the others of its kind keep their proportions.

        Raises
        ------
        UnknownNameError
            When there is no such weight.
        ParameterError
            When it leaves nothing to the others.
        """
        return self._reader.move(self, name, weight)

    def explain(self, key: str = "", segment: str = "") -> Explanation:
        """The parts of the score of one customer, or the mean parts of a segment.

        Raises
        ------
        PrivacyError
            For a manager who asks for a customer, or for a segment of few.
        ParameterError
            When it was not scored.
        """
        return self._reader.explain(self, key, segment)
