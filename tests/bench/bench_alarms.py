"""False alarms, power and delay of the alarms: ``ONLY=alarms``, or this file with ``--seed`` and ``--entities`` for larger runs.

Every history is drawn afresh; the overdispersion is estimated from it, never given. Per volume (calls an hour, Poisson):

* alarms / nominal: null hours called below, over those that alpha = .001 allows; with one-hour bins and with trailing windows. Days may differ
  from each other ("days differ": half of the overdispersion is the day's), or a third of the past may be a failure ("dirty").
* worst of alone: entities fitted one by one; the exact probability of a false alarm of the entity whose limit came out nearest, over alpha.
* found within 24 h and 7 days of a lasting fall from 97 to 90 %, by hours alone and by trailing windows.
* outages of a ratio, and of a level with a daily and weekly season (three kinds of noise), found within 2 bins, false alarms per entity and week, alarms per outage.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

from cemlib.analysis import BetaBinomialBaseline, PooledBaseline, SeasonalBand, find_change
from cemlib.analysis.betabinomial import beta_shape, quantile, tail_parts
from tests.bench.measure import figure

VOLUMES = (5, 20, 100, 1000, 20000)
ALPHA, RATE, RHO = 0.001, 0.97, 0.002
BEGIN = pd.Timestamp("2026-03-01", tz="UTC")
PAST, WEEK = 28 * 24, 168


def draw(rng: np.random.Generator, rate: float | np.ndarray, den: np.ndarray, days_differ: bool = False) -> np.ndarray:
    """Successes of bins (entity x hour) of these volumes."""
    rate = np.broadcast_to(rate, den.shape)
    if not days_differ:
        return rng.binomial(den, rng.beta(*beta_shape(rate, RHO)))
    first = rate[:, ::24]
    day = np.repeat(rng.beta(*beta_shape(first, RHO / 2)), 24, axis=1)[:, : den.shape[1]]
    return rng.binomial(den, rng.beta(*beta_shape(np.clip(day, 0.01, 0.9999), RHO / 2)))


def to_frame(num: np.ndarray, den: np.ndarray, begin: pd.Timestamp = BEGIN) -> pd.DataFrame:
    """One row per entity and hour."""
    entities, bins = den.shape
    at = pd.date_range(begin, periods=bins, freq="h")
    return pd.DataFrame({"entity": np.repeat(np.arange(entities), bins), "at": at.append([at] * (entities - 1)), "num": num.ravel(), "den": den.ravel()})


def past_of(rng: np.random.Generator, volume: int, entities: int, *, days_differ: bool = False, dirty: bool = False) -> pd.DataFrame:
    """28 days; dirty: the last nine of them ran at 87 %."""
    den = rng.poisson(volume, (entities, PAST))
    rate = np.where(np.arange(PAST) >= (19 * 24 if dirty else PAST), 0.87, RATE)
    return to_frame(draw(rng, rate, den, days_differ), den, BEGIN - pd.Timedelta(PAST, "h"))


def measure_false(rng: np.random.Generator, volume: int, entities: int, hours: int, **kind: bool) -> dict[str, float]:
    """Share of null bins called bad over alpha, and alarms per entity and week."""
    history = past_of(rng, volume, entities, **kind)
    den = rng.poisson(volume, (entities, hours))
    now = to_frame(draw(rng, RATE, den, kind.get("days_differ", False)), den)
    hour = BetaBinomialBaseline(ALPHA).fit(history).judge(now)
    watched = PooledBaseline(ALPHA).fit(history).watch(now)
    return {"hours": float((hour["verdict"] == "below").mean()) / ALPHA, "windows": float((watched.bins["verdict"] == "bad").mean()) / ALPHA,
            "alarms": len(watched.table) / (entities * hours / WEEK)}


def measure_worst(rng: np.random.Generator, volume: int, entities: int, dirty: bool) -> np.ndarray:
    """The exact probability of a false alarm of entities that are fitted alone, over alpha."""
    found = []
    for _, part in past_of(rng, volume, entities, dirty=dirty).groupby("entity"):
        (rate,), (rho,) = BetaBinomialBaseline(ALPHA).fit(part).look_up(part.head(1))
        limit = quantile(ALPHA, np.array([volume]), rate, rho)
        limit -= sum(tail_parts(limit, [volume], rate, rho)) > ALPHA
        found.append(sum(tail_parts(np.maximum(limit, 0), [volume], RATE, RHO))[0] / ALPHA if limit[0] >= 0 else 0.0)
    return np.array(found)


def measure_fall(rng: np.random.Generator, volume: int, entities: int) -> dict[str, float]:
    """A fall from 97 to 90 % that lasts: hours called bad, and entities found in time by hours alone and by windows."""
    history, den = past_of(rng, volume, entities), rng.poisson(volume, (entities, 2 * WEEK))
    now = to_frame(draw(rng, np.where(np.arange(2 * WEEK) < WEEK, RATE, 0.90), den), den)
    since = BEGIN + pd.Timedelta(WEEK, "h")
    found = {"power": float((BetaBinomialBaseline(ALPHA).fit(history).judge(now[now["at"] >= since])["verdict"] == "below").mean())}
    for name, base in (("hours", PooledBaseline(ALPHA, ["1h"])), ("windows", PooledBaseline(ALPHA))):
        first = base.fit(history).watch(now, since=since).table.groupby("entity")["opened_at"].min().reindex(range(entities))
        for span in (24, WEEK):
            found[f"{name} {span}"] = float((first < since + pd.Timedelta(span, "h")).mean())
    return found


def measure_outage(rng: np.random.Generator, volume: int, entities: int, rate: float) -> dict[str, float]:
    """Two outages of three hours each in two weeks."""
    history, den = past_of(rng, volume, entities), rng.poisson(volume, (entities, 2 * WEEK))
    place = np.arange(2 * WEEK)
    begins = (100, 250)
    out = np.any([(place >= one) & (place < one + 3) for one in begins], axis=0)
    watched = PooledBaseline(ALPHA).fit(history).watch(to_frame(draw(rng, np.where(out, rate, RATE), den), den))
    return score_outage(watched.table, entities, begins, 3, 2)


def score_outage(table: pd.DataFrame, entities: int, begins: tuple[int, ...], lasts: int, weeks: int) -> dict[str, float]:
    """Outages found within two bins, false alarms per entity and week, alarms per outage found."""
    opened = (table["opened_at"] - BEGIN) / pd.Timedelta("1h")
    near = np.array([(opened >= one) & (opened < one + lasts + 6) for one in begins])
    in_time = {(entity, one) for one in begins for entity in table["entity"][(opened >= one) & (opened < one + 2)]}
    met = {(entity, one) for one, hit in zip(begins, near) for entity in table["entity"][hit]}
    return {"found": len(in_time) / (entities * len(begins)), "false": float((~near.any(axis=0)).sum()) / (entities * weeks), "repeats": float(near.sum()) / max(len(met), 1)}


def draw_level(rng: np.random.Generator, entities: int, hours: int, noise: str) -> pd.DataFrame:
    """Counts with a daily wave and quieter weekends, and noise of a kind beyond Poisson's."""
    at = pd.date_range(BEGIN, periods=hours, freq="h")
    wave = (1 + 0.6 * np.sin((at.hour.to_numpy() - 9) / 24 * 2 * np.pi)) * np.where(at.day_of_week >= 5, 0.6, 1.0)
    mean, stray = rng.uniform(50, 2000, entities)[:, None] * wave, np.ones((entities, hours))
    if noise == "heavy":
        stray = np.maximum(1 + 0.05 * rng.standard_t(3, stray.shape), 0)
    elif noise == "sticky":
        stray = np.zeros(stray.shape)
        for place in range(1, hours):
            stray[:, place] = 0.7 * stray[:, place - 1] + rng.normal(0, 0.05, entities)
        stray = np.exp(stray)
    return to_frame(rng.poisson(mean * stray), np.zeros((entities, hours), int)).rename(columns={"num": "value"})


