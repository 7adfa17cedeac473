"""The structural model: exact do(), noise that depends on nothing but seed, node and row, and the same bits on every machine."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.errors import ContractError, ParameterError, UnknownNameError
from cemlib.twin import exact
from cemlib.twin.scm import Domain, Graph, Intervention, Sample, Streams

DAY = 86_400_000


def small_operator() -> Graph:
    """Cells and customers, their days and sessions: each kind of parent occurs once at least."""
    net, life = Domain("net"), Domain("life", constants=["days"])
    net.entities("cell", is_shared=True)
    net.steps("cell_day", of="cell", step_ms=DAY, is_shared=True)

    @net.node("cell", labels=("2g", "4g"))
    def technology(draw):
        return draw.pick([1, 3])

    @net.node("cell_day", decimals=3)
    def load(draw, technology):
        return 0.4 + 0.4 * draw.uniform() + 0.1 * technology

    life.entities("customer")
    life.steps("customer_day", of="customer", step_ms=DAY)
    life.events("session", of="customer_day", count="sessions", clock="at")

    @life.node("customer")
    def taste(draw):
        return draw.normal()

    @life.node("customer_day")
    def sessions(draw, taste):
        return draw.poisson(2 * exact.exp(0.3 * taste))

    @life.node("session", to="cell")
    def cell_row(draw):
        return (draw.uniform() * 6).astype(np.int64)

    @life.node("session")
    def day_of(number_of_day):
        return number_of_day

    @life.node("customer_day")
    def number_of_day(draw):
        return draw.number

    @life.node("session", to="cell_day")
    def cell_day_row(cell_row, day_of, days):
        return cell_row * days + day_of

    @life.node("session")
    def at(draw, day_of):
        return day_of * DAY + (draw.uniform() * DAY).astype(np.int64)

    @life.node("session", decimals=2, unit="s")
    def waiting(draw, load):
        return 5 * load * draw.uniform()

    @life.node("customer_day", pool={"waiting": "sum"}, decimals=2)
    def pain(waiting, taste):
        return waiting + 0.1 * taste

    @life.node("customer", pool={"pain": "max"})
    def leaves(draw, pain):
        return draw.uniform() < exact.logistic(pain - 12)

    return Graph.of(net, life)


GRAPH = small_operator()
NUMBERS = sorted(name for name in GRAPH.nodes if name not in ("cell_row", "cell_day_row", "day_of", "number_of_day", "technology", "at", "leaves"))


def world(seed=3, customers=range(40), interventions=(), days=5):
    return Sample(GRAPH, Streams(seed), entities={"cell": range(6), "customer": customers}, steps={"cell_day": (0, days), "customer_day": (0, days)},
                  constants={"days": days}, interventions=interventions)


CHANGES = st.builds(
    lambda node, change, size, since, share: Intervention(node, **{change: size}, share=share, name="it",
                                                          **({"since": since * DAY} if since and GRAPH.nodes[node].grain not in ("cell", "customer") else {})),
    st.sampled_from(NUMBERS), st.sampled_from(["set", "add", "times"]), st.floats(0, 3, allow_nan=False), st.integers(0, 6), st.sampled_from([1.0, 0.5, 0.0]))


@settings(max_examples=60)
@given(change=CHANGES, seed=st.integers(0, 2**40))
def test_do_changes_descendants_only_and_is_what_a_world_of_its_own_would_be(change, seed):
    before = world(seed)
    after, alone = before.do([change]), world(seed, interventions=[change])
    touched = GRAPH.descendants(change.node) | {change.node}
    for name in GRAPH.nodes:
        assert np.array_equal(after[name], alone[name]), name
        if name not in touched:
            assert after[name] is before[name]
            assert np.array_equal(alone[name], before[name])
    # undone, and without effect, the world is the first one again, bit for bit
    for same in (after.do([]), world(seed, interventions=[change.without_effect()])):
        for name in GRAPH.nodes:
            assert np.array_equal(same[name], before[name])


@settings(max_examples=30)
@given(customers=st.lists(st.integers(0, 10**6), min_size=2, max_size=12, unique=True), data=st.data())
def test_nothing_depends_on_blocks_or_on_who_else_is_there(customers, data):
    cut = data.draw(st.integers(1, len(customers) - 1))
    whole, parts = world(customers=customers), [world(customers=customers[:cut]), world(customers=customers[cut:])]
    for name in ("taste", "sessions", "waiting", "pain", "leaves"):
        assert np.array_equal(whole[name], np.concatenate([part[name] for part in parts])), name


def test_a_forgotten_grain_comes_back_to_the_same_bits_and_orders_of_asking_do_not_matter():
    one, other = world(), world()
    pain = one["pain"].copy()
    one.release("session", "customer_day")
    assert [name for name in reversed(GRAPH.order()) if not np.array_equal(one[name], other[name])] == []
    assert np.array_equal(one["pain"], pain)


def test_an_effect_is_the_one_that_was_worked_out():
    # a session waits 5 x load x u: three more seconds from day 2 on are three more seconds in each session of these days alone
    before = world()
    after = before.do([Intervention("waiting", add=3.0, since=2 * DAY, until=4 * DAY, where={"technology": "4g"})])
    hit = np.isin(before["day_of"], [2, 3]) & (before["technology"][before["cell_row"]] == 1)
    assert hit.any()
    assert (~hit).any()
    assert np.allclose(after["waiting"] - before["waiting"], np.where(hit, 3.0, 0.0), atol=0.0101)
    by_day = np.bincount(before.rows("session").above, weights=3.0 * hit, minlength=len(before["pain"]))
    assert np.allclose(after["pain"] - before["pain"], by_day, atol=1e-6)


def test_a_share_is_drawn_by_row_or_by_entity_and_a_larger_share_holds_the_smaller():
    before = world(customers=range(400))

    def struck(share, per):
        return before.do([Intervention("waiting", set=99.0, share=share, per=per, name="s")])["waiting"] == 99.0

    few, many = struck(0.2, "customer"), struck(0.4, "customer")
    customer = before.rows("customer_day").above[before.rows("session").above]
    assert len(set(customer[few]) & set(customer[~few])) == 0
    assert not (few & ~many).any()
    assert len(set(customer[few])) == pytest.approx(80, abs=25)  # binomial: standard deviation 8
    assert struck(0.2, None).mean() == pytest.approx(0.2, abs=0.03)


def test_what_descends_from_what():
    assert GRAPH.descendants("load") == {"waiting", "pain", "leaves"}
    # a link and a count are causes too: of what is found through it, and of which rows there are
    assert GRAPH.descendants("cell_row") >= {"cell_day_row", "waiting"}
    assert GRAPH.descendants("sessions") == set(GRAPH.nodes) - {"technology", "load", "taste", "sessions", "number_of_day"}


def test_mistakes_are_told():
    with pytest.raises(UnknownNameError, match="waitin"):
        world(interventions=[Intervention("waitin", set=1.0)])
    with pytest.raises(ParameterError, match="cannot choose rows by what it changes"):
        world(interventions=[Intervention("load", set=1.0, where={"pain": 3})])
    with pytest.raises(ParameterError, match="have no time"):
        world(interventions=[Intervention("taste", set=1.0, since=0)])["taste"]
    with pytest.raises(UnknownNameError) as caught:
        world(interventions=[Intervention("load", set=1.0, where={"technology": "4gg"})])["load"]
    assert caught.value.near == ["4g"]
    with pytest.raises(ParameterError, match="one change"):
        Intervention("load")
    loop = Domain("loop")
    loop.entities("thing")
    loop.node("thing")(_named("a", "b"))
    loop.node("thing")(_named("b", "a"))
    with pytest.raises(ContractError, match="depends on itself"):
        Graph.of(loop)


def _named(name, parent):
    scope: dict = {}
    exec(f"def {name}({parent}): return {parent}", scope)
    return scope[name]


@given(st.lists(st.floats(-650, 650), min_size=1), st.lists(st.floats(1e-300, 1e300), min_size=1))
def test_elementary_functions_are_right_to_the_last_places(x, y):
    x, y = np.array(x), np.array(y)
    assert np.allclose(exact.exp(x), np.exp(x), rtol=4e-15, atol=0)
    assert np.allclose(exact.log(y), np.log(y), rtol=4e-15, atol=4e-16)


def test_quantiles_have_the_moments_of_their_distribution():
    u = (np.arange(400_000) + 0.5) / 400_000
    normal = exact.normal_quantile()(u)
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=2e-3))
    # mean of a log-normal: exp(sigma^2 / 2); of a Weibull of shape 1: 1; of a Pareto of tail 3: 3/2
    assert exact.lognormal_quantile(0.8)(u).mean() == pytest.approx(np.exp(0.32), rel=3e-3)
    assert exact.weibull_quantile(1.0)(u).mean() == pytest.approx(1, rel=2e-3)
    assert exact.pareto_quantile(3.0)(u).mean() == pytest.approx(1.5, rel=5e-3)
    heavy = exact.student_quantile(3.0)(u)
    assert np.quantile(heavy, 0.75) == pytest.approx(np.quantile(normal, 0.75), rel=1e-3)
    assert np.abs(heavy).max() > 2.5 * np.abs(normal).max()


DIGEST = """
import hashlib, numpy as np
from cemlib.twin import exact
from tests_twin_scm import world
one = world(seed=11, customers=range(300))
h = hashlib.sha256()
for name in one.graph.order():
    h.update(one[name].tobytes())
