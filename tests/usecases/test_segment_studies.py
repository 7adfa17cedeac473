"""Segments of a study's customers: real ratings, files that are joined, and what is told wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cemwidgets.segments.state import SegmentState

import cemlib as cem
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.usecases import view_segments, what_if_satisfaction
from cemlib.usecases.segments.outcomes import Outcome, measure_segments
from cemlib.usecases.segments.study_customers import StudyCustomers
from cemlib.usecases.studies.catalogue import load_study, study_names
from cemlib.usecases.whatif.ratings import read_study_ratings
from tests.usecases import grouped_study


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder of studies beside a lake without records."""
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    grouped_study.write_invented(tmp_path / "studies")
    return tmp_path / "studies"


@pytest.fixture
def lake(place):
    return cem.open_lake(place.parent / "lake")


def test_the_planted_groups_of_a_study_are_found(lake):
    view = view_segments(lake, study="invented", role="analyst")
    assert view.is_stable
    assert view.segments["subscribers"].tolist() == [90, 60]
    assert view.segments["satisfaction"].tolist() == [4, 2]
    # every second of sixty left; Wilson for 30 of 60, worked out with the formula
    z = 1.959963984540054
    half = z * np.sqrt(0.25 / 60 + z**2 / 14400) / (1 + z**2 / 60)
    assert view.segments.loc[1, ["churn", "churn_low", "churn_high"]].tolist() == pytest.approx([50, 100 * (0.5 - half), 100 * (0.5 + half)])
    assert view.segments["nps"].tolist() == [100, -100]
    assert view.answer[1].startswith(f"Satisfaction is worst in “{view.segments['segment'].iloc[1]}” with 2.00 of 5")
    assert view.chosen["study"] == "invented"
    assert view.figures["segment_2_satisfaction"] == 2
    assert (view.places, view.kept) == (None, {"n": 0})
    # the services are one or three: two values tell nothing a mixture could use
    assert any("number of services" in one for one in view.missing)
    assert "450 rows of 150 customers in usage.csv, answers.csv; rows of one customer are averaged" in view.footer


def test_rows_of_one_customer_are_one_customer(place, lake):
    customers = StudyCustomers(load_study("invented", "segments"), lake)
    usage = pd.read_csv(place / "usage.csv", dtype={"who": "str"})
    # 0007 is not 7
    assert customers.features.index[7] == "0007"
    assert np.expm1(customers.features.at["0007", "gb"]) == pytest.approx(usage.loc[usage["who"] == "0007", "Volume GB"].mean(), abs=1e-4)
    assert customers.features["services"].value_counts().to_dict() == {1: 90, 3: 60}


def test_sets_of_a_study(lake):
    view = view_segments(lake, study="invented", by="named", role="analyst")
    rules = view.rules.set_index("segment")
    assert rules["n"].to_dict() == {"island": 0, "heavy": 15, "silent": 0, "others": 135}
    assert rules.at["silent", "rule"] == "data volume at most 0 GB a month"
    # of fifteen it is not told how they fare
    assert view.segments.set_index("segment")["satisfaction_state"].to_dict() == {"others": "ok", "heavy": "too_few", "island": "no_data", "silent": "no_data"}
    assert view.untold == []


def test_a_set_whose_customers_are_all_in_an_earlier_one_is_a_row(place, lake):
    text = (place / "invented.yaml").read_text()
    assert text.count("island: charge") == 1
    start = text.index("    island: charge")
    # who pays most pays above 30; all of them pay above 10
    (place / "invented.yaml").write_text(text[:start] + "    dear: charge >= 10\n    dearer: charge >= 30\n    dearest: charge >= 999\n")
    for role in ("analyst", "manager"):
        view = view_segments(lake, study="invented", by="named", role=role)
        assert view.answer[0].startswith("**3 named sets** hold 150 of 150 customers")
        rows = view.segments.set_index("segment")
        assert rows["subscribers"].to_dict() == {"dear": 150, "dearer": 0, "dearest": 0}
        page = SegmentState(view, [])
        table = page.segments()
        assert "0</span> <small>all in an earlier set</small>" in table
        assert table.count("<small>nobody meets its rule</small>") == 1
        # nothing is opened of nobody, and nobody has no profile
        assert table.count("data-event") == 1
        assert "dearer" not in page.profiles()
        assert view.compared.empty


