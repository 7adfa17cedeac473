"""A notebook's parameters: read without running it, and checked strictly."""

from __future__ import annotations

import datetime
import math

import papermill.translators
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import ParameterError, ReportError
from cemlib.report.parameters import Parameter, format_value, parse_parameters, read_parameters


def cell(source: str, tags=("parameters",)) -> dict:
    return {"cells": [{"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source}]}


def read(source: str) -> list[Parameter]:
    return read_parameters(cell(source))


def test_every_type_is_read_with_default_meaning_and_limits():
    found = read("\n".join([
        "# what the page shows",
        'partner: str = "#1"  # PLMN; a # within the text is none',
        "days: Annotated[int, (1, 90)] = 7  # how far back",
        "share: Annotated[float, (0, None)] = 1  # a share",
        'rat: Literal["all", "4g"] = "all"  # radio',
        "wide: bool = False  # more columns",
        'since: date = "2026-03-01"  # first day',
        'until: datetime = ""  # empty: the newest record',
        'plmn: Annotated[str, r"\\d{5,6}"] = ""  # PLMN',
        "quoted: 'Literal[1, 2]' = 2  # an annotation as text",
    ]))
    assert [(one.name, one.kind, one.default) for one in found] == [
        ("partner", "str", "#1"), ("days", "int", 7), ("share", "float", 1.0), ("rat", "str", "all"), ("wide", "bool", False),
        ("since", "date", "2026-03-01"), ("until", "datetime", ""), ("plmn", "str", ""), ("quoted", "int", 2),
    ]
    assert found[0].meaning == "PLMN; a # within the text is none"
    assert (found[1].low, found[1].high, found[2].low, found[2].high) == (1, 90, 0, None)
    assert found[3].choices == ("all", "4g")


def test_a_notebook_without_the_cell_has_no_parameters():
    assert read_parameters({"cells": []}) == []
    assert read_parameters(cell("days = 7", tags=())) == []


@pytest.mark.parametrize("source", [
    "days = 7  # no type",
    "days: int = 7",
    "days: int  # no default",
    "import os",
    "days: int = 3 + 4  # computed",
    "days: int = open('x')  # a call",
    "days: list = [1]  # a type that is not known",
    'days: int = "7"  # default of another type',
    "days: int = True  # a bool is no whole number",
    "days: Annotated[int, (1, 90)] = 91  # default out of bounds",
    'rat: Literal["a", "b"] = "c"  # default is no choice',
    'rat: Literal["a", 1] = "a"  # choices of two types',
    'since: date = "1.3.2026"  # no ISO date',
    "out: str = ''  # a name that run_report takes",
    "api_token: str = ''  # a secret",
    "days: int = 7  # one\ndays: int = 8  # two",
    "a.b: int = 7  # an attribute",
    "days: int = (7  # broken",
    'x: Annotated[str, "("] = ""  # a broken pattern',
    "print('hello')  # a call",
])
def test_anything_else_in_the_cell_is_refused(source):
    with pytest.raises(ReportError, match="parameter"):
        read(source)


def test_two_parameter_cells_are_refused():
    both = {"cells": cell("a: int = 1  # one")["cells"] * 2}
    with pytest.raises(ReportError, match="one parameters cell"):
        read_parameters(both)


def test_what_is_no_notebook_is_told(tmp_path):
    for name, text in (("a.ipynb", "no json"), ("b.ipynb", "[1]"), ("c.ipynb", "{}")):
        (tmp_path / name).write_text(text)
        with pytest.raises(ReportError, match="not a notebook"):
            read_parameters(tmp_path / name)
    with pytest.raises(ReportError, match="cannot be read"):
        read_parameters(tmp_path / "none.ipynb")


DECLARED = [
    Parameter("partner", "str", "", "PLMN", pattern=r"\d{5,6}"),
    Parameter("days", "int", 7, "days", low=1, high=90),
    Parameter("share", "float", 0.5, "share"),
    Parameter("rat", "str", "all", "radio", choices=("all", "4g", "5g")),
    Parameter("wide", "bool", False, "columns"),
    Parameter("since", "date", "2026-03-01", "first day"),
    Parameter("until", "datetime", "", "end"),
    Parameter("level", "int", 1, "level", choices=(1, 2)),
]


@pytest.mark.parametrize(("name", "given", "wanted"), [
    ("partner", "99901", "99901"),
    ("partner", "", ""),
    ("days", "30", 30),
    ("days", " 30 ", 30),
    ("share", "1e-3", 0.001),
    ("share", 1, 1.0),
    ("rat", "5g", "5g"),
    ("wide", "Yes", True),
    ("wide", "0", False),
    ("since", "2026-02-28", "2026-02-28"),
    ("since", datetime.date(2026, 2, 28), "2026-02-28"),
    ("until", "2026-03-01T02:00:00+02:00", "2026-03-01T00:00:00"),
    ("until", "", ""),
    ("level", "2", 2),
])
def test_values_come_in_their_type(name, given, wanted):
    values = parse_parameters(DECLARED, {name: given})
    assert values[name] == wanted
    assert type(values[name]) is type(wanted)
    assert list(values) == [one.name for one in DECLARED]


@pytest.mark.parametrize(("name", "given"), [
    ("partner", "99901; import os"), ("partner", 99901), ("days", "0"), ("days", "91"), ("days", "7.0"), ("days", "1_0"), ("days", "٧"),
    ("days", True), ("days", 7.0), ("days", ""), ("days", "9" * 30), ("share", "nan"), ("share", math.inf), ("share", "1,5"), ("rat", "6g"), ("rat", "4G"),
    ("wide", "maybe"), ("wide", 1), ("since", "2026-02-30"), ("since", "20260228"), ("since", ""), ("until", "noon"), ("level", "3"), ("level", True),
])
def test_values_that_do_not_fit_are_refused(name, given):
    with pytest.raises(ParameterError) as caught:
        parse_parameters(DECLARED, {name: given})
    assert caught.value.exit_code == 2
    assert name in caught.value.what
    assert caught.value.wanted


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ParameterError, match="'parnter'") as caught:
        parse_parameters(DECLARED, {"parnter": "99901"})
    assert caught.value.todo == "Did you mean 'partner'?"


def test_every_fault_is_told_at_once():
    with pytest.raises(ParameterError) as caught:
        parse_parameters(DECLARED, {"parnter": "1", "days": "0", "rat": "6g", "share": "0.1"}, where="roaming.ipynb")
    text = str(caught.value)
    assert text.startswith("3 parameters cannot be used:")
    assert all(word in text for word in ("'parnter'", "'partner'", "1 to 90", "one of all, 4g, 5g", "roaming.ipynb"))


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(ParameterError) as caught:
        parse_parameters(DECLARED, {"days": "x" * 10_000})
    assert len(str(caught.value)) < 400


@given(st.text(max_size=40))
def test_any_text_is_taken_or_refused_never_anything_else(text):
    for one in DECLARED:
        try:
            value = one.check(text)
        except ParameterError:
            continue
        # what was taken is taken again, the same
        assert one.check(format_value(value)) == value


@given(st.text(max_size=40))
def test_no_text_gets_out_of_its_quotes_in_the_notebook(text):
    # papermill writes the value into a cell: running that cell must give the text and do nothing else
    source = papermill.translators.papermill_translators.find_translator("python3", "python").codify({"partner": text})
    space: dict = {"__builtins__": {}}
    exec(source, space)
    assert space["partner"] == text
    assert set(space) == {"__builtins__", "partner"}
