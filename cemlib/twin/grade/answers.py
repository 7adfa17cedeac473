"""Asks an analysis. Run as a program of its own: what the twin knows is not to be had here.

``python answers.py QUESTION PLACE MUTATION`` reads PLACE, prints the answer as JSON. It is never imported: importing it would import the twin.
"""

from __future__ import annotations

import importlib.abc
import json
import sys


class _NoTwin(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "cemlib.twin" or name.startswith("cemlib.twin."):
            raise ImportError("the analyses that are graded have no access to the twin")
        return None


def _roaming(place: str, mutation: str) -> dict:
    """Who is failing our roamers, and which hubs stood still."""
    import cemlib as cem

    with cem.open_lake(place) as lake:
        view = cem.usecases.monitor_roaming(lake, days=7)
        bad = view.partners[view.partners["verdict"].isin(["below", "below_peers"])]
        accused = [{"plmn": one.partner_plmn, "cause": str(one.cause), "since": None if one.since is None or one.since != one.since else one.since.isoformat()}
                   for one in bad.itertuples()]
        hubs = [{"hub": one.hub, "since": one.since.isoformat(), "until": one.until.isoformat()} for one in view.hub_incidents.itertuples()]
        judged = view.partners.loc[~view.partners["verdict"].isin(["too_few", "no_data"]), "partner_plmn"].tolist()
        ruled_out = view.ruled_out["partner_plmn"].tolist()
    if mutation == "never":
        accused, hubs, ruled_out = [], [], []
    if mutation == "always" and judged:
        accused = [{"plmn": one, "cause": "5004", "since": None} for one in judged[:1]]
        hubs, ruled_out = [{"hub": "ANY", "since": "2026-03-01T00:00:00", "until": "2026-03-01T01:00:00"}], []
    return {"accused": accused, "hubs": hubs, "judged": judged, "ruled_out": ruled_out}


def _index(place: str, mutation: str) -> dict:
    """How content each customer is: by the index, and by the plain mean of the KPIs."""
    import numpy as np

    import cemlib as cem
    from cemlib.experience.honesty import score_naively

    with cem.open_lake(place) as lake:
        scores = cem.score_experience(lake)
        known = scores.frame.set_index("subscriber_key")["score"].dropna()
        naive = score_naively(scores)
        # who has no KPI at all lies in the middle
        plain = dict(zip(scores.keys, np.where(np.isfinite(naive), naive, np.nanmean(naive)).tolist()))
    found = {key: {"score": 50.0 if mutation == "never" else float(score), "plain": plain[key]} for key, score in known.items()}
    return {"scores": found}


def _alarms(place: str, mutation: str) -> dict:
    """Which hours of which entities fall out of their band."""
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from cemlib.analysis import BetaBinomialBaseline

    found = {}
    for history in sorted(Path(place).glob("history_*.parquet")):
        name = history.stem.removeprefix("history_")
        baseline = BetaBinomialBaseline(alpha=0.001).fit(pd.read_parquet(history))
        judged = baseline.judge(pd.read_parquet(history.with_name(f"now_{name}.parquet")))
        below = (judged["verdict"] == "below").to_numpy()
        if mutation == "constant_p":
            below = np.full(len(below), True)
        found[name] = {"below": int(below.sum()), "hours": len(below)} if mutation != "never" else {"below": 0, "hours": len(below)}
    return found


def _segments(place: str, mutation: str) -> dict:
    """The segment of each customer, table by table, and what the rules are worth: right of those they meet, share they meet, right of all."""
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from cemlib.analysis import Segmenter

    found = {}
    for path in sorted(Path(place).glob("*.parquet")):
        frame = pd.read_parquet(path)
        if mutation:
            # always two segments, or never more than one
            labels, rules = np.arange(len(frame)) % 2 if mutation == "always" else np.zeros(len(frame), int), (0.0, 0.0, 0.0)
        else:
            fit = Segmenter({"behaviour": list(frame.columns[:4]), "expectation": list(frame.columns[4:])}).fit(frame)
            labels, rules = pd.factorize(fit.labels_)[0], (fit.fidelity_, fit.rule_coverage_, fit.fidelity_of_all_)
        found[path.stem] = {"labels": [int(one) for one in labels], "rules": [float(one) for one in rules]}
    return found


def _what_if(place: str, mutation: str) -> dict:
    """The effect of raising quality by half, with what is claimed of it."""
    from pathlib import Path

    import pandas as pd

    from cemlib.analysis import CausalGraph, SatisfactionModel, WhatIf

    found = {}
    for path in sorted(Path(place).glob("*.parquet")):
        rows, told = pd.read_parquet(path), json.loads(path.with_suffix(".json").read_text())
        if mutation == "never":
            found[path.stem] = {"effect": 0.0, "low": 0.0, "high": 0.0, "claim": "association"}
            continue
        graph = CausalGraph([tuple(one) for one in told["edges"]], unobserved=told["unobserved"])
        model = SatisfactionModel("gbm").fit(rows[["quality", "tier"]], rows["rating"], groups=rows["customer"])
        one = WhatIf(model, graph, outcome="rating").do({"quality": 0.5})
        found[path.stem] = {"effect": one.effect, "low": one.low, "high": one.high, "claim": "causal" if mutation == "always" else one.claim}
    return found


def _correlation(place: str, mutation: str) -> dict:
    """Probability, false discovery rate and lag of each pair of x and y series, table by table."""
    from pathlib import Path

    import pandas as pd

    from cemlib.analysis import LaggedCorrelation

    found = {}
    for path in sorted(Path(place).glob("*.parquet")):
        frame = pd.read_parquet(path)
        sides = [frame[["at", *(name for name in frame if name.startswith(side))]] for side in "xy"]
        if mutation:
            # a link everywhere, or nowhere
            told = [[0.04 if mutation == "constant_p" else 1.0] * (sides[1].shape[1] - 1)] * (sides[0].shape[1] - 1)
            found[path.stem] = {"p": told, "q": told, "lag": [[0] * len(row) for row in told]}
            continue
        links = LaggedCorrelation(draws=50).fit(*sides).links.pivot(index="left", columns="right", values=["p", "q", "lag_bins"])
        found[path.stem] = {"p": links["p"].to_numpy(float).tolist(), "q": links["q"].to_numpy(float).tolist(), "lag": links["lag_bins"].to_numpy(int).tolist()}
    return found


def _true_cause(place: str, mutation: str) -> dict:
    """The patterns that explain a change, table by table, and the verdict."""
    from pathlib import Path

    import pandas as pd

    from cemlib.analysis import RootCauseLocator

    found = {}
    for path in sorted(Path(place).glob("*.json")):
        asked = json.loads(path.read_text())
        now, then = (pd.read_parquet(path.with_suffix(f".{name}.parquet")) for name in ("actual", "expected"))
        if mutation:
            # always the largest value of the first dimension, or never a cause
            dim = asked["dims"][0]
            found[path.stem] = {"patterns": [{dim: str(now[dim].mode()[0])}] if mutation == "always" else [], "verdict": "cause" if mutation == "always" else "none"}
            continue
        value, weight = ("num", "den") if asked["kind"] == "ratio" else ("amount", None)
        one = RootCauseLocator(asked["kind"]).fit(now, then, asked["dims"], value=value, weight=weight)
        found[path.stem] = {"patterns": one.causes_["pattern"].tolist(), "verdict": one.verdict_}
    return found


def _is_there(place: str, mutation: str) -> dict:
    """Whether an analysis exists: PLACE is its public name."""
    import cemlib

    room = cemlib
    for part in place.split("."):
        room = getattr(room, part, None)
    return {"is_there": room is not None}


if __name__ == "__main__":
    sys.meta_path.insert(0, _NoTwin())
    # the folder of this file is no place to import from
    sys.path.pop(0)
    question, place, mutation = sys.argv[1:4]
    print(json.dumps({"roaming": _roaming, "index": _index, "alarms": _alarms, "segments": _segments, "what_if": _what_if,
                      "correlation": _correlation, "true_cause": _true_cause, "is_there": _is_there}[question](place, mutation)))
