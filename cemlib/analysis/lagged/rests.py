"""The rests of all series of aligned tables, entity by entity with their own confounders."""

from __future__ import annotations

import numpy as np

from cemlib.analysis.lagged.align import Aligned
from cemlib.analysis.lagged.season import fourier_season
from cemlib.analysis.lagged.whiten import Whitened, whiten

__all__ = ["rests"]


def rests(aligned: Aligned, *, deseason: str | None, side: int, adjusted: bool, roll: int = 0, zone: str | None = None) -> Whitened:
    """Whiten every series of the tables; those that cannot be judged and the confounders stay missing.

    Parameters
    ----------
    aligned : Aligned
    deseason : "fourier" or None
    side : int
        Lags of the confounders: each acts for so many bins at most, fewer where the bins do not suffice to learn that.
    adjusted : bool
        Whether the confounders are taken out.
    roll : int
        Bins by which the series (with their confounders) are moved around a circle, for a placebo.
    zone : str, optional
        Whose clock the season follows.
    """
    values = np.roll(aligned.values, -roll, axis=0) if roll else aligned.values
    season = fourier_season(aligned.times, aligned.grain, deseason, zone)
    count = values.shape[1]
    out = Whitened(np.full(values.shape, np.nan), np.full(values.shape, np.nan), np.zeros(count, int), np.zeros(count, int), np.zeros(count, bool))
    series = aligned.series
    judged = (series["side"] != "given") & (series["why"] == "")
    confounds = (series["side"] == "given") & ~series["why"].isin(["always the same value", "no value in the common period"])
    everywhere = series["entity"].isna()
    codes = series["entity"].astype(object).where(~everywhere, None)
    for entity in dict.fromkeys(codes[judged]):
        here = everywhere if entity is None else codes == entity
        columns = np.flatnonzero(judged & here)
        given = np.flatnonzero(confounds & (everywhere | here)) if adjusted else np.zeros(0, int)
        found = whiten(values[:, columns], season, _with_lags(values[:, given], side))
        out.rest[:, columns], out.level[:, columns] = found.rest, found.level
        out.used[columns], out.order[columns], out.is_seasonal[columns] = found.used, found.order, found.is_seasonal
    return out


def _with_lags(given: np.ndarray, side: int) -> np.ndarray:
    bins, count = given.shape
    if not count:
        return given
    # a twentieth of the bins may be spent on coefficients
    reach = int(np.clip(bins // (20 * count) - 1, 0, side))
    out = np.full((bins, count * (reach + 1)), np.nan)
    for lag in range(reach + 1):
        out[lag:, lag * count:(lag + 1) * count] = given[:bins - lag]
    # the first bins have no past: they are taken at the mean, which costs less than leaving them out
    head = out[:reach]
    out[:reach] = np.where(np.isfinite(head), head, np.nan_to_num(np.nanmean(out, axis=0)))
    return (out - np.nanmean(out, axis=0)) / np.maximum(np.nanstd(out, axis=0), 1e-12)