u = one.streams.uniform("u", np.arange(50_000))
for f in (exact.normal_quantile(), exact.lognormal_quantile(1.1), exact.pareto_quantile(1.5), exact.student_quantile(3.0), exact.weibull_quantile(0.7)):
    h.update(f(u).tobytes())
h.update(exact.exp(20 * u - 10).tobytes()); h.update(exact.log(u).tobytes()); h.update(exact.power(u, 1.7).tobytes())
print(h.hexdigest())
"""


def digest_in_a_process_of_its_own(code: str, **environment: str) -> str:
    loader = f"import sys, importlib.util as u; s = u.spec_from_file_location('tests_twin_scm', {__file__!r}); m = u.module_from_spec(s); " \
             "sys.modules['tests_twin_scm'] = m; s.loader.exec_module(m)\n"
    answer = subprocess.run([sys.executable, "-c", loader + code], capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return answer.stdout.strip()


def processor_features() -> str:
    """The instruction sets that numpy would use here beyond its baseline."""
    return " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


def test_values_are_the_same_bits_without_the_processor_s_vector_instructions():
    features = processor_features()
    plain = digest_in_a_process_of_its_own(DIGEST, NPY_DISABLE_CPU_FEATURES=features)
    assert plain == digest_in_a_process_of_its_own(DIGEST)
    assert len(plain) == 64
