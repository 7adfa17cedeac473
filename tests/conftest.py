"""What every test shares: where the shared data lies, a secret of the tests' own, and how long an example may take."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HOME = Path(__file__).resolve().parent.parent

# how long an example takes, and how long it takes to be invented, is the machine's and not the code's: two workers share it
settings.register_profile("cem", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cem")


@pytest.fixture(autouse=True, scope="session")
def own_environment(tmp_path_factory):
    """No test reads the user's key, lake or reports."""
    place = tmp_path_factory.mktemp("cem")
    # a suite that a shell started in the background inherits an ignored Ctrl-C, and so would the commands that tests interrupt
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["CEM_KEY"] = "the-secret-of-the-tests"
    os.environ["CEM_LAKE"] = str(place / "lake")
    os.environ["CEM_KPIS"] = str(place / "kpis")
    os.environ["CEM_OUT"] = str(place / "out")
    # a test computes what it asserts; those of kept fits say otherwise
    os.environ["CEM_FITS_MB"] = "0"
    os.environ.pop("CEM_ROLE", None)
    return place


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; a test that needs it is skipped with this reason where it is absent."""
    place = Path(os.environ.get("CEM_SHARED", HOME.parent / "shared")) / "data"
    if not place.is_dir():
        pytest.skip("the shared real data sets are not on this machine (set CEM_SHARED to their folder)")
    return place


@pytest.fixture(scope="session")
def shared_vectors() -> Path:
    """The golden vectors that the tests carry."""
    return HOME / "tests" / "golden"
