"""A lake on Spark reads what a lake on DuckDB reads, and what cannot work says so at once."""

from __future__ import annotations

import datetime as dt
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest

from cemlib.errors import CallError, LakeError, UnknownNameError
from cemlib.lake import collect_frame, open_lake, spark_session
from cemlib.lake.spark import _read
from cemlib.schema import table, tables

HOME = Path(__file__).resolve().parents[2]


def plain(lake, sql, params=None):
    return collect_frame(nw.from_native(lake.query(sql, params)))


def test_it_tells_its_engine(duck, spark, cluster):
    assert (duck.engine, spark.engine) == ("duckdb", cluster.url)
    assert f"engine {cluster.url}" in repr(spark)
    assert spark is duck.on(cluster.url)
    assert duck.on(None) is duck
    assert spark.snapshot() == duck.snapshot()
    with pytest.raises(CallError, match="no DuckDB connection"):
        _ = spark.connection


def test_every_table_has_the_same_columns_and_types(duck, spark):
    for name in tables():
        assert spark.frame(name).collect_schema() == duck.frame(name).collect_schema(), name


@pytest.mark.parametrize("name", ["registration", "voice_call", "network"])
def test_records_are_the_same_to_the_microsecond(duck, spark, name):
    key = [nw.col(one) for one in table(name).natural_key]
    one, other = (collect_frame(lake.frame(name).sort(*table(name).natural_key)) for lake in (duck, spark))
    assert len(one) > 40
    assert key
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_column_that_the_files_do_not_have_is_null(duck, spark):
    session = spark.relation("ticket").sparkSession
    declared = table("message")
    newer = replace(declared, columns=(*declared.columns, "city_name"))
    found = _read(session, newer, duck._stored_tables()["message"])
    assert found.select("city_name").distinct().collect() == [(None,)]
    assert found.count() == duck.relation("message").count("*").fetchall()[0][0]


def test_a_day_reads_the_files_of_that_day(spark, duck):
    frame = spark.frame("registration").filter(nw.col("day_date") == nw.lit(dt.date(2026, 3, 29)))
    # a copy in memory that another test has asked for would be read instead of the files
    frame.to_native().sparkSession.catalog.clearCache()
    plan = frame.to_native()._jdf.queryExecution().executedPlan().toString()
    (pruned,) = re.findall(r"PartitionFilters: \[([^\]]*)\]", plan)
    assert re.search(r"event_date#\d+ = 2026-03-29", pruned)
    files = {Path(one).parent.name for one in frame.select("record_id").to_native().inputFiles()}
    assert {"event_date=2026-03-29"} < files
    assert len(collect_frame(frame)) == duck.query("SELECT count(*) FROM registration WHERE day_date = DATE '2026-03-29'").fetchall()[0][0]


def test_values_are_bound_and_names_are_checked(spark, duck):
    for sql, params in (("SELECT count(*) AS n, '$c' AS t FROM registration WHERE cause_code = $c", {"c": "5004"}),
                        ("SELECT count(*) AS n, 0 AS t FROM registration WHERE cause_code = ? AND attempted_at < ?",
                         ["5004", dt.datetime(2026, 3, 29, 1)]),
                        ("SELECT count(*) AS n, 0 AS t FROM registration WHERE cause_code = $c", {"c": "' OR 1=1 --"})):
        one, other = plain(duck, sql, params), plain(spark, sql, params)
        pd.testing.assert_frame_equal(one, other, check_dtype=False)
    with pytest.raises(UnknownNameError, match="registratoin"):
        spark.relation("registratoin")


def test_freshness_is_the_same(duck, spark):
    pd.testing.assert_frame_equal(duck.freshness(), spark.freshness(), rtol=1e-9)
    assert len(spark.freshness()) > 5
    assert spark.rejects().equals(duck.rejects())