def test_what_rules_are_worth_has_an_interval(lake):
    view = view_segments(lake, study="invented", role="analyst")
    # a third of 150 was not seen by the rules, and all fifty are met and right: Wilson for 50 of 50 is n / (n + z²)
    low = 50 / (50 + 1.959963984540054**2)
    assert view.rules["n"].sum() == 50
    assert [view.figures[f"rule_{name}"] for name in ("fidelity_low", "fidelity_high", "coverage_low", "coverage_high")] == pytest.approx([low, 1, low, 1])
    for row in view.rules[view.rules["n"] > 0].itertuples():
        assert [row.precision_low, row.coverage_low] == pytest.approx([row.n / (row.n + 1.959963984540054**2)] * 2)
    page = SegmentState(view, [])
    assert "95 % 93 – 100" in page.cards()
    assert "adjusted Rand index" in page.cards()


def test_answers_that_are_no_number_are_set_aside(place, lake):
    answers = pd.read_csv(place / "answers.csv", dtype=str)
    answers.loc[:2, "Score"] = ["1, 3", "yes", "19"]
    answers.loc[3, "Recommend"] = "+33 6 39 98 00 01"
    answers.loc[4, "Score"] = None
    answers.to_csv(place / "answers.csv", index=False)
    view = view_segments(lake, study="invented", role="analyst")
    # of the file with the answers, whose rows stand three times beside the usage; the header is row 1
    told = ("Satisfaction: 3 of 149 answers are set aside: 1 no number (“yes” in row 3), 1 several numbers in one (“1, 3” in row 2), 1 out of the scale 1 to 5 (“19” in row 4).",
            "NPS: 1 of 150 answers is set aside: 1 no number (“…” in row 5).")
    assert list(told) == view.missing[:2]
    assert view.segments["satisfaction_n"].tolist() == [86, 60]
    assert view.tables["set_aside"][["n", "first_row"]].values.tolist() == [[1, 3], [1, 2], [1, 4], [1, 5]]
    seen = view_segments(lake, study="invented", role="manager")
    assert seen.missing[:2] == ["Satisfaction: 3 of 149 answers are set aside: 1 no number, 1 several numbers in one, 1 out of the scale 1 to 5.", "NPS: 1 of 150 answers is set aside: 1 no number."]
    assert not any("lake.set_aside" in one for one in seen.missing)
    assert list(seen.tables["set_aside"]) == ["file_name", "column", "reason_code", "reason", "n"]
    # they are kept for whoever may see them, whoever opened the study
    kept = lake.set_aside("invented")
    assert kept[["file_name", "line", "column", "reason_code", "raw"]].values.tolist() == [
        ["answers.csv", 3, "Score", "bad_number", "yes"], ["answers.csv", 2, "Score", "several_numbers", "1, 3"], ["answers.csv", 4, "Score", "out_of_range", "19"],
        ["answers.csv", 5, "Recommend", "bad_number", "…"]]
    # a number of a person is neither told nor kept
    assert "39 98" not in " ".join(view.missing)


def test_an_outcome_of_which_too_much_cannot_be_read_closes_the_study(place, lake):
    answers = pd.read_csv(place / "answers.csv", dtype=str)
    # 15 of 150 are a tenth: as many as may be
    for bad, said in ((15, ""), (16, "16 of 150 (11 %): 16 out of the scale 1 to 5 (“9” in row 2, the first)"), (150, "Satisfaction has no numbers.")):
        answers.assign(Score=answers["Score"].where(answers.index >= bad, "9")).to_csv(place / "answers.csv", index=False)
        if not said:
            assert view_segments(lake, study="invented", role="analyst").segments["satisfaction_n"].sum() == 135
            continue
        with pytest.raises(ParameterError) as told:
            view_segments(lake, study="invented")
        assert said in str(told.value)
    text = (place / "invented.yaml").read_text()
    answers.assign(Score=answers["Score"].where(answers.index >= 16, "9")).to_csv(place / "answers.csv", index=False)
    (place / "invented.yaml").write_text(text + "most_set_aside: 0.2\n")
    assert view_segments(lake, study="invented", role="analyst").segments["satisfaction_n"].sum() == 134


