"""KPIs and KQIs, one file a service: each a small pure function that returns its parts; evaluate() does the rest."""

from cemlib.kpi.catalogue import catalogue, find_kpi, list_kpis, show_kpi
from cemlib.kpi.definition import Count, Distinct, Kpi, Mean, Quantile, Ratio, kpi
from cemlib.kpi.evaluate import KpiResult, evaluate
from cemlib.kpi.in_memory import evaluate_frame

__all__ = [
    "Count",
    "Distinct",
    "Kpi",
    "KpiResult",
    "Mean",
    "Quantile",
    "Ratio",
    "catalogue",
    "evaluate",
    "evaluate_frame",
    "find_kpi",
    "kpi",
    "list_kpis",
    "show_kpi",
]