def test_ingest_refresh_and_the_past(cluster, tmp_path):
    from small_lake import Rows

    def rows(number):
        return Rows(tmp_path, registration=[{"record_id": f"r{one}", "subscriber_key": f"s{one}"} for one in range(number)])

    with open_lake(tmp_path / "a lake ü", engine=cluster.url) as lake:
        count = "SELECT count(*) AS n FROM registration"
        assert plain(lake, count)["n"].tolist() == [0]
        lake.ingest(rows(3), door=object())
        before = lake.snapshot()
        assert plain(lake, count)["n"].tolist() == [3]
        lake.materialize("derived", "SELECT * FROM registration WHERE subscriber_key <> $who", {"who": "s0"})
        assert lake.materialize("derived", "this is never looked at").count() == 2
        assert lake.is_materialized("derived")
        for name, made in [("arrow", pa.table({"a": [1, 2]})), ("pandas", pd.DataFrame({"a": [1, 2]})), ("lazy", lake.frame("registration").head(2))]:
            assert lake.materialize(name, made).count() == 2
        lake.ingest(rows(5), door=object())
        assert not lake.is_materialized("derived")
        assert plain(lake, count)["n"].tolist() == [5]
        assert lake.materialize("derived", "SELECT * FROM registration WHERE subscriber_key <> 's0'").count() == 4
        with open_lake(lake.path, at=before, engine=cluster.url) as past:
            assert plain(past, count)["n"].tolist() == [3]
            with pytest.raises(CallError, match="opened in the past"):
                past.ingest(rows(1), door=object())
        lake.close()
        assert plain(lake, count)["n"].tolist() == [5]


def test_a_process_uses_one_spark(spark):
    spark.relation("registration")
    with open_lake("no-lake-here", engine="local[1]") as other, pytest.raises(LakeError, match="one Spark only"):
        other.relation("registration")


@pytest.mark.parametrize("name", ["sparc://host:7077", "local[0]", "local[two]", "spark://host", "yarn", "", "duckdbb", 7])
def test_a_name_that_is_no_engine_is_refused(name):
    with pytest.raises(CallError, match="no such engine") as error:
        open_lake("no-lake-here", engine=name)
    assert "spark://host:7077" in error.value.wanted


def test_without_pyspark_it_says_which_extra(monkeypatch):
    monkeypatch.setattr(spark_session.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LakeError, match="not installed") as error:
        open_lake("no-lake-here", engine="local[1]")
    assert "cem-workbench[spark]" in error.value.todo


@pytest.mark.parametrize(("says", "told"), [(None, "none was found"), ('openjdk version "11.0.2" 2019-01-15', "newer Java"),
                                            ('java version "1.8.0_202"', "newer Java")])
def test_without_java_it_says_how_to_get_it(monkeypatch, tmp_path, says, told):
    if says:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "java").write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        (tmp_path / "bin" / "java").chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(LakeError, match=told) as error:
        open_lake("no-lake-here", engine="local[1]")
    assert "openjdk-17-jre-headless" in error.value.todo


def test_a_master_that_is_not_there(java):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        # bound and not listening: nobody answers
        with pytest.raises(LakeError, match="cannot be reached") as error:
            open_lake("no-lake-here", engine=f"spark://127.0.0.1:{port}")
    assert str(port) in error.value.came


_PROGRAM = """
import sys, cemlib as cem
from cemlib.errors import LakeError
try:
    lake = cem.open_lake(sys.argv[1], engine=sys.argv[2])
    print(cem.evaluate(lake, "rating_answer_given_count", by="operator_name").frame["num"].sum())
except LakeError as error:
    print(error.what)
"""


def run(*arguments, **environment):
    import os

    return subprocess.run([sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, timeout=300, cwd=HOME,
                          env=os.environ | {"PYTHONPATH": f"{HOME}:{HOME / 'widgets'}"} | environment, check=True)


def test_a_program_on_spark_writes_nothing_else(duck, cluster):
    done = run(str(duck.path), "local[1]")
    asked = "SELECT count(*) FROM survey_answer WHERE question_code = 'call_rating_5'"
    assert float(done.stdout) == duck.query(asked).fetchall()[0][0]
    assert done.stderr == ""


def test_a_port_that_is_no_master_is_given_up(duck, cluster):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        done = run(str(duck.path), f"spark://127.0.0.1:{mute.getsockname()[1]}", CEM_SPARK_WAIT_S="15")
    assert done.stdout.strip() == "Spark could not be started."
    assert done.stderr == ""


def test_the_example_of_the_readme_runs(duck, cluster):
    text = (HOME / "README.md").read_text(encoding="utf-8").partition("## On a Spark cluster")[2]
    example = re.search(r"```\n(lake = .*?)```", text, flags=re.DOTALL)[1]
    import cemlib as cem

    names = {"cem": cem}
    exec(example.replace("spark://host:7077", cluster.url).replace("/shared/lake", str(duck.path)), names)
    assert len(names["k"].frame) > 1
    names["lake"].close()
