"""By what a change is looked for, unless somebody says so: what can be at fault, never what a failure is called."""

from __future__ import annotations

from collections.abc import Sequence

from cemlib.enrich import enriched_schema
from cemlib.errors import ParameterError
from cemlib.kpi import catalogue
from cemlib.kpi.definition import Count, Kpi, Ratio
from cemlib.kpi.selection import find_column

__all__ = ["choose_dimensions", "explainable_kpis", "kind_of"]

# of the columns of an enriched table: who carries it, where, by what, and whose; causes and results are the fault itself
_DIMENSIONS = (
    "direction_code", "country_code", "partner_plmn_code", "hub_code", "rat_code", "technology_code", "procedure_code", "service_code", "apn_code", "slice_code",
    "imsi_range_code", "vendor_name", "model_name", "resource_id", "region_name", "city_name", "place_code", "operator_name", "leg_code", "called_prefix_code",
    "trunk_out_id", "carrier_out_code", "observation_code", "step_code", "question_code", "channel_code",
)


def kind_of(kpi: Kpi) -> str:
    """How a KPI's change can be explained: ``ratio`` or ``count``.

    Raises
    ------
    ParameterError
        For a mean, a quantile or a number of different things: their parts do not add up to shares of events.
    """
    if isinstance(kpi.part, Ratio):
        return "ratio"
    if isinstance(kpi.part, Count):
        return "count"
    raise ParameterError(f"{kpi.code} is no ratio and no count.", wanted="a KPI whose events can be counted cell by cell", came=type(kpi.part).__name__.lower(),
                         todo="Take a ratio near to it, such as the share of records beyond a threshold.")


def explainable_kpis() -> list[tuple[str, str]]:
    """The KPIs of the catalogue whose change can be explained: code and title, by title.

    Examples
    --------
    >>> ("rating_dissatisfied_ratio", "Dissatisfied") in explainable_kpis()
    True
    """
    return sorted(((one.code, one.title) for one in catalogue().values() if isinstance(one.part, (Ratio, Count))), key=lambda pair: pair[1].casefold())


def choose_dimensions(kpi: Kpi, asked: Sequence[str] = ()) -> list[str]:
    """The columns by which a change is looked for.

    Parameters
    ----------
    kpi : Kpi
    asked : sequence of str
        Columns or short names; empty: those of the table that can be at fault.

    Raises
    ------
    UnknownNameError
        For a column that the table does not have.
    ParameterError
        For a column that splits the numerator alone, such as the cause of a reject.

    Examples
    --------
    >>> from cemlib.kpi import find_kpi
    >>> choose_dimensions(find_kpi("sms_delivery_success_ratio"), ["partner_plmn", "rat"])
    ['partner_plmn_code', 'rat_code']
    """
    schema = enriched_schema(kpi.table)
    if not asked:
        return [one for one in _DIMENSIONS if one in schema]
    found = list(dict.fromkeys(find_column(one, schema, where=f"table {kpi.table}") for one in asked))
    apart = set(getattr(kpi.part, "across", ())) & set(found)
    if apart:
        raise ParameterError(f"{', '.join(sorted(apart))} says how it failed, not where.", where=kpi.code, todo="Open the records of the cause instead.")
    return found
