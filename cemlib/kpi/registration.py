"""Registration and mobility at home: attach, updates, service requests, handover, sessions."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Mean, Ratio

_ATTEMPT = "procedure of mobility or session management at home"


def _home(*procedures: str):
    return (col("direction_code") == "home") & col("procedure_code").is_in(procedures)


@kpi(table="registration", unit="ratio", better="higher", title="Attach success", grain=_ATTEMPT,
     standard="ETSI TS 102 250-2 attach failure ratio, its complement (formula from memory, unverified); attach of 4G (own)")
def registration_attach_success_ratio():
    """Attaches at home that succeeded, of all.

    >>> work_example(registration_attach_success_ratio, direction_code=["home", "home", "outbound"], procedure_code=["attach"] * 3,
    ...              is_success=[True, False, False])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_success"), den=_home("attach"))


@kpi(table="registration", unit="s", better="lower", title="Attach time, mean", grain=_ATTEMPT,
     standard="ETSI TS 102 250-2 attach setup time (formula from memory, unverified)")
def registration_attach_time_mean():
    """Mean time from request to answer of the attaches at home that succeeded.

    >>> work_example(registration_attach_time_mean, direction_code=["home"] * 3, procedure_code=["attach"] * 3, is_success=[True, True, False],
    ...              setup_s=[0.4, 0.6, 15.0])
    (1, 2, 0.5)
    """
    return Mean("setup_s", where=_home("attach") & col("is_success"))


@kpi(table="registration", unit="ratio", better="higher", title="Location and tracking area update success", grain=_ATTEMPT)
def registration_update_success_ratio():
    """Updates of the location or tracking area at home that succeeded, of all.

    >>> work_example(registration_update_success_ratio, direction_code=["home"] * 3, procedure_code=["tau", "update_location", "attach"],
    ...              is_success=[True, False, False])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_success"), den=_home("tau", "update_location"))


@kpi(table="registration", unit="ratio", better="higher", title="Service request success", grain=_ATTEMPT)
def registration_service_request_success_ratio():
    """Service requests at home that succeeded, of all.

    >>> work_example(registration_service_request_success_ratio, direction_code=["home"] * 2, procedure_code=["service_request"] * 2,
    ...              is_success=[True, False])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_success"), den=_home("service_request"))


@kpi(table="registration", unit="ratio", better="higher", title="Handover success", grain=_ATTEMPT,
     standard="own, from single handovers; the network's own counters: network_handover_execution_ratio")
def registration_handover_success_ratio():
    """Handovers at home that succeeded, of all.

    >>> work_example(registration_handover_success_ratio, direction_code=["home"] * 4, procedure_code=["handover"] * 4,
    ...              is_success=[True, True, True, False])
    (3, 4, 0.75)
    """
    return Ratio(num=col("is_success"), den=_home("handover"))


@kpi(table="registration", unit="ratio", better="higher", title="Default bearer set-up success", grain=_ATTEMPT,
     standard="own; GSMA IR.42 names default EPS bearer activation success ratio (its formula not read)")
def registration_bearer_success_ratio():
    """Requests for a default bearer of 4G at home that succeeded, of all; those of 5G are PDU sessions.

    >>> work_example(registration_bearer_success_ratio, direction_code=["home"] * 3, procedure_code=["session"] * 3, rat_code=["4g", "4g", "5g"],
    ...              is_success=[True, False, False])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_success"), den=_home("session") & (col("rat_code") == "4g"))
