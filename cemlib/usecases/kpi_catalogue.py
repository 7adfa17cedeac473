"""The KPI catalogue, the minimum view as plain data: what exactly a figure means, where it comes from, and what it is now."""

from __future__ import annotations

from cemlib.usecases.catalogue.reader import Reader
from cemlib.usecases.catalogue.view import CatalogueView, OpenedKpi
from cemlib.usecases.period import ALL

__all__ = ["CatalogueView", "OpenedKpi", "view_catalogue"]


def view_catalogue(lake, *, kpi: str = "", search: str = "", service: str = ALL, level: str = ALL, standard: str = ALL, now: str = ALL,
                   days: int = 7, role: str | None = None, strict: bool = True) -> CatalogueView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    kpi : str
        The KPI that is opened; the first one found by default.
    search : str
        Words that must all be said of a KPI (see :func:`cemlib.kpi.describe.search_kpis`).
    service, level : str
        Of one service; KPI, KQI or KEI.
    standard : str
        cited, unverified (the text of the standard was not read) or own.
    now : str
        How the figure of now stands: ok, too_few, no_data, suppressed or failed.
    days : int
        The figures are of the lake's last so many UTC days.
    role : str, optional
        Whose eyes it is for; the settings' by default.
    strict : bool
        Whether a KPI or service that does not exist is an error. Off (in an app), it is left out and told.

    Raises
    ------
    UnknownNameError
        For a KPI or service that does not exist; the nearest are named.

    Examples
    --------
    ``view = view_catalogue(lake, search="registration success")``; ``view.found`` are the codes, ``view.open("sms_delivery_mean")`` is
    one definition with formula, example, lineage and SQL, and ``view.records("sms_delivery_mean")`` what its figure rests on.
    """
    return Reader(lake, days=days, role=role, strict=strict).view(kpi=kpi, search=search, service=service, level=level, standard=standard, now=now)