def test_files_that_do_not_fit_are_told(place, lake):
    answers = pd.read_csv(place / "answers.csv", dtype=str)
    beyond = answers.iloc[[0]].assign(who="9999")
    pd.concat([answers.iloc[5:], beyond]).assign(Charge="1").to_csv(place / "answers.csv", index=False)
    view = view_segments(lake, study="invented", role="analyst")
    assert "5 customers are not in answers.csv: what it tells is unknown of them." in view.missing
    assert "1 customers of answers.csv are not in usage.csv; they are left out." in view.missing
    assert any("Charge differs between usage.csv and answers.csv" in one for one in view.missing)
    assert view.segments["satisfaction_n"].sum() == 145
    pd.concat([answers, answers.iloc[:2]]).to_csv(place / "answers.csv", index=False)
    with pytest.raises(ParameterError, match="stands twice") as told:
        view_segments(lake, study="invented")
    assert "2 rows too many" in str(told.value)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("customer: who", "customer: whom", "no column named 'whom'. where: wrong.yaml, line 3, column 27; columns of usage.csv, row 1, cut at a comma to do: Did you mean 'who'?"),
    ("column: Charge", "column: Chrage", "no column named 'Chrage'. where: wrong.yaml, line 9, column 48; columns of usage.csv, answers.csv to do: Did you mean 'Charge'"),
    ("Video, Music]", "Vidoe, Music]", "no column named 'Vidoe'. where: wrong.yaml, line 7, column 75 to do: Did you mean 'Video'?"),
    ("column: Left", "column: Lef", "no column named 'Lef'. where: wrong.yaml, line 12, column 39 to do: Did you mean 'Left'?"),
    ("column: Charge", "column: Mail", "no numbers"), ('value: "Yes", better', "value: Yes, better", "quotes"), ('value: "Yes", better', 'value: "yes", better', "No row holds"),
    ("kind: share", "kind: shre", "no kind named 'shre'. where: wrong.yaml, line 12, column 26 to do: Did you mean 'share'?"), ("charge: {", "gb: {", "both blocks"),
    ("log: true", "log: true, extra: 1", "no key named 'extra'. where: wrong.yaml, line 6, column 78 to do: Choose one of: column, columns, label"),
    ("digits: 2", "digit: 2", "no key named 'digit'. where: wrong.yaml, line 11, column 96 to do: Did you mean 'digits'?"), ("charge: {", "Charge a month: {", "not one word"),
    ("[answers.csv]", "[gone.csv]", "gone.csv"), ("low: 1, high: 5", "low: 5, high: 1", "low is below high"), ("  behaviour:", "  behavior:", "no key named 'behavior'. where: wrong.yaml, line 5, column 3 to do: Did you mean 'behaviour'"),
    ("island: charge", "island: chrage", "no column named 'chrage'")], ids=lambda one: None if len(one) > 30 else one)
def test_a_study_told_wrong_is_an_error(place, lake, old, new, said):
    (place / "wrong.yaml").write_text(grouped_study.INVENTED.replace(old, new, 1))
    with pytest.raises((ParameterError, UnknownNameError)) as told:
        view_segments(lake, study="wrong", by="named")
    assert said in " ".join(str(told.value).split())
    if "chrage'" in said:
        # its customers can be told, its sets cannot
        return
    lenient = view_segments(lake, study="wrong", strict=False)
    assert lenient.chosen["study"] == "lake"
    assert "The lake's customers are shown." in lenient.missing[0]


def test_three_customers_are_too_few(place, lake):
    usage = pd.read_csv(place / "usage.csv", dtype=str)
    usage[usage["who"].isin(["0001", "0002", "0003"])].to_csv(place / "usage.csv", index=False)
    view = view_segments(lake, study="invented", role="analyst")
    assert view.segments.empty
    assert "too few customers" in view.answer[0]
    assert any("Wanted: at least 50. There are: 3." in one for one in view.missing)
    assert "No row holds “Yes” in Left; there are: “No”." in view.missing
    # a set of three: a manager sees no figure of it
    named = view_segments(lake, study="invented", by="named", role="manager")
    assert named.segments.loc[~named.segments["subscribers"].eq(0), "is_suppressed"].all()
    assert named.rules.set_index("segment")["n"].isna().any()
    # nor what the three hold
    assert "No row holds “Yes” in Left." in named.missing


