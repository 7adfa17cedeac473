"""Who would be moved to where nobody was seen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from cemlib.analysis.treatment import Overlap, _neighbours


@pytest.mark.parametrize("columns", [1, 6, 15, 16])
def test_distances_are_those_of_scikit_learn(columns):
    rng = np.random.default_rng(columns)
    # rounded: many rows stand at the same place
    seen, rows = rng.normal(size=(400, columns)).round(1), rng.normal(size=(100, columns))
    wanted = NearestNeighbors(algorithm="brute").fit(seen).kneighbors(rows, n_neighbors=2)[0]
    found = _neighbours(seen)
    for place in (1, 2):
        np.testing.assert_allclose(found(rows, place), wanted[:, place - 1], atol=1e-9)


def test_far_from_everybody_within_the_box():
    # two crowds at the corners: between them nobody was seen, though each variable's value was
    rng = np.random.default_rng(0)
    seen = np.r_[rng.normal(0, 0.1, (200, 2)), rng.normal(10, 0.1, (200, 2))]
    here, between = seen[:20], np.full((20, 2), 5.0)
    assert Overlap(seen).share_outside(here, between) == 1
    assert Overlap(seen).share_outside(here, np.r_[between[:5], here[5:]]) == 0.25
