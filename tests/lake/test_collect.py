"""A frame that is fetched through Arrow is the one that DuckDB makes itself."""

import duckdb
import narwhals as nw
import pandas as pd
import pytest

from cemlib.lake import collect_frame

VALUES = {"text": "'ä'", "whole": "CAST(1 AS BIGINT)", "int": "CAST(1 AS INTEGER)", "small": "CAST(-1 AS SMALLINT)", "tiny": "CAST(-1 AS TINYINT)",
          "double": "CAST(1.5 AS DOUBLE)", "nan": "CAST('nan' AS DOUBLE)", "float": "CAST(1.5 AS FLOAT)", "bool": "true", "date": "DATE '2026-03-29'",
          "time": "TIMESTAMP '2026-03-29 10:00:00.123456'", "huge": "CAST(9007199254740993 AS HUGEINT)", "decimal": "1.25", "list": "[1, 2]",
          "group": "{'a': 1}"}


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("rows", ["all", "some", "none", "empty"])
def test_the_same_frame_as_duckdbs_own(engine, name, rows):
    chosen = {"all": "true", "some": "i < 2", "none": "false", "empty": "true"}[rows]
    relation = engine.sql(f"SELECT CASE WHEN {chosen} THEN {VALUES[name]} END AS v, i FROM range({0 if rows == 'empty' else 3}) AS t(i)")
    found, own = collect_frame(nw.from_native(relation)), relation.df()
    pd.testing.assert_frame_equal(found, own, check_exact=True)
    assert list(map(repr, found["v"])) == list(map(repr, own["v"]))


def test_what_is_fetched_can_be_written_to(engine):
    found = collect_frame(nw.from_native(engine.sql("SELECT i, i / 2 AS half, TIMESTAMP '2026-03-29' AS at FROM range(3) AS t(i)")))
    found.loc[1, "half"] = 7.0
    assert found["half"].tolist() == [0.0, 7.0, 1.0]


def test_columns_of_one_name_keep_their_place(engine):
    assert collect_frame(nw.from_native(engine.sql("SELECT 2 AS b, 'x' AS a"))).columns.tolist() == ["b", "a"]