def measure_level(rng: np.random.Generator, entities: int, noise: str) -> dict[str, float]:
    """Null bins below over alpha, and two outages of three hours to a tenth in the two weeks after the past."""
    frame = draw_level(rng, entities, PAST + 2 * WEEK, noise)
    hour = ((frame["at"] - BEGIN) / pd.Timedelta("1h")).to_numpy()
    band, now = SeasonalBand(kind="count").fit(frame[hour < PAST]), frame[hour >= PAST].reset_index(drop=True)
    null = band.watch(now)
    begins, hour = (100, 250), hour[hour >= PAST] - PAST
    out = np.any([(hour >= one) & (hour < one + 3) for one in begins], axis=0)
    watched = band.watch(now.assign(value=np.where(out, now["value"] // 10, now["value"])))
    table = watched.table.assign(opened_at=watched.table["opened_at"] - pd.Timedelta(PAST, "h"))
    return {"null": float((null.bins["verdict"] == "below").mean()) / band.alpha, **score_outage(table, entities, begins, 3, 2)}


def measure_change(rng: np.random.Generator, volume: int, series: int) -> dict[str, float]:
    """False and true change points in 720 hours; the true one falls from 97 to 90 % at hour 480."""
    den = np.full((series, 720), volume)
    false = sum(find_change(range(720), one, den[0], alpha=0.05) is not None for one in draw(rng, RATE, den))
    falls = draw(rng, np.where(np.arange(720) < 480, RATE, 0.90), den)
    places = [find_change(range(720), one, den[0]) for one in falls]
    return {"false": false / series, "near": float(np.mean([one is not None and abs(one.at - 480) <= 2 for one in places]))}


def rows_of(seed: int, entities: int, hours: int) -> Iterator[dict]:
    """All figures."""
    for volume in VOLUMES:
        rng, calls = np.random.default_rng([seed, volume]), f"{volume:,} calls/h"
        for words, kind in (("", {}), (", days differ", {"days_differ": True}), (", dirty past", {"dirty": True})):
            found = measure_false(rng, volume, entities, hours, **kind)
            for name in ("hours", "windows"):
                yield figure(f"null bins called bad / alpha, {name}, {calls}{words}", found[name], "1", at_most=1.5)
            yield figure(f"false alarms per entity and week, {calls}{words}", found["alarms"], "1/week", at_most=1.0)
        for dirty in (False, True):
            worst = measure_worst(rng, volume, entities, dirty)
            words = f"fitted alone, {calls}{', dirty past' if dirty else ''}: exact false alarms / alpha"
            yield figure(f"{words}, mean", float(worst.mean()), "1", at_most=1.5)
            yield figure(f"{words}, worst of {entities}", float(worst.max()), "1", at_most=1.5)
        fall = measure_fall(rng, volume, entities)
        yield figure(f"hours called bad, 97 to 90 %, {calls}", fall["power"], "1", **({"at_least": 0.95} if volume == 1000 else {}))
        for span in (24, WEEK):
            yield figure(f"fall to 90 % found within {span} h, hours alone, {calls}", fall[f"hours {span}"], "1")
            yield figure(f"fall to 90 % found within {span} h, windows, {calls}", fall[f"windows {span}"], "1", at_least=fall[f"hours {span}"])
        if volume >= 100:
            outage = measure_outage(rng, volume, entities, 0.5)
            yield figure(f"outage to 50 % found within 2 bins, {calls}", outage["found"], "1", at_least=0.95)
            yield figure(f"false alarms per entity and week beside it, {calls}", outage["false"], "1/week", at_most=1.0)
            yield figure(f"alarms per outage, {calls}", outage["repeats"], "1", at_most=1.02)
        if volume <= 1000:
            change = measure_change(rng, volume, 3 * entities)
            yield figure(f"change points where nothing changed (alpha .05), {calls}", change["false"], "1")
            yield figure(f"change to 90 % placed within 2 bins, {calls}", change["near"], "1")


def level_rows(seed: int, entities: int) -> Iterator[dict]:
    """Of levels and counts."""
    for number, noise in enumerate(("none", "heavy", "sticky")):
        found, words = measure_level(np.random.default_rng([seed, number]), 3 * entities, noise), f"counts, noise beyond Poisson: {noise}"
        yield figure(f"null bins called below / alpha (.002), {words}", found["null"], "1", at_most=1.5)
        yield figure(f"outage to a tenth found within 2 bins, {words}", found["found"], "1", at_least=0.95)
        yield figure(f"false alarms per entity and week, {words}", found["false"], "1/week", at_most=1.0)
        yield figure(f"alarms per outage, {words}", found["repeats"], "1", at_most=1.02)


def run(size: int) -> Iterator[dict]:
    """The figures of a fresh seed, as rows of the common table; the size of the operator does not matter here."""
    seed = int(time.time())
    yield {"name": "seed", "value": seed, "unit": "1"}
    yield from level_rows(seed, 40)
    yield from rows_of(seed, 40, 2520)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=40)
    parser.add_argument("--hours", type=int, default=2520)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    for row in (*level_rows(given.seed, given.entities), *rows_of(given.seed, given.entities, given.hours)):
        print(f"{row['name']}: {row['value']:.3g} {row['unit']} {row.get('wanted', '')} {'' if row.get('is_met', True) else 'MISSED'}", flush=True)


if __name__ == "__main__":
    main()
