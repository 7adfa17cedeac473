"""Where a change comes from: the pattern of dimensions and values that explains it, or that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from cemlib.analysis.elements import Elements
from cemlib.analysis.leaves import read_leaves
from cemlib.analysis.pattern import say_pattern
from cemlib.analysis.rates import expect_rates
from cemlib.analysis.riskloc import RiskLoc
from cemlib.analysis.scan import Scan
from cemlib.analysis.shift import Shift, split_shift
from cemlib.errors import ParameterError

__all__ = ["RootCauseLocator"]

_KINDS = ("ratio", "count", "sum")
_DIRECTIONS = ("overall", "up", "down", "any")
_COLUMNS = ["pattern", "text", "depth", "direction", "share_explained", "contribution", "actual", "expected", "excess", "support", "leaves", "llr", "risk", "p"]
_FEWEST = 30
_MOST_VALUES = 10_000


class RootCauseLocator:
    """Finds the patterns (cell = 12 and device = x) that explain why a figure is not what was expected.

    Parameters
    ----------
    kind : "ratio", "count" or "sum"
        ``ratio``: ``value`` of ``weight`` trials, for instance failures of attempts. ``count``: events, optionally per ``weight`` (users, hours).
        ``sum``: an additive measure with large cells, such as volume or revenue, against its forecast.
    max_depth : int
        Most dimensions in a pattern, 1 … 4.
    direction : "overall", "up", "down" or "any"
        Which changes of ratio and count count as causes; ``overall``: those that go where the whole went, both where it did not move.
    alpha : float
        Of the p-value of a cause. It is lower than usual: rates of real cells differ from day to day by more than the model knows.
    min_share : float
        A second or later cause must explain so much of the change; so must the first where the mix explains half of it or more.
    near : float
        Explanations whose score is at most this part smaller are listed as near-equivalent.
    base_periods : float
        Count without ``weight``: how many periods the expected counts are the mean of; ``inf`` for a forecast without error.
    max_causes : int
    max_values : int
        A dimension of more values is refused.

    Attributes
    ----------
    verdict_ : str
        ``cause``, ``mix`` (the shares of the cells changed, not their rates), ``everywhere`` (all cells moved together), ``none`` or ``too few``.
    message_ : str
        The verdict as a sentence.
    causes_ : pandas.DataFrame
        One row a cause, the strongest first; empty when there is none. ``pattern`` (dict), ``text``, ``depth``, ``direction``; ``share_explained`` of the change of the
        whole (may exceed 1 when the rest went the other way; missing where the whole did not move); ``contribution`` in the unit of the whole; ``actual`` and
        ``expected`` of the pattern; ``excess`` events or amount; ``support`` share of the trials or of the forecast; ``leaves``; ``llr`` or ``risk``; ``p``.
    equivalents_ : pandas.DataFrame
        ``cause`` (row of ``causes_``), ``pattern``, ``text``, ``relative_score``: what explains nearly as much, so that the data do not tell them apart.
    waterfall_ : pandas.DataFrame
        ``step``, ``value``: expected, mix (ratio), the causes, the rest, actual; the steps between add up exactly.
    shift_ : pandas.DataFrame or None
        Ratio: ``rate_shift`` and ``mix_shift`` by all leaves and by each dimension alone.
    actual_, expected_ : float
        The whole.
    overdispersion_ : float
        How far leaves differ from their expected rate beyond chance (intraclass correlation).
    n_, n_leaves_, n_rows_, missing_share_ : float, int, int, float
        Trials (ratio), events (count) or amount (sum); cells; rows read; share of rows left out since a number was missing.
    method_, parameters_, seed_, claim : str, dict, None, str
        Nothing is drawn at random, so there is no seed.

    Notes
    -----
    ``ratio`` and ``count`` are looked through by :class:`cemlib.analysis.scan.Scan`, ``sum`` by :class:`cemlib.analysis.riskloc.RiskLoc`. Neither names nor the order of rows,
    dimensions or values change the result: ties are broken by figures alone.
    RiskLoc leaves out the five most extreme deviations at either end, so it does not see an element of five cells or fewer.

    Examples
    --------
    >>> then = pd.DataFrame([(cell, plan, 5, 500) for cell in "abcd" for plan in "xy"], columns=["cell", "plan", "fail", "att"])
    >>> now = then.assign(fail=[5, 6, 40, 4, 5, 6, 5, 4])
    >>> found = RootCauseLocator("ratio").fit(now, then, ["cell", "plan"], value="fail", weight="att")
    >>> found.verdict_, found.causes_.text[0], f"{found.causes_.share_explained[0]:.2f}"
    ('cause', 'cell = b, plan = x', '1.00')
    >>> RootCauseLocator("ratio").fit(then, then, ["cell", "plan"], value="fail", weight="att").verdict_
    'none'
    """

    claim = "association"
    seed_ = None

    def __init__(self, kind: str = "ratio", max_depth: int = 3, *, direction: str = "overall", alpha: float = 0.005, min_share: float = 0.1, near: float = 0.05,
                 base_periods: float = 1.0, max_causes: int = 5, max_values: int = _MOST_VALUES) -> None:
        for name, given, choices in (("kind", kind, _KINDS), ("direction", direction, _DIRECTIONS)):
            if given not in choices:
                raise ParameterError(f"{name} is none of its choices.", wanted=", ".join(choices), came=repr(given))
        if not (isinstance(max_depth, int) and 1 <= max_depth <= 4):
            raise ParameterError("max_depth is out of range.", wanted="1, 2, 3 or 4 dimensions in a pattern", came=repr(max_depth))
        for name, given in (("alpha", alpha), ("min_share", min_share), ("near", near)):
            if not 0 < given < 1:
                raise ParameterError(f"{name} is out of range.", wanted="a number between 0 and 1", came=repr(given))
        if not base_periods > 0 or max_causes < 1 or max_values < 1:
            raise ParameterError("base_periods, max_causes or max_values is not positive.", came=f"{base_periods}, {max_causes}, {max_values}")
        self.kind, self.max_depth, self.direction, self.alpha, self.min_share, self.near = kind, max_depth, direction, alpha, min_share, near
        self.base_periods, self.max_causes, self.max_values = base_periods, max_causes, max_values

    def fit(self, actual: pd.DataFrame, expected: pd.DataFrame, dims: Sequence[str], *, value: str, weight: str | None = None) -> RootCauseLocator:
        """Look for causes.

        Parameters
        ----------
        actual, expected : pandas.DataFrame
            What is, and what it is compared to (another period, or a forecast). Rows of the same cell are added up.
        dims : sequence of str
            Columns of both. A missing value is a value of its own.
        value, weight : str
            Columns of both: events (or amount), and the trials or exposure they are out of.

        Raises
        ------
        UnknownNameError
            A column is not there.
        ParameterError
            A table is empty or all missing, a number is negative, text or more than its trials, a dimension has too many values, or there are too many combinations.
        """
        dims = [dims] if isinstance(dims, str) else list(dims)
        if not dims or len(set(dims)) < len(dims) or {value, weight} & set(dims):
            raise ParameterError("The dimensions are none, named twice, or hold the value.", wanted="each dimension once", came=", ".join(map(str, dims)) or "none")
        if self.kind == "ratio" and weight is None:
            raise ParameterError("A ratio needs the trials that its events are out of.", todo="Name the column as weight=…, or use kind='count'.")
        if self.kind == "sum" and weight is not None:
            raise ParameterError("A sum has no weight.", came=f"weight={weight!r}", todo="Leave it out, or use kind='ratio' or 'count'.")
        names = [value] if weight is None else [value, weight]
        leaves = read_leaves({"actual": actual, "expected": expected}, dims, names, max_values=self.max_values)
        self._leaves, numbers = leaves, leaves.numbers
        self._now, self._then = numbers[f"actual.{value}"], numbers[f"expected.{value}"]
        self._check(actual, expected, names)
        self._elements = Elements(leaves, self.max_depth)
        self.n_leaves_, self.n_rows_, self.missing_share_ = len(leaves), leaves.rows, leaves.missing / leaves.rows
        self.parameters_ = {name: getattr(self, name) for name in ("kind", "max_depth", "direction", "alpha", "min_share", "near", "base_periods", "max_causes", "max_values")}
        self.overdispersion_, self.shift_, self._everywhere = 0.0, None, 1.0
        if self.kind == "sum":
            self._fit_sum()
        else:
            self._fit_events(None if weight is None else numbers[f"actual.{weight}"], None if weight is None else numbers[f"expected.{weight}"])
        return self

    def _check(self, actual: pd.DataFrame, expected: pd.DataFrame, names: list[str]) -> None:
        for table, frame in (("actual", actual), ("expected", expected)):
            numbers = frame[names].apply(pd.to_numeric)
            for name in names:
                if (numbers[name] < 0).any():
                    raise ParameterError(f"Column {name!r} has negative numbers.", wanted="0 or more", came=f"{numbers[name].min():g}",
                                         where=f"table {table!r}, {int((numbers[name] < 0).sum())} of {len(frame)} rows", todo="A change is looked for in counts or amounts, not in differences.")
                if np.isinf(numbers[name]).any():
                    raise ParameterError(f"Column {name!r} is infinite.", where=f"table {table!r}")
            if self.kind == "ratio" and (numbers[names[0]] > numbers[names[1]]).any():
                raise ParameterError("There are more events than trials.", wanted=f"{names[0]!r} at most {names[1]!r}", where=f"table {table!r}",
                                     todo="Use kind='count' for events per user or hour.")
        if self.kind != "sum" and not numbers[names[-1]].gt(0).any() and len(names) > 1:
            raise ParameterError("There are no trials to compare to.", wanted=f"{names[-1]!r} above 0 somewhere", where="table 'expected'")

    # ---- ratios and counts

    def _fit_events(self, trials: np.ndarray | None, base_trials: np.ndarray | None) -> None:
        is_plain = trials is None
        periods = min(self.base_periods, 1e9)
        trials = np.ones(len(self._leaves)) if is_plain else trials
        base_trials = np.full(len(self._leaves), periods) if is_plain else base_trials
        base_events = self._then * periods if is_plain else self._then
        rates = expect_rates(self._leaves, self._now, trials, base_events, base_trials, is_binomial=self.kind == "ratio")
        self.method_ = "likelihood scan (beta-binomial)" if self.kind == "ratio" else "likelihood scan (Poisson)"
        total, base_total = trials.sum(), base_trials.sum()
        if is_plain:
            self.actual_, self.expected_ = float(self._now.sum()), float(self._then.sum())
            contribution, mix = self._now - self._then, 0.0
            shift = None
        else:
            if not total:
                raise ParameterError("There are no trials now.", wanted="weight above 0 somewhere", where="table 'actual'")
            shift = split_shift(self._leaves, self._now, trials, self._then, base_trials, rates.rate)
            self.actual_, self.expected_, self.shift_ = shift.after, shift.before, shift.table
            contribution, mix = shift.rate, float(shift.mix.sum())
        self.n_ = float(self._now.sum() if is_plain else total)
        spread = rates.spread(np.array([(self._now.sum() + base_events.sum()) / (total + base_total)]))[0]
        self._z = (self._now.sum() / total - base_events.sum() / base_total) / max(np.sqrt(spread * (1 / total + 1 / base_total)), 1e-300)
        few = (not is_plain and min(total, base_total) < _FEWEST) or self._now.sum() + base_events.sum() == 0
        found, scan = [], None
        if not few:
            scan = Scan(self._elements, rates, signs=self._signs(), alpha=self.alpha, near=self.near, max_causes=self.max_causes)
            found = scan.run()
            self.overdispersion_, self._everywhere = scan.overdispersion, scan.everywhere
        rows = []
        for one in found:
            inside = self._elements.members(one.element) & one.alive
            now, then = self._now[inside].sum(), (trials * rates.rate)[inside].sum()
            per = 1.0 if is_plain else max(trials[inside].sum(), 1e-300)
            rows.append(self._row(one, inside, contribution, direction="up" if one.sign > 0 else "down", actual=now / per, expected=then / per, excess=now - then,
                                  support=(self._then if is_plain else trials)[inside].sum() / max((self._then if is_plain else trials).sum(), 1e-300), llr=one.llr, risk=np.nan, p=one.p))
        self._finish(rows, found, contribution, mix)
        self._judge(few, mix, shift)

    def _signs(self) -> tuple[int, ...]:
        fixed = {"up": (1,), "down": (-1,), "any": (1, -1)}
        if self.direction != "overall":
            return fixed[self.direction]
        return fixed["any"] if abs(self._z) < norm.isf(self.alpha / 2) else (int(np.sign(self._z)),)

    # ---- sums

    def _fit_sum(self) -> None:
        now, then = self._now, self._then
        self.method_, self.n_ = "RiskLoc", float(now.sum())
        self.actual_, self.expected_ = float(now.sum()), float(then.sum())
        contribution = now - then
        found = RiskLoc(self._elements, max_causes=self.max_causes, near=self.near).run(now, then) if then.sum() + now.sum() > 0 else []
        outside = np.ones(len(now), bool)
        for one in found:
            outside &= ~self._elements.members(one.element)
        noise = _relative_noise(now[outside], then[outside])
        self._z = contribution.sum() / max(noise * np.sqrt((then**2).sum()), 1e-300)
        rows, kept = [], []
        for one in found:
            inside = self._elements.members(one.element) & one.alive
            off = abs(contribution[inside].sum()) / max(noise * np.sqrt((np.maximum(now, then)[inside] ** 2).sum()), 1e-300)
            p = min(1.0, float(len(self._elements.distinct(one.alive)) * 2 * norm.sf(off)))
            if p < self.alpha:
                kept.append(one)
                rows.append(self._row(one, inside, contribution, direction="up" if contribution[inside].sum() > 0 else "down", actual=now[inside].sum(), expected=then[inside].sum(),
                                      excess=contribution[inside].sum(), support=then[inside].sum() / max(then.sum(), 1e-300), llr=np.nan, risk=one.risk, p=p))
        self._finish(rows, kept, contribution, 0.0)
        self._judge(self.n_ + then.sum() == 0, 0.0, None)

    # ---- the result

    def _row(self, one: Any, inside: np.ndarray, contribution: np.ndarray, **more: Any) -> dict[str, Any]:
        pattern = self._elements.pattern(one.element)
        change, own = self.actual_ - self.expected_, float(contribution[inside].sum())
        # with a whole that did not move, a share of its movement says nothing
        share = own / change if abs(self._z) >= 2 and change else np.nan
        return {"pattern": pattern, "text": say_pattern(pattern), "depth": len(pattern), "share_explained": share, "contribution": own, "leaves": int(inside.sum()), **more}

    def _finish(self, rows: list[dict[str, Any]], found: Sequence[Any], contribution: np.ndarray, mix: float) -> None:
        # where the mix explains the change, what has changed beside it is no cause of it
        spared = 0 if self._is_mix(mix) else 1
        kept = [number for number, row in enumerate(rows) if number < spared or self.kind == "sum" or np.isnan(row["share_explained"]) or row["share_explained"] >= self.min_share]
        self.causes_ = pd.DataFrame([rows[number] for number in kept], columns=_COLUMNS)
        near = [(place, self._elements.pattern(other), score) for place, number in enumerate(kept) for other, score in found[number].equals]
        self.equivalents_ = pd.DataFrame([(place, pattern, say_pattern(pattern), score) for place, pattern, score in near], columns=["cause", "pattern", "text", "relative_score"])
        steps = [("expected", self.expected_), *([("mix", mix)] if self.shift_ is not None else []), *zip(self.causes_["text"], self.causes_["contribution"])]
        steps += [("rest", float(contribution.sum() - self.causes_["contribution"].sum())), ("actual", self.actual_)]
        self.waterfall_ = pd.DataFrame(steps, columns=["step", "value"])

    def _judge(self, few: bool, mix: float, shift: Shift | None) -> None:
        change = self.actual_ - self.expected_
        if few:
            self.verdict_, self.message_ = "too few", "Too few trials or events to say where a change comes from."
        elif len(self.causes_):
            also = f" and {len(self.causes_) - 1} more" if len(self.causes_) > 1 else ""
            near = f"; {len(self.equivalents_)} near-equivalent" if len(self.equivalents_) else ""
            self.verdict_, self.message_ = "cause", f"{self.causes_.text[0]}{also}{near}."
        elif shift is not None and self._is_mix(mix):
            moved = shift.table.iloc[1:].assign(same=lambda rows: rows["mix_shift"] * np.sign(change)).sort_values(["same", "dimension"], ascending=[False, True]).iloc[0]
            self.verdict_ = "mix"
            self.message_ = f"The mix changed, most of all by {moved['dimension']}: no other rate of a cell explains it."
        elif self._is_moved():
            self.verdict_, self.message_ = "everywhere", "No dimension explains it: the change is everywhere."
        else:
            self.verdict_, self.message_ = "none", "No cause found: the figure is what was expected."

    def _is_moved(self) -> bool:
        return bool(abs(self._z) >= norm.isf(self.alpha / 2))

    def _is_mix(self, mix: float) -> bool:
        """Whether the whole moved, and at least half of that by other shares of the cells."""
        change = self.actual_ - self.expected_
        return self._is_moved() and mix * change > 0 and abs(mix) >= abs(change) / 2

    def summary(self) -> pd.Series:
        """The result in one column: verdict, figures, method, parameters, claim."""
        told = {"verdict": self.verdict_, "message": self.message_, "actual": self.actual_, "expected": self.expected_, "causes": len(self.causes_), "n": self.n_,
                "n_leaves": self.n_leaves_, "n_rows": self.n_rows_, "missing_share": self.missing_share_, "overdispersion": self.overdispersion_, "method": self.method_,
                "parameters": self.parameters_, "seed": self.seed_, "claim": self.claim}
        return pd.Series(told, dtype=object)


def _relative_noise(now: np.ndarray, then: np.ndarray) -> float:
    """How far amounts are from their forecast, as a share of it: median, each leaf by its size."""
    size = np.maximum(now, then)
    known = size > 0
    if not known.any():
        return 0.0
    off = np.abs(now - then)[known] / size[known]
    order = np.argsort(off, kind="stable")
    heap = np.cumsum(size[known][order])
    return float(off[order][np.searchsorted(heap, heap[-1] / 2)] / norm.ppf(0.75))
