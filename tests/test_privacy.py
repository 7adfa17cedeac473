"""What a manager sees, and what nobody sees."""

from __future__ import annotations

import pandas as pd
import pytest

from cemlib.errors import PrivacyError, UnknownNameError
from cemlib.privacy import SUPPRESSED, may_see_records, publishable, require_records, suppress_small_groups


def groups():
    return pd.DataFrame({"country": ["TR", "TR", "EG", "EG"], "partner": list("ABCD"), "num": [90, 3, 40, 0], "den": [100, 6, 50, 0],
                         "value": [0.9, 0.5, 0.8, None], "subscribers": [60, 4, 30, 0], "state": ["ok", "too_few", "ok", "no_data"]})


def test_a_small_group_is_named_suppressed_never_zero():
    shown = suppress_small_groups(groups(), "manager", k=10)
    hidden = shown[shown["partner"] == "B"].iloc[0]
    assert hidden["state"] == SUPPRESSED
    assert hidden[["num", "den", "value", "subscribers"]].isna().all()
    # nobody was there: no data stays no data
    assert shown["state"].tolist() == ["ok", SUPPRESSED, "ok", "no_data"]


def test_an_analyst_sees_all_groups():
    shown = suppress_small_groups(groups(), "analyst", k=10)
    assert shown["num"].tolist() == groups()["num"].tolist()
    assert not shown["is_suppressed"].any()


def test_one_hidden_cell_in_a_total_takes_another_with_it():
    # without it, B = total of TR (106 attempts) - A (100)
    shown = suppress_small_groups(groups(), "manager", k=10, within="country", total_shown=True)
    assert shown["is_suppressed"].tolist() == [True, True, False, False]


def test_two_hidden_cells_protect_each_other():
    frame = pd.DataFrame({"partner": list("ABC"), "value": [1.0, 1.0, 1.0], "subscribers": [5, 6, 50]})
    assert suppress_small_groups(frame, "manager", k=10, total_shown=True)["is_suppressed"].tolist() == [True, True, False]


def test_hidden_cells_that_are_few_together_take_another_with_them():
    # 57 less 50 would be the seven of A and B; a group of unknown number may be of any
    frame = pd.DataFrame({"partner": list("ABCD"), "value": 1.0, "subscribers": [2, 5, 50, 50]})
    assert suppress_small_groups(frame, "manager", k=10, total_shown=True)["is_suppressed"].tolist() == [True, True, True, False]
    unknown = frame.assign(subscribers=[2, None, 50, 50])
    assert suppress_small_groups(unknown, "manager", k=10, total_shown=True)["is_suppressed"].tolist() == [True, True, False, False]


def test_where_nobody_is_few_nothing_is_hidden():
    frame = pd.DataFrame({"value": 1.0, "subscribers": [0, 10, 50]})
    assert not suppress_small_groups(frame, "manager", k=10, total_shown=True)["is_suppressed"].any()


def test_a_group_of_unknown_size_is_not_shown():
    frame = pd.DataFrame({"value": [1.0], "subscribers": [None]})
    assert suppress_small_groups(frame, "manager")["is_suppressed"].tolist() == [True]


def test_the_group_size_is_a_setting(monkeypatch):
    monkeypatch.setenv("CEM_MINIMUM_GROUP", "3")
    assert not suppress_small_groups(groups(), "manager")["is_suppressed"].any()


def test_a_view_without_group_sizes_is_refused():
    with pytest.raises(PrivacyError, match="number of subscribers"):
        suppress_small_groups(pd.DataFrame({"value": [1.0]}), "manager")


def test_only_some_roles_see_records(monkeypatch):
    assert [may_see_records(one) for one in ("manager", "analyst", "care")] == [False, True, True]
    monkeypatch.setenv("CEM_ROLE", "manager")
    with pytest.raises(PrivacyError, match="not shown to a manager"):
        require_records()
    with pytest.raises(UnknownNameError, match="manger"):
        may_see_records("manger")


def test_a_manager_gets_open_columns_only():
    frame = pd.DataFrame({"subscriber_key": ["a" * 32], "tac_code": ["35000000"], "latitude_deg": [1.0], "some_key": ["b" * 32], "cause_code": ["5004"]})
    assert list(publishable(frame, "manager")) == ["cause_code"]
    assert list(publishable(frame, "care")) == list(frame)


@pytest.mark.parametrize("frame", [
    pd.DataFrame({"IMSI": ["999010000000001"]}),
    pd.DataFrame({"subscriber_key": ["999010000000001"]}),
    pd.DataFrame({"calling_key": ["+905321234567"]}),
])
def test_a_raw_identifier_is_refused_whoever_asks(frame):
    for role in ("manager", "analyst"):
        with pytest.raises(PrivacyError, match="identifiers of people"):
            publishable(frame, role)
