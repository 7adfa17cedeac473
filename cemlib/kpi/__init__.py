"""KPIs and KQIs, one file a service: each a small pure function that returns its parts; evaluate() does the rest."""

from cemlib.kpi.catalogue import catalogue, find_kpi, list_kpis, show_kpi
from cemlib.kpi.definition import Kpi, kpi
from cemlib.kpi.describe import describe, search_kpis
from cemlib.kpi.evaluate import KpiResult, evaluate
from cemlib.kpi.in_memory import evaluate_frame
from cemlib.kpi.own import add_kpis, check_kpis, remove_kpis
from cemlib.kpi.parts import Count, Distinct, Mean, NetShare, Quantile, Ratio, SumRatio

__all__ = [
    "Count",
    "Distinct",
    "Kpi",
    "KpiResult",
    "Mean",
    "NetShare",
    "Quantile",
    "Ratio",
    "SumRatio",
    "add_kpis",
    "catalogue",
    "check_kpis",
    "describe",
    "evaluate",
    "evaluate_frame",
    "find_kpi",
    "kpi",
    "list_kpis",
    "remove_kpis",
    "search_kpis",
    "show_kpi",
]
