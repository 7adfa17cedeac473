"""What may be called a KPI."""

import pytest
from narwhals import col

from cemlib.errors import KpiError, UnknownNameError
from cemlib.kpi import Count, Mean, Ratio, catalogue, evaluate_frame, find_kpi, kpi, list_kpis, show_kpi
from cemlib.kpi.definition import registered


def declare(function, **given):
    usual = {"table": "ticket", "unit": "1", "better": "lower", "title": "Tickets", "grain": "ticket"}
    try:
        return kpi(**usual | given)(function)
    finally:
        registered().pop(function.__name__, None)


def care_ticket_count():
    """How many tickets."""
    return Count()


@pytest.mark.parametrize("given", [{"unit": "furlong"}, {"better": "up"}, {"level": "QoS"}, {"window": "fortnight"}])
def test_only_declared_words(given):
    with pytest.raises(KpiError, match="declared"):
        declare(care_ticket_count, **given)


def test_a_name_a_docstring_and_parts_are_wanted():
    def tickets():
        """How many."""
        return Count()

    def care_ticket_total():
        return Count()

    def care_ticket_share():
        """A finished percentage."""
        return 0.97

    for function, wanted in ((tickets, "service_event_measure"), (care_ticket_total, "docstring"), (care_ticket_share, "returns Count")):
        with pytest.raises(KpiError, match=wanted):
            declare(function)


def test_two_kpis_of_one_name_are_refused():
    def roaming_registration_success_ratio():
        """Another one."""
        return Ratio(col("is_success"))

    catalogue()
    with pytest.raises(KpiError, match="of this name already"):
        kpi(table="registration", unit="ratio", better="higher", title="x", grain="x")(roaming_registration_success_ratio)
    assert catalogue()["roaming_registration_success_ratio"].title == "Registration success, attempts"


def test_a_mean_of_an_unknown_resolution_is_refused():
    def care_ticket_size_mean():
        """Mean of a column nobody declared."""
        return Mean("size_furlong")

    function = kpi(table="ticket", unit="1", better="lower", title="Size", grain="ticket")(care_ticket_size_mean)
    try:
        with pytest.raises(KpiError, match="resolution"):
            evaluate_frame({"size_furlong": [1.0]}, function.__name__)
    finally:
        registered().pop(function.__name__)


def test_a_misspelt_kpi_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="rating_csat_ratio"):
        find_kpi("rating_csat_ration")
    with pytest.raises(UnknownNameError, match="voice"):
        list_kpis("voices")


def test_the_catalogue_is_plain_data():
    shown = show_kpi("voice_call_mos_mean")
    assert shown["unit"] == "MOS"
    assert shown["interval"] == "t"
    assert "Unit: MOS. Better: higher." in shown["doc"]
    assert all("doc" not in one for one in list_kpis())


def test_limits_can_be_set_for_one_use():
    tries = {"is_success": [True] * 9 + [False]}
    usual = find_kpi("roaming_registration_success_ratio")
    assert evaluate_frame(tries, usual)["state"].tolist() == ["too_few"]
    assert evaluate_frame(tries, usual.with_limits(minimum=5, widest=0.5))["state"].tolist() == ["ok"]
    assert evaluate_frame(tries, usual)["state"].tolist() == ["too_few"]
