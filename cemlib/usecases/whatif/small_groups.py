"""What of a study a manager does not see, so that no figure of a few customers can be read or worked out from the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import pandas as pd

from cemlib.privacy import may_see_records, suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.cell_suppression import hide_cells
from cemlib.usecases.whatif.scenario import Scenario

__all__ = ["SmallGroups"]

#: Columns that say what a row is of, rather than a figure of it.
_NAMES = ("group", "segment", "driver", "improvement", "changes", "state")


class SmallGroups:
    """The levels of a study's groups that are hidden, the same in every table: those of few customers, and those from which these could be worked out.

    Parameters
    ----------
    features : DataFrame
        Of each rating; where one is missing the rating is left out of what needs it.
    groups : DataFrame of category
        By the same index.
    customers : Series
        By the same index.
    role : str, optional
        From those who may see records nothing is hidden.

    Examples
    --------
    Of three people in the north the south, the next smallest, would tell.

    >>> customers = pd.Series(range(100))
    >>> groups = pd.DataFrame({"region": ["north"] * 3 + ["south"] * 40 + ["west"] * 57}, dtype="category")
    >>> sorted(SmallGroups(pd.DataFrame(index=groups.index), groups, customers, "manager").levels("region"))
    ['north', 'south']
    """

    def __init__(self, features: pd.DataFrame, groups: pd.DataFrame, customers: pd.Series, role: str | None = None) -> None:
        self._features, self._groups, self._customers, self._role = features, groups, customers, role
        self._levels: dict[tuple, frozenset[str]] = {}
        self._cells: dict[tuple, pd.DataFrame] = {}

    def levels(self, group: str, needed: Iterable[str] = ()) -> frozenset[str]:
        """The levels of a group of which nothing is shown, where the features that are needed are known."""
        needed = self._gaps(needed)
        if may_see_records(self._role):
            return frozenset()
        if (group, needed) not in self._levels:
            self._levels[group, needed] = self._find_levels(group, needed)
        return self._levels[group, needed]

    def is_hidden(self, who: str, needed: Iterable[str] = ()) -> bool:
        """Whether nothing is shown of those who are chosen: ``group=level``, or all."""
        group, _, level = who.partition("=")
        if not level:
            return not may_see_records(self._role) and self._customers.nunique() < settings().minimum_group
        return level in self.levels(group, needed)

    def within(self, who: str, by: str, needed: Iterable[str] = ()) -> frozenset[str]:
        """The levels of another group of which nothing is shown among those who are chosen."""
        group, _, level = who.partition("=")
        if not level or may_see_records(self._role):
            return self.levels(by, needed)
        # the same cells are hidden whichever of the two groups is chosen, and whichever is compared
        first, second = sorted((group, by))
        hidden = self._hidden_cells(first, second, self._gaps(needed))
        row = (hidden if group == first else hidden.T).reindex(index=[level], fill_value=True).loc[level]
        return frozenset(row.index[row.to_numpy(bool)])

    def hide(self, frame: pd.DataFrame, hidden: Collection[str]) -> pd.DataFrame:
        """A table by ``segment`` without a figure of those that are hidden; they stand last, since their order would tell of their figures.

        Parameters
        ----------
        frame : DataFrame
            With ``segment``, ``n_customers`` and ``state``.
        hidden : collection of str

        Returns
        -------
        DataFrame
            Their figures are null, their words empty, and ``state`` is "suppressed".
        """
        counts = [name for name in ("n", "n_customers") if name in frame]
        told = frame.astype(dict.fromkeys(counts, "Int64"))
        figures = [name for name in told if name not in _NAMES]
        words = [name for name in figures if not pd.api.types.is_numeric_dtype(told[name])]
        told["_seen"] = told["n_customers"].mask(told["segment"].isin(list(hidden)))
        told = suppress_small_groups(told, self._role, subscribers="_seen", figures=figures)
        is_hidden = told["is_suppressed"]
        told[words] = told[words].mask(is_hidden, "")
        names = [name for name in ("segment", "driver") if name in told]
        return pd.concat([told[~is_hidden], told[is_hidden].sort_values(names)] if is_hidden.any() else [told], ignore_index=True)[list(frame.columns)]

    def hide_scenario(self, one: Scenario) -> Scenario:
        """A scenario as the reader may see it: where those who are chosen are hidden without any figure, and else with those hidden who are among them."""
        needed = [] if one.result is None else [*one.values, *one.result.adjustment_set]
        if self.is_hidden(one.who) or self.is_hidden(one.who, needed):
            return replace(one, n=None, n_customers=None, now=None, now_low=None, now_high=None, result=None, problem="", cost=None,
                           compared=one.compared.iloc[:0], bands=one.bands.assign(now=0.0, then=0.0))
        return one if one.compared.empty else replace(one, compared=self.hide(one.compared, self.within(one.who, one.by, needed)))

    def _gaps(self, needed: Iterable[str]) -> frozenset[str]:
        """Those that are missing somewhere: the others leave no rating out."""
        return frozenset(name for name in needed if self._features[name].isna().any())

    def _known(self, needed: frozenset[str]) -> pd.Series:
        return self._features[sorted(needed)].notna().all(axis=1)

    def _find_levels(self, group: str, needed: frozenset[str]) -> frozenset[str]:
        known = self._known(needed)
        sizes = self._customers[known].groupby(self._groups.loc[known, group].astype(str)).nunique().rename_axis("level").reset_index(name="customers")
        # what is hidden of all ratings stays so, and hides no more others than few would
        already = self.levels(group) if needed else frozenset()
        counted = sizes["customers"].mask(sizes["level"].isin(already), sizes["customers"].clip(upper=settings().minimum_group - 1))
        shown = suppress_small_groups(sizes.assign(customers=counted), self._role, subscribers="customers", figures=(), total_shown=True)
        return already | frozenset(shown.loc[shown["is_suppressed"], "level"])

    def _hidden_cells(self, rows: str, columns: str, needed: frozenset[str]) -> pd.DataFrame:
        if (rows, columns, needed) not in self._cells:
            known = self._known(needed)
            names = [self._groups.loc[known, one].astype(str) for one in (rows, columns)]
            counts = self._customers[known].groupby(names).nunique().unstack(fill_value=0)
            hidden = hide_cells(counts, self.levels(rows, needed), self.levels(columns, needed))[0]
            if needed:
                more = self._hidden_cells(rows, columns, frozenset())
                hidden = hidden.reindex_like(more).fillna(True).astype(bool) | more
            self._cells[rows, columns, needed] = hidden
        return self._cells[rows, columns, needed]
