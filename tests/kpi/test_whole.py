"""Rows that are cells already are taken as they are, and only then."""

from itertools import pairwise

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.kpi import find_kpi
from cemlib.kpi.measure import measure
from cemlib.kpi.whole import rises
from cemlib.lake import Lake

ATTEMPTS = find_kpi("data_session_attempt_count")
ROWS = "SELECT * FROM (VALUES ('a', 1, 2), ('a', NULL, 3), (NULL, 1, 5)) AS t(k, m, n)"


@given(st.lists(st.tuples(st.sampled_from(["a", "ab", "ä", None]), st.sampled_from([1, 2, None])), max_size=6), st.booleans())
def test_rows_rise_where_sorted_and_distinct(pairs, ordered):
    place = [tuple((one is None, one or 0 if number else one or "") for number, one in enumerate(pair)) for pair in pairs]
    if ordered:
        pairs = [pair for _, pair in sorted(zip(place, pairs), key=lambda one: one[0])]
        place = sorted(place)
    frame = pd.DataFrame({"k": pd.Series([k for k, _ in pairs], dtype="str"), "m": pd.array([m for _, m in pairs], dtype="Int64")})
    assert rises(frame, ["k", "m"]) == all(one < other for one, other in pairwise(place))


@pytest.fixture
def lake(tmp_path):
    with Lake(tmp_path / "lake") as made:
        yield made


def rolled(lake, rows, **how):
    text = f"SELECT k, m, n AS data_session_attempt_count__den, n AS data_session_attempt_count__num FROM ({rows})"
    cells = measure(nw.from_native(lake.query(text)), [ATTEMPTS], {"k": "k", "m": "m"}, rolled=True, **how)
    return cells.sums()


def test_whole_rows_are_the_cells(lake):
    added = rolled(lake, ROWS)
    assert added.iloc[:, 3].tolist() == [2.0, 3.0, 5.0]
    pd.testing.assert_frame_equal(rolled(lake, ROWS, whole=True, ordered=True), added)
    # in another order than was said, and in none
    turned = "SELECT * FROM (VALUES (NULL, 1, 5), ('a', NULL, 3), ('a', 1, 2)) AS t(k, m, n)"
    for ordered in (True, False):
        pd.testing.assert_frame_equal(rolled(lake, turned, whole=True, ordered=ordered), added)


def test_a_cell_that_comes_twice_is_added_up(lake):
    twice = f"{ROWS} UNION ALL SELECT 'a', NULL, 4"
    added = rolled(lake, twice)
    assert added.iloc[:, 3].tolist() == [2.0, 7.0, 5.0]
    for ordered in (True, False):
        pd.testing.assert_frame_equal(rolled(lake, twice, whole=True, ordered=ordered), added)


def test_whole_rows_of_which_a_part_counts(lake):
    cells = measure(nw.from_native(lake.query("SELECT 'a' AS k, 1 AS data_session_attempt_count__den, 1 AS data_session_attempt_count__num")),
                    [ATTEMPTS], {"k": "k"}, rolled=True, whole=True, ordered=True, extra=nw.col("k") == "b")
    assert cells.sums().values.tolist() == [["a", 1.0, 0.0]]
