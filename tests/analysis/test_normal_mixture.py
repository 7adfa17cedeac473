"""The mixtures of the search are those of scikit-learn, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from cemlib.analysis.normal_mixture import Moments, fit_mixture

_FLOOR = 0.02


def _crowd(seed: int, rows: int, features: int) -> np.ndarray:
    """Three groups that overlap, in features of other spreads; one of them skewed."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(rows, features)) * rng.uniform(0.3, 2, features) + rng.normal(0, 2, (3, features))[rng.integers(0, 3, rows)]
    Z[:, 0] = np.exp(Z[:, 0] / 2)
    return Z


@pytest.mark.parametrize("shape", ["tied", "diag", "spherical", "full"])
@pytest.mark.parametrize(("k", "features"), [(1, 2), (3, 1), (4, 5)])
def test_the_mixture_is_that_of_scikit_learn(shape, k, features):
    Z = _crowd(7 * k + features, 600, features)
    start = Z[:: len(Z) // k][:k]
    guess = KMeans(k, n_init=1, random_state=0).fit_predict(Z)
    wanted = GaussianMixture(k, covariance_type=shape, means_init=start, reg_covar=_FLOOR, random_state=0, max_iter=200).fit(Z)
    found = fit_mixture(Z, shape, start, guess, _FLOOR)
    assert (found.n_iter_, found.converged_) == (wanted.n_iter_, wanted.converged_)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bound_"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-8, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(found.predict_proba(Z), wanted.predict_proba(Z), atol=1e-8)
    assert found.bic(Z) == pytest.approx(wanted.bic(Z), rel=1e-10)


def test_two_points_each_a_component():
    # worked out by hand: each component has its own rows, whose variance is 1 (-1 and 1) and 4 (98 and 102), and the floor
    Z = np.array([[-1.0], [1.0], [98.0], [102.0]])
    found = fit_mixture(Z, "diag", np.array([[0.5], [99.0]]), np.array([0, 0, 1, 1]), _FLOOR)
    assert found.means_.ravel().tolist() == pytest.approx([0, 100])
    assert found.covariances_.ravel().tolist() == pytest.approx([1.02, 4.02])
    assert found.weights_.tolist() == pytest.approx([0.5, 0.5])


def test_moments_of_weighted_rows():
    Z = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 4.0]])
    share = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    means, covariances, size = Moments(np.ascontiguousarray(Z.T), Z, "full", 0.0).measure(share)
    assert means.tolist() == [pytest.approx([1, 0]), pytest.approx([2, 4])]
    assert covariances[0].ravel().tolist() == pytest.approx([1, 0, 0, 0])
    assert size.tolist() == pytest.approx([2, 1])
    tied = Moments(np.ascontiguousarray(Z.T), Z, "tied", 0.0).measure(share)[1]
    # two thirds of the variance within the first, none within the second
    assert tied.ravel().tolist() == pytest.approx([2 / 3, 0, 0, 0])
