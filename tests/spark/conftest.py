"""A cluster, a lake and its twin on Spark, for all tests of this folder."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

import pytest

from cemlib.errors import LakeError
from cemlib.lake.spark_session import check_spark, stop_spark

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "enrich")]


@pytest.fixture(scope="session")
def java():
    """Spark can run here; the Makefile has said how to get Java where it cannot."""
    try:
        check_spark("local[1]")
    except LakeError as error:
        pytest.skip(f"Spark cannot run on this machine: {error.what} {error.todo}")


@pytest.fixture(scope="session")
def settings_of_spark(tmp_path_factory):
    """What the session of these tests is started with; the environment is put back."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def cluster(java, tmp_path_factory, settings_of_spark, request):
    """A master and two workers; ended whatever happens, and their logs shown when a test failed."""
    from cluster import Cluster

    found = Cluster(tmp_path_factory.mktemp("cluster"))
    atexit.register(found.stop)
    os.environ |= {"SPARK_CONF_DIR": str(found.conf), "CEM_SPARK_MEMORY": "1g", "CEM_SPARK_CORES": "2", "CEM_SPARK_WAIT_S": "180"}
    failed = request.session.testsfailed
    try:
        yield found
    finally:
        if request.session.testsfailed > failed:
            print(found.logs())
        try:
            stop_spark()
        finally:
            found.stop()


@pytest.fixture(scope="session")
def duck(tmp_path_factory, java):
    """The lake on DuckDB."""
    from small_lake import build_lake

    with build_lake(tmp_path_factory.mktemp("small")) as lake:
        yield lake


@pytest.fixture(scope="session")
def spark(duck, cluster):
    """The same lake on the cluster; what evaluate(engine=) uses as well."""
    return duck.on(cluster.url)
