"""An index file: what is wrong with it is refused with file, line, column and the nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cemlib.experience as package
from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience import load_index
from cemlib.experience.index import FACETS, list_terms

TEXT = Path(package.__file__).with_name("index_default.yaml").read_text()


def place_of(word: str) -> tuple[int, int]:
    """Line and column of a word's first appearance outside of comments."""
    for number, line in enumerate(TEXT.splitlines(), 1):
        if word in line and not line.lstrip().startswith("#"):
            return number, line.index(word) + 1
    raise LookupError(word)


def refused(tmp_path, old: str, new: str):
    assert TEXT.count(old) >= 1, old
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises((ParameterError, UnknownNameError)) as caught:
        load_index(path)
    return caught.value, path


@pytest.mark.parametrize(("old", "new", "near"), [
    ("half_life_bad_days:", "half_live_bad_days:", "half_life_bad_days"),
    ("missing_services:", "mising_services:", "missing_services"),
    ("prior_records:", "prior_record:", "prior_records"),
    ("voice_call_drop_ratio:", "voice_cal_drop_ratio:", "voice_call_drop_ratio"),
    ("thresholds: {content:", "thresholds: {contentt:", "content"),
])
def test_a_misspelt_word_is_told_with_its_place_and_the_nearest(tmp_path, old, new, near):
    problem, path = refused(tmp_path, old, new)
    line, column = place_of(old.rpartition("{")[2])
    assert problem.where == f"{path}, line {line}, column {column}"
    assert near in problem.near


def test_a_curve_that_does_not_exist_is_told_where_it_is_named(tmp_path):
    problem, path = refused(tmp_path, "curve: voice_mos,", "curve: voice_moss,")
    assert problem.near == ["voice_mos"]
    line, column = place_of("curve: voice_mos,")
    assert problem.where == f"{path}, line {line}, column {column}"


@pytest.mark.parametrize(("old", "new", "word", "what"), [
    ("price: 0.2}", "price: 0.3}", "weights:", "do not sum to 1"),
    ("{weight: 0.7, curve: sms", "{weight: 0.6, curve: sms", "kpis:", "do not sum to 1"),
    ("[[-60, 0], [-20, 35]", "[[-10, 0], [-20, 35]", "points:", "out of order"),
    ("[1.1, 60], [1.25, 35]", "[1.1, 60], [1.25, 65]", "points:", "does not go one way"),
    ("[0.95, 40], [0.99, 85]", "[0.995, 40], [0.99, 85]", "data_setup_success: {title", "out of order"),
    ("curve: data_session_drop_ratio, usual", "curve: data_session_throughput, usual", "curve: data_session_drop_ratio", "does not fit"),
    ("curve: data_session_drop_ratio, usual", "curve: data_setup_success, usual", "curve: data_session_drop_ratio", "the other way"),
    ("voice_call_mos_mean:", "data_session_rtt_median:", "voice_call_mos_mean:", "does not add up"),
    ("voice_call_mos_mean:", "data_session_drop_ratio:", "voice_call_mos_mean:", "in two services"),
    ("usual: 4.1}", "usual: 41}", "usual: 4.1", "impossible"),
    ("peak: 0.25", "peak: 0.95", "peak:", "more than all"),
    ("content: 78", "content: 60", "thresholds:", "upside down"),
    ("{default: 0}", "{basic: 0}", "by_segment:", "no default"),
    ("least_weight: 0.28", "least_weight: 1.28", "least_weight:", "not right"),
    ("name: open_index", "name: open_index\nname: again", None, "there twice"),
    ("  end_days: 3", "  end_days: [", None, "no YAML"),
])
def test_what_cannot_be_scored_with_is_refused_with_its_place(tmp_path, old, new, word, what):
    problem, path = refused(tmp_path, old, new)
    assert what in str(problem)
    assert str(path) in problem.where
    assert ", line " in problem.where
    if word is not None:
        places = [f"{path}, line {number}, column {line.index(word) + 1}" for number, line in enumerate(TEXT.splitlines(), 1) if word in line and not line.lstrip().startswith("#")]
        assert problem.where in places


def test_what_is_left_out_is_named(tmp_path):
    problem, _ = refused(tmp_path, "  end_days: 3\n", "")
    assert "lacks 'end_days'" in str(problem)
    with pytest.raises(ParameterError, match="cannot be read"):
        load_index(tmp_path / "nothing.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(ParameterError, match="no index"):
        load_index(tmp_path / "list.yaml")


def test_the_weights_of_the_terms_by_hand():
    terms = {one.name: one.weight for one in list_terms(load_index())}
    # memory 0.35 x the service x drops 0.25
    assert terms["memory:data_session_drop_ratio"] == pytest.approx(0.35 * load_index().services["data"].weight * 0.25)
    assert terms["price"] == pytest.approx(0.2)
    assert len(terms) == 3 * len(load_index().kpis()) + 1
    assert sum(terms.values()) == pytest.approx(1, abs=1e-12)


@given(st.sampled_from([*FACETS, "data", "voice", "sms", "video", "data_session_drop_ratio", "sms_delivery_mean"]), st.floats(0, 1))
def test_a_moved_weight_leaves_the_others_their_proportions(name, weight):
    before, after = load_index(), load_index().with_weights({name: weight})
    assert sum(one.weight for one in list_terms(after)) == pytest.approx(1, abs=1e-9)
    held = dict.fromkeys(FACETS) | {facet: getattr(after.weights, facet) for facet in FACETS}
    if name in FACETS:
        assert held[name] == weight
        others = [facet for facet in FACETS if facet != name]
        assert [held[facet] for facet in others] == pytest.approx([getattr(before.weights, facet) * (1 - weight) / (1 - getattr(before.weights, name)) for facet in others])
    assert before.same_but_weights(after)
    assert after.version == "1.1+"


def test_a_weight_that_cannot_be_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        load_index().with_weights({"prise": 0.2})
    assert caught.value.near == ["price"]
    with pytest.raises(ParameterError, match="do not sum"):
        load_index().with_weights({"price": 0.7, "memory": 0.6})
    with pytest.raises(ParameterError, match="do not sum"):
        load_index().with_weights({"price": -0.1})


def test_an_index_is_written_beside_and_read_again(tmp_path):
    edited = load_index().with_weights({"price": 0.4})
    path = edited.save(tmp_path / "mine.yaml")
    assert load_index(path).model_dump() == edited.model_dump()
    with pytest.raises(CallError, match="never overwritten"):
        load_index().save(path)


def test_other_constants_are_not_other_weights():
    index = load_index()
    slower = index.model_copy(update={"memory": index.memory.model_copy(update={"half_life_bad_days": 20.0})})
    assert not index.same_but_weights(slower)
