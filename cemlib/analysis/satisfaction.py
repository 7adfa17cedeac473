"""Models of satisfaction, with every split by customer."""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cemlib.analysis.asymmetry import find_knee, penalty_and_reward
from cemlib.analysis.columns import read_numbers
from cemlib.analysis.drivers import share_by_segment
from cemlib.analysis.expectation import PriceOfQuality, weigh_price
from cemlib.analysis.leaks import find_leaks, find_suspects
from cemlib.analysis.resampling import MIN_CUSTOMERS, draw_customers
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["Learned", "SatisfactionModel", "read_ratings"]


def read_ratings(y: pd.Series, scale: tuple[float, float] = (1, 5)) -> pd.Series:
    """Return answers of a survey as numbers; a missing answer stays missing.

    Raises
    ------
    ParameterError
        An answer is text ("yes", "1, 3") or off the scale (19).

    Examples
    --------
    >>> read_ratings(pd.Series(["4", 5, None])).tolist()
    [4.0, 5.0, nan]
    """
    found = pd.to_numeric(y, errors="coerce").astype(float)
    bad = y.notna() & ~found.between(*scale)
    if bad.any():
        raise ParameterError("An answer is no rating.", wanted=f"numbers from {scale[0]:g} to {scale[1]:g}", came=", ".join(repr(one)[:20] for one in y[bad].drop_duplicates().head(3).tolist()),
                             where=f"{int(bad.sum())} of {len(y)} answers", todo="Correct these answers or make them missing.")
    return found


@dataclass(frozen=True)
class Learned:
    """What a fit learned beside the model of all ratings, which is fitted when it is asked for.

    Attributes
    ----------
    warnings : list of str
    oof : ndarray
        By place in the ratings that were drawn for fitting.
    half_width : float
    """

    warnings: list[str]
    oof: np.ndarray
    half_width: float


