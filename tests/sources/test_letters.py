"""A regular column is read as a whole; what comes out is what each text alone would give."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.sources import Door
from cemlib.sources.cells import CellReader
from cemlib.sources.letters import are_digits, are_tight, are_utc_times, ends_of, lengths_of
from cemlib.sources.mapping import load_mapping
from cemlib.sources.plain import is_plain

KEY = b"a key of an example"
numbers = st.one_of(st.none(), st.text("0123456789", min_size=1, max_size=20), st.text("0123456789.-+eExnaif_ ,", min_size=1, max_size=8))
moments = st.datetimes(dt.datetime(1990, 1, 2), dt.datetime(2099, 12, 30))
times = st.one_of(st.none(), moments.map(lambda one: one.isoformat(timespec="milliseconds") + "Z"), st.just("2026-02-30T10:00:00.000Z"),
                  st.just("2026-03-01T24:00:61.000Z"), st.just("2026-03-01 10:00:00Z"), st.text("0123456789-:TZ. +", min_size=1, max_size=26))


@pytest.fixture(scope="module")
def reader():
    made = CellReader(load_mapping("roaming_data"), Door(KEY))
    yield made
    made.close()


def alone(reader, texts, kind):
    """Each text in a column with one that is never regular, so that all go the long way."""
    odd = {"float64": "x", "int64": "x", "timestamp": "x"}[kind]
    return [reader._cast(pa.array([one, odd], pa.string()), kind).to_pylist()[0] for one in texts]


@pytest.mark.parametrize("kind", ["float64", "int64"])
@given(texts=st.lists(numbers, max_size=6))
def test_numbers_do_not_depend_on_their_neighbours(reader, kind, texts):
    together = reader._cast(pa.array(texts, pa.string()), kind).to_pylist()
    assert [repr(one) for one in together] == [repr(one) for one in alone(reader, texts, kind)]


@given(texts=st.lists(times, max_size=6))
def test_times_do_not_depend_on_their_neighbours(reader, texts):
    assert reader._cast(pa.array(texts, pa.string()), "timestamp").to_pylist() == alone(reader, texts, "timestamp")


def test_a_slice_of_a_column_is_looked_at_alone():
    texts = pa.array(["x", "12", None, "345", "y"])
    assert (are_digits(texts.slice(1, 3)), are_digits(texts)) == (True, False)
    assert lengths_of(texts.slice(1, 3)).tolist() == [2, 0, 3]
    # a null may have bytes of its own: the empty text is seen all the same
    masked = pc.if_else(pa.array([True, False, False]), pa.scalar(None, pa.string()), pa.array(["12", "5", ""]))
    assert not are_tight(masked)
    assert bytes(ends_of(texts.slice(0, 2))) == b"x2"
    assert (are_digits(pa.array([], pa.string())), are_digits(pa.array(["٣"]))) == (True, False)


@pytest.mark.parametrize(("texts", "told"), [
    (["2026-03-01T10:00:00Z", "2026-03-01 10:00:00Z"], True),
    (["2026-03-01T10:00:00.250Z", None], True),
    (["2026-03-01T10:00:00.Z"], False),
    (["2026-03-01T10:00:00Z", "2026-03-01T10:00:00.5Z"], False),
    (["2026-03-01T10:00:00+01"], False),
    (["2026/03/01T10:00:00Z"], False),
    ([], False),
])
def test_times_of_one_form(texts, told):
    assert are_utc_times(pa.array(texts, pa.string())) is told


identifiers = st.one_of(st.none(), st.text("0123456789", min_size=12, max_size=17), st.text("0123456789 x٣", max_size=16))


@pytest.mark.parametrize("kind", ["imsi", "imei"])
@given(texts=st.lists(identifiers, max_size=8), is_kept=st.booleans())
def test_a_column_passes_the_door_as_its_identifiers_do(kind, texts, is_kept):
    door = Door(KEY, plmn_codes=["99901"])
    passed = door.pass_column(kind, pa.array(texts, pa.string()), is_kept=is_kept)
    for at, text in enumerate(texts):
        one = getattr(Door(KEY, plmn_codes=["99901"]), kind)(text) if text is not None else None
        key = None if one is None or one.key is None else one.key if is_kept else ""
        assert passed.keys[at].as_py() == key
        assert [passed.facts[name][at].as_py() for name in Door.facts[kind]] == (list(one.facts) if one and one.facts else [None] * len(Door.facts[kind]))
        assert passed.reasons[at].as_py() == (one.reason if one else None)


def test_what_is_plain():
    assert is_plain("imsi", pa.array(["99901000000001", "99901"])).to_pylist() == [True, False]
    assert is_plain("imei", pa.array(["35000000123456", "350000001234567", ""])).to_pylist() == [True, False, False]
    assert is_plain("msisdn", pa.array(["33639980001"])).to_pylist() == [False]