def test_a_study_is_offered_where_it_has_something_to_say(place, lake):
    assert "invented" in study_names("segments")
    assert "invented" not in study_names("levers")
    assert study_names("segments") == ["invented"]
    with pytest.raises(ParameterError, match="nothing that can be changed"):
        what_if_satisfaction(lake, study="invented")
    with pytest.raises(ParameterError, match="does not say by what"):
        load_study("lake", "segments")
    (place / "empty.yaml").write_text("title: Nothing\nsource: {file: usage.csv, customer: who}\n")
    with pytest.raises(ParameterError, match="no section segments"):
        load_study("empty")


def test_files_are_joined_for_levers_too(place, lake):
    (place / "levers.yaml").write_text("""
title: Joined
source: {file: usage.csv, customer: who, rating: Score, join: [answers.csv]}
features: {Charge: {label: Charge, better: -1, lever: percent}}
edges: [Charge -> outcome]
""")
    pd.read_csv(place / "answers.csv", dtype=str).iloc[5:].to_csv(place / "answers.csv", index=False)
    ratings = read_study_ratings(load_study("levers", "levers"), lake)
    # of 150 customers with three rows each, five have no answer
    assert (len(ratings.rating), ratings.n_dropped, ratings.customer.nunique()) == (435, 15, 145)
    assert ratings.notes == ["5 customers are not in answers.csv: what it tells is unknown of them."]


def test_a_study_has_no_period(lake):
    with pytest.raises(ParameterError, match="no periods"):
        view_segments(lake, study="invented", period="2026-03")
    view = view_segments(lake, study="invented", period="2026-03", strict=False)
    assert view.chosen["study"] == "invented"
    assert "no periods" in view.missing[0]


def test_a_share_of_partly_is_a_mean():
    labels, half = pd.Series(["a"] * 40), [1.0, 0.0] * 19 + [0.5, 0.5]
    row = measure_segments(labels, pd.DataFrame({"left": half}), [Outcome("left", "Left", "%", kind="share")]).iloc[0]
    # Student's t of 40: 2.0227 standard errors, the deviation being sqrt(9.5 / 39)
    assert (row["left"], row["left_high"]) == (50, pytest.approx(100 * (0.5 + 2.0227 * np.sqrt(9.5 / 39 / 40)), abs=0.01))


def test_real_video_ratings_are_one_group(lake, place, shared_data):
    grouped_study.write_real(place, shared_data)
    if "video" not in study_names("segments"):
        pytest.skip("the rated video viewings are not among the shared data sets (poqemon_qoe)")
    view = view_segments(lake, study="video", role="analyst")
    # 1,543 viewings of 181 people; a mean of means, worked out from the file
    ratings = pd.read_csv(shared_data / "poqemon_qoe" / "pokemon.csv").groupby("user_id")["MOS"].mean()
    assert "**No stable segments**" in view.answer[0]
    assert view.segments["subscribers"].tolist() == [181]
    assert view.figures["segment_1_mos"] == pytest.approx(ratings.mean(), abs=1e-5)
    assert view.segments.at[0, "mos_low"] < ratings.mean() < view.segments.at[0, "mos_high"]


def test_real_customers_are_read_from_several_files(lake, place, shared_data):
    grouped_study.write_real(place, shared_data)
    if "telco" not in study_names("segments"):
        pytest.skip("the customers of the telco sample are not among the shared data sets (ibm_telco_satisfaction)")
    view = view_segments(lake, study="telco", by="named", role="analyst")
    services = pd.read_csv(shared_data / "ibm_telco_satisfaction" / "Telco_customer_churn_services.csv")
    status = pd.read_csv(shared_data / "ibm_telco_satisfaction" / "Telco_customer_churn_status.csv")
    new = set(services.loc[services["Tenure in Months"] <= 3, "Customer ID"])
    shown = view.segments.set_index("segment").loc["new"]
    assert shown["subscribers"] == len(new)
    assert shown["satisfaction"] == pytest.approx(status.loc[status["Customer ID"].isin(new), "Satisfaction Score"].mean())
    assert shown["churn"] == pytest.approx(100 * (status.loc[status["Customer ID"].isin(new), "Churn Label"] == "Yes").mean())
    assert view.counts["customers"] == 7043
    assert view.missing == []
