"""Mixtures: the shape follows the groups, what cannot be told apart is one group, overlapping groups are found as well as can be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from cemlib.analysis import Segmenter
from cemlib.analysis.mixture import GroupedMixture, choose_mixture


def overlapping(seed: int, side: float, n: int = 1500) -> tuple[pd.DataFrame, np.ndarray, float]:
    """Four groups on the corners of a simplex in six dimensions; with the best agreement that anybody can reach."""
    rng, sizes = np.random.default_rng(seed), np.array([0.4, 0.3, 0.18, 0.12])
    truth = rng.choice(4, n, p=sizes)
    centres = (np.eye(4, 6) * side / np.sqrt(2)) @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    values = centres[truth] + rng.normal(size=(n, 6))
    likely = np.log(sizes) - ((values[:, None] - centres) ** 2).sum(axis=2) / 2
    return pd.DataFrame(values * rng.uniform(0.5, 20, 6), columns=list("abcdef")), truth, adjusted_rand_score(truth, likely.argmax(axis=1))


@pytest.mark.parametrize(("seed", "side"), [(1, 3.0), (2, 3.0), (3, 4.24)])
def test_overlapping_groups_are_found_as_well_as_can_be(seed, side):
    X, truth, best = overlapping(seed, side)
    fit = Segmenter({"behaviour": list("abcd"), "expectation": list("ef")}, k_max=5).fit(X)
    assert fit.k_ == 4
    assert adjusted_rand_score(truth, fit.labels_) >= 0.93 * best
    assert side < 4 or adjusted_rand_score(truth, fit.labels_) >= 0.85


@pytest.mark.parametrize("kind", ["together", "alone", "heavy", "flat"])
def test_customers_without_groups_are_one_whatever_their_distribution(kind):
    rng = np.random.default_rng(5)
    values = {"together": lambda: rng.normal(size=(800, 5)) @ (np.eye(5) + 0.5 * rng.normal(size=(5, 5))), "alone": lambda: rng.normal(size=(800, 5)),
              "heavy": lambda: rng.normal(size=(800, 5)) / np.sqrt(rng.chisquare(5, (800, 1)) / 5), "flat": lambda: rng.uniform(size=(800, 5))}[kind]()
    fit = Segmenter({"behaviour": list("abc"), "expectation": list("de")}, k_max=4).fit(pd.DataFrame(values, columns=list("abcde")))
    assert fit.k_ == 1


def test_components_around_the_same_centre_are_one_group_and_those_apart_are_not():
    rng = np.random.default_rng(6)
    heavy = np.r_[rng.normal(0, 1, (500, 2)), rng.normal(0, 3, (500, 2)), rng.normal((12, 0), 1, (500, 2))]
    means, shapes = np.array([[0, 0], [0, 0.1], [12, 0]]), np.array([np.eye(2), np.eye(2) * 9, np.eye(2)])
    mixture = GaussianMixture(3, means_init=means, precisions_init=np.linalg.inv(shapes), random_state=0).fit(heavy)
    found = GroupedMixture.of(mixture, heavy)
    assert found.groups == 2
    assert found.group[0] == found.group[1] != found.group[2]
    assert np.bincount(found.predict(heavy)).tolist() == pytest.approx([1000, 500], abs=15)
    assert GroupedMixture.of(mixture, heavy, merge=False).groups == 3


def test_distance_is_mahalanobis_for_every_shape():
    rng = np.random.default_rng(7)
    Z = rng.multivariate_normal([0, 0], [[2, 0.8], [0.8, 1]], 300)
    for shape in ("tied", "diag", "spherical", "full"):
        mixture = GaussianMixture(1, covariance_type=shape, random_state=0).fit(Z)
        covariance = {"tied": lambda one: one, "full": lambda one: one[0], "diag": lambda one: np.diag(one[0]), "spherical": lambda one: np.eye(2) * one[0]}[shape](mixture.covariances_)
        gap = Z - mixture.means_[0]
        assert np.allclose(GroupedMixture(mixture, np.array([0])).distance(Z), np.einsum("ij,jk,ik->i", gap, np.linalg.inv(covariance), gap))


def test_the_model_of_before_is_kept_where_it_is_not_clearly_worse():
    rng = np.random.default_rng(8)
    Z = np.r_[rng.normal(0, 1, (150, 2)), rng.normal(8, 1, (150, 2))]
    free, table, stable = choose_mixture(Z, None, 3, 10, 0.75, 0)
    assert (free.groups, stable, table["components"][0]) == (2, True, 2)
    other = next(shape for shape in ("tied", "diag", "spherical") if shape != free.mixture.covariance_type)
    kept, _, _ = choose_mixture(Z, None, 3, 10, 0.75, 0, before=(2, other))
    assert kept.mixture.covariance_type == other
    forced, _, _ = choose_mixture(Z, None, 3, 10, 0.75, 0, before=(1, "full"))
    assert forced.groups == 2
