"""Shares of drivers on worlds drawn afresh: how often the 90 % interval holds the true share, and how often something is seen in what acts on nothing.

Forms: independent KPIs, groups of collinear ones, skewed and bent effects, KPIs and a contract that are the same in all ratings of a customer, 60 customers
of 25 ratings, 40 of four. A true share is the same figure of 60,000 customers of the world. ``--seed`` draws other worlds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from cemlib.analysis.drivers import share_by_segment

#: Customers, ratings of each, and how much the KPIs of a customer's ratings go together.
FORMS = {"independent": (800, 2, 0.2), "one rating each": (500, 1, 0.0), "collinear": (700, 2, 0.2), "skewed and bent": (1000, 2, 0.2), "same for a customer": (300, 6, 0.6),
         "60 customers": (60, 25, 0.5), "40 customers": (40, 4, 0.2)}
_GROUPS = {"collinear": {"a": ["kpi_0", "kpi_1", "kpi_2"], "b": ["kpi_3", "kpi_4"], "c": ["kpi_5"], "d": ["kpi_6"]}}
#: A share below that is none.
_NONE = 0.0005


def draw(rng: np.random.Generator, form: str, slopes: dict, customers: int, each: int) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """KPIs, ratings and whose they are; ``slopes`` is the world, and the rest its luck."""
    who, alike = np.repeat(np.arange(customers), each), FORMS[form][2]
    n, acts = len(who), slopes["acts"]

    def normal(count: int) -> np.ndarray:
        return np.sqrt(alike) * rng.normal(size=(customers, count))[who] + np.sqrt(1 - alike) * rng.normal(size=(n, count))

    if form == "collinear":
        both = normal(2)
        X = np.column_stack([both[:, :1] + 0.5 * normal(3), both[:, 1:] + 0.4 * normal(2), normal(2)])
        felt = X @ (0.6 * acts)
    elif form == "skewed and bent":
        taste = normal(1)
        X = np.column_stack([rng.gamma(1.5, 0.8, (n, 1)) * np.exp(0.3 * taste), np.exp(0.5 * normal(1) + 0.3 * taste), normal(1), normal(1) > 0.4, rng.standard_t(5, (n, 1))]).astype(float)
        felt = acts[0] * np.minimum(X[:, 0], 2) + 2 * acts[1] * np.log(X[:, 1]) + X[:, 2:4] @ acts[2:4]
    elif form == "same for a customer":
        tier, contract = rng.choice(3, customers, p=[0.5, 0.35, 0.15])[who].astype(float), rng.normal(size=customers)[who]
        X = np.column_stack([normal(1)[:, 0] - 0.3 * tier, 15 + 4 * tier + rng.normal(0, 4, n), tier, contract, normal(1)[:, 0]])
        felt = acts[0] * X[:, 0] - 0.1 * abs(acts[1]) * (X[:, 1] - 20) + 0.4 * acts[2] * tier + acts[3] * contract
    else:
        X = normal(5)
        felt = X @ acts[:5]
    noise = rng.normal(0, slopes["own"], customers)[who] + rng.normal(0, 0.6, n)
    y = 3.3 + felt + noise
    return pd.DataFrame(X).add_prefix("kpi_"), pd.Series(np.clip(np.round(y), 1, 5) if slopes["marks"] else y), pd.Series(who)


def measure_shares(seed: int, runs: int, draws: int = 60) -> pd.DataFrame:
    """By driver and world: its true share, and the one that is told."""
    rows = []
    for place, (form, (customers, each, _)) in enumerate(FORMS.items()):
        for number in range(runs):
            rng = np.random.default_rng([seed, place, number])
            slopes = {"acts": rng.choice([0, 0.08, 0.2, 0.45], 7) * rng.choice([-1, 1], 7), "own": rng.uniform(0.2, 0.6), "marks": rng.random() < 0.5}
            whole = draw(rng, form, slopes, 60_000 if each < 20 else 12_000, each)
            groups = _GROUPS.get(form, {name: [name] for name in whole[0]})
            truth = share_by_segment(*whole, groups=groups, draws=2).set_index("driver")["share"]
            X, y, who = draw(rng, form, slopes, customers, each)
            told = share_by_segment(X, y, who, groups=groups, draws=draws, seed=number).assign(form=form)
            rows.append(told.assign(truth=told["driver"].map(truth)))
    return pd.concat(rows, ignore_index=True).assign(covered=lambda one: one["truth"].between(one["low"], one["high"]))


def measure_all(seed: int, runs: int) -> list[dict]:
    """Rows of the common table."""
    found = measure_shares(seed, runs)
    there = found["truth"] > _NONE
    rows = [("90 % interval of a share holds the true one, all forms (wanted .87 to .95)", found["covered"].mean()), ("of drivers that have a share (wanted .85 to .95)", found.loc[there, "covered"].mean()),
            ("seen in what acts on nothing: the interval lies above 0 (wanted <= .05)", (found.loc[~there, "low"] > found.loc[~there, "truth"].clip(lower=0)).mean()),
            ("mean error of a share", (found["share"] - found["truth"]).mean())]
    rows += [(f"of these: {form}", one.mean()) for form, one in found.groupby("form", sort=False)["covered"]]
    return [{"name": name, "value": round(float(value), 4), "unit": "1"} for name, value in rows]


def run(size: int) -> list[dict]:
    """Ten worlds of each form; the size of the operator does not matter here."""
    return measure_all(int(time.time()), 10)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.runs} worlds of each form")
    print(pd.DataFrame(measure_all(given.seed, given.runs)).to_string(index=False))


if __name__ == "__main__":
    main()
