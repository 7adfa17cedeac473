"""One score as parts that add up: what was had of each service, against expectation, remembered, and the bill."""

from __future__ import annotations

import pandas as pd

from cemlib.experience.explanation import Explanation

__all__ = ["group_parts"]


def group_parts(explained: Explanation) -> pd.DataFrame:
    """The parts of a score by facet and service, in the order of the index.

    Returns
    -------
    DataFrame
        facet, service, weight, points, usual_points (when everything is as usual), lost (usual_points less points), start (what the parts above
        add up to). Only parts that are known; the points add up to the score.
    """
    known = explained.parts[explained.parts["weight"] > 0].copy()
    known["usual_points"] = known["weight"] * known["usual"]
    made = known.groupby(["facet", "service"], sort=False)[["weight", "points", "usual_points", "lost"]].sum().reset_index()
    made["start"] = made["points"].cumsum() - made["points"]
    return made