class SatisfactionModel:
    """Expected satisfaction from KPIs, price and expectation.

    Parameters
    ----------
    family : "ordinal" or "gbm"
        Proportional odds (McCullagh 1980) or gradient-boosted trees.
    monotone : mapping of str to -1 or 1, optional
        Direction of a feature's effect; ``gbm`` alone.
    answers : sequence of str
        Patterns of columns that were asked together with the rating, such as ``"QoF_*"``: they are refused. Many are noticed without being told.
    known_before : sequence of str
        Features on a scale of answers (1 to 5) that were surely known before the rating: they are not taken for answers.
    scale : tuple
    level : float
        Of the intervals of one rating.
    fit_rows : int
        The trees or the ordinal model are fitted on at most so many ratings, of customers drawn at random; what-if and drivers use all.
    seed : int

    Attributes
    ----------
    oof_ : pandas.Series
        Prediction of each rating that was drawn for fitting by a model that has not seen its customer.
    n_, n_missing_, n_customers_ : int
    half_width_ : float
        The quantile of the errors of ``oof_`` at ``level``: conformal residuals (Lei et al. 2018) with cross-validated errors in the place of a
        calibration set, so without their guarantee for finite samples.
    warnings_ : list of str
        Features that may know the answer.
    learned_ : Learned
    claim : str

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"stalls": rng.uniform(0, 1, 400)})
    >>> y = (4.4 - 2 * X["stalls"] + rng.normal(0, 0.3, 400)).round().clip(1, 5)
    >>> model = SatisfactionModel("gbm", monotone={"stalls": -1}).fit(X, y)
    >>> good, bad = model.predict(pd.DataFrame({"stalls": [0.1, 0.9]}))
    >>> bool(good > bad + 1)
    True
    """

    claim = "association"

    def __init__(self, family: str = "ordinal", *, monotone: Mapping[str, int] | None = None, answers: Sequence[str] = (), known_before: Sequence[str] = (),
                 scale: tuple[float, float] = (1, 5), level: float = 0.9, fit_rows: int = 20_000, seed: int = 0) -> None:
        if family not in ("ordinal", "gbm"):
            raise UnknownNameError("family", family, ["ordinal", "gbm"])
        if monotone and family == "ordinal":
            raise ParameterError("An ordinal model takes no directions.", todo='Use family="gbm", or leave out monotone.')
        if any(one not in (-1, 1) for one in (monotone or {}).values()):
            raise ParameterError("A direction is neither -1 nor 1.", came=str(dict(monotone or {})))
        self.family, self.monotone, self.answers = family, dict(monotone or {}), tuple(answers)
        self.known_before, self.scale, self.level, self.fit_rows, self.seed = tuple(known_before), scale, level, fit_rows, seed

    def fit(self, X: pd.DataFrame, y: pd.Series, groups: pd.Series | None = None, *, learned: Learned | None = None) -> SatisfactionModel:
        """Fit; ``groups`` is the customer of each row (each row its own one by default), ``learned`` what a fit of the same model to the same ratings learned before.

        Raises
        ------
        ParameterError
            A feature leaks the answer or is known of nobody, an answer is no rating, two rows have the same index, or there are too few.
        """
        numbers = read_numbers(X, getattr(X, "columns", ()))
        for name, given in (("y", y), ("groups", groups)):
            if given is not None and len(given) != len(X):
                raise ParameterError(f"{name} has not as many rows as X.", wanted=str(len(X)), came=str(len(given)))
        if X.index.has_duplicates:
            raise ParameterError("Two rows have the same index.", todo="Use reset_index(drop=True) and give the customer as groups.")
        for name in [*self.monotone, *self.known_before]:
            if name not in X.columns:
                raise UnknownNameError("feature", name, X.columns)
        asked = [name for name in X.columns if any(fnmatch.fnmatchcase(name, one) for one in self.answers)]
        target = read_ratings(pd.Series(np.asarray(y), index=X.index), self.scale)
        who = pd.Series(np.asarray(groups) if groups is not None else np.arange(len(X)), index=X.index)
        keep = (target.notna() & who.notna()).to_numpy()
        unknown = [name for name in numbers if keep.any() and numbers.loc[keep, name].isna().all()]
        if unknown or numbers.shape[1] == 0:
            raise ParameterError(f"Feature {unknown[0]!r} is known of no rating." if unknown else "There is no feature.", todo="Leave it out." if unknown else "Give at least one column.")
        if self.family == "ordinal":
            keep = keep & numbers.notna().all(axis=1).to_numpy()
        self.X_, self.y_, self.groups_ = numbers[keep], target[keep], who[keep]
        self.n_, self.n_missing_, self.n_customers_ = int(keep.sum()), int((~keep).sum()), int(self.groups_.nunique())
        if self.n_customers_ < MIN_CUSTOMERS or self.y_.nunique() < 2:
            raise ParameterError("Too few ratings for a model.", wanted="30 customers and two different answers", came=f"{self.n_customers_} customers, {self.y_.nunique()} answers")
        self.features_ = list(self.X_.columns)
        self._centre, self._spread = self.X_.mean(), self.X_.std().where(lambda one: one > 0, 1.0)
        vars(self).pop("_trained", None)
        self.learned_ = learned or self._learn(asked)
        self.warnings_, self.half_width_ = self.learned_.warnings, self.learned_.half_width
        self.oof_ = pd.Series(self.learned_.oof, index=self._sample()[0].index)
        return self

    def _learn(self, asked: Sequence[str]) -> Learned:
        """Refuse what knows the answer, note what may, and see how far the predictions for customers that were not seen are off."""
        from sklearn.model_selection import GroupKFold

        leaks = find_leaks(self.X_, self.y_, self.groups_, known_before=self.known_before)
        if asked or len(leaks):
            why = [f"{name}: asked together with the rating" for name in asked]
            why += [f"{one.feature}: {one.sign}" for one in leaks.itertuples() if one.feature not in asked]
            raise ParameterError("A feature leaks the outcome: it would not be known beforehand.", came="; ".join(why), todo="Leave it out of the features; one that was surely known before the rating can be named in known_before.")
        suspects = find_suspects(self.X_, self.y_, self.groups_, known_before=self.known_before)
        X, y, who = self._sample()
        oof = np.full(len(X), np.nan)
        for train, test in GroupKFold(5).split(X, groups=who):
            oof[test] = self._expect(self._fit(X.iloc[train], y.iloc[train]), X.iloc[test])
        error = np.sort(np.abs(y.to_numpy() - oof))
        if self.family == "ordinal":
            # all ratings may not settle where parts of them do: that is told now
            _ = self._trained
        return Learned([f"{one.feature}: {one.sign}. Was it known before the rating?" for one in suspects.itertuples()], oof,
                       float(error[min(int(np.ceil(self.level * (len(y) + 1))), len(y)) - 1]))

    @cached_property
    def _trained(self):
        """The model of all ratings that were drawn: fitted when a rating is predicted; a what-if, a driver and a knee do without."""
        return self._fit(*self._sample()[:2])

    def _sample(self) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
        """All ratings, or those of customers drawn until there are enough."""
        keep = draw_customers(self.groups_, self.fit_rows, self.seed)
        return self.X_[keep], self.y_[keep], self.groups_[keep]

    def _fit(self, X: pd.DataFrame, y: pd.Series):
        if self.family == "gbm":
            # loaded by who fits: what was learned before is read without. A feature that these customers all miss says nothing, and is no reason to fail
            from sklearn.ensemble import HistGradientBoostingRegressor

            return HistGradientBoostingRegressor(monotonic_cst=self.monotone or None, learning_rate=0.05, max_iter=150, max_leaf_nodes=15,
                                                 min_samples_leaf=20, random_state=self.seed).fit(X.fillna(dict.fromkeys(X.columns[X.isna().all()], 0.0)), y)
        # loaded by who asks: trees do without
        from statsmodels.miscmodels.ordinal_model import OrderedModel
        from statsmodels.tools.sm_exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                codes = pd.Series(pd.Categorical(y, ordered=True), index=X.index)
                return OrderedModel(codes, (X - self._centre) / self._spread, distr="logit").fit(method="bfgs", maxiter=500, disp=False, skip_hessian=True), np.sort(y.unique())
            except (ConvergenceWarning, np.linalg.LinAlgError) as error:
                raise ParameterError("The ordinal model does not settle.", came=str(error)[:100], todo='Leave out constant or nearly equal features, or use family="gbm".') from error

    def _expect(self, fitted, X: pd.DataFrame) -> np.ndarray:
        if self.family == "gbm":
            return np.clip(fitted.predict(X), *self.scale)
        result, levels = fitted
        return np.asarray(result.model.predict(result.params, exog=((X - self._centre) / self._spread).to_numpy())) @ levels

    def predict(self, X: pd.DataFrame) -> pd.Series:
        """Expected rating of each row."""
        self._fitted()
        numbers = read_numbers(X, self.features_)
        return pd.Series(self._expect(self._trained, numbers) if len(numbers) else np.empty(0), index=numbers.index)

    def predict_interval(self, X: pd.DataFrame) -> pd.DataFrame:
        """``expected``, ``low``, ``high``: where the rating of a customer not seen before lies with probability ``level``."""
        middle = self.predict(X)
        return pd.DataFrame({"expected": middle, "low": (middle - self.half_width_).clip(*self.scale), "high": (middle + self.half_width_).clip(*self.scale)})

    def drivers(self, by: pd.Series | None = None, **options) -> pd.DataFrame:
        """Share of the differences that goes with each group of KPIs, by segment; see :func:`cemlib.analysis.drivers.share_by_segment`."""
        return share_by_segment(*self._fitted(), by, seed=self.seed, **options)

    def asymmetry(self, reference: Mapping[str, float] | None = None, level: float = 0.98) -> pd.DataFrame:
        """What a KPI below its reference costs and above it brings; see :func:`cemlib.analysis.asymmetry.penalty_and_reward`."""
        return penalty_and_reward(*self._fitted(), better=self.monotone, reference=reference, level=level)

    def knee(self, feature: str, **options) -> dict:
        """From where more of a KPI brings nearly nothing; see :func:`cemlib.analysis.asymmetry.find_knee`."""
        return find_knee(*self._fitted(), feature, seed=self.seed, **{"better": self.monotone.get(feature, 1), **options})

    def weigh_price(self, quality: str, price: str, level: float = 0.9) -> PriceOfQuality:
        """Whether those who pay more rate the same quality otherwise; see :func:`cemlib.analysis.expectation.weigh_price`."""
        return weigh_price(*self._fitted(), quality=quality, price=price, level=level)

    def _fitted(self) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
        if not hasattr(self, "learned_"):
            raise ParameterError("The model is not fitted yet.", todo="Call fit(X, y, groups) first.")
        return self.X_, self.y_, self.groups_
