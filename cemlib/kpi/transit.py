"""International and transit calls: what carriers are measured by (ITU-T E.411, E.425, E.437; pages read, not the texts)."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Quantile, Ratio

_CALL = "call on a carrier trunk"
_E425 = "ITU-T E.411 / E.425 (a page about it was read, the text not read)"
_E437 = "ITU-T E.437 (a page about it was read, the text not read)"
_SHORT_S = 10.0
# Q.850: user busy; no user responding and no answer; call rejected
_REACHED = ("17", "18", "19", "21")
# Q.850: no circuit; switching equipment congestion; resource unavailable
_CONGESTED = ("34", "42", "47")


def _bid():
    """Every call that came in on a trunk."""
    return ~col("trunk_in_id").is_null() | ~col("trunk_out_id").is_null()


def _seized():
    """A call that was offered to a carrier: a circuit was seized, or the carrier took it."""
    return ~col("trunk_out_id").is_null()


def _answered():
    return _seized() & ~col("answered_at").is_null()


@kpi(table="voice_call", unit="1", better=None, title="Bids", grain=_CALL)
def transit_call_bid_count():
    """How many calls came in on a trunk, whether or not an outgoing circuit was found.

    >>> work_example(transit_call_bid_count, trunk_in_id=["a", "a", None], trunk_out_id=["b", None, None])
    (2, 3, 2)
    """
    return Count(_bid())


@kpi(table="voice_call", unit="1", better=None, title="Seizures", grain=_CALL)
def transit_call_seizure_count():
    """How many calls seized an outgoing trunk.

    >>> work_example(transit_call_seizure_count, trunk_out_id=["b", None, "b"])
    (2, 3, 2)
    """
    return Count(_seized())


@kpi(table="voice_call", unit="ratio", better="higher", title="Answer-seizure ratio (ASR)", grain=_CALL, standard=_E425)
def transit_call_asr_ratio():
    """Calls that were answered, of those that seized an outgoing trunk.

    A call without an outgoing trunk (third) is a bid but no seizure.

    >>> work_example(transit_call_asr_ratio, trunk_out_id=["b", "b", None], answered_at=["2026-03-01T10:00:09", None, None])
    (1, 2, 0.5)
    """
    return Ratio(num=_answered(), den=_seized())


@kpi(table="voice_call", unit="ratio", better="higher", title="Network effectiveness ratio (NER)", grain=_CALL, standard=_E425)
def transit_call_ner_ratio():
    """Calls that reached the called side (answered, busy 17, no answer 18 and 19, rejected 21), of those that seized an outgoing trunk.

    Causes 1, 20, 22 and 27 are not agreed among carriers; they count as not reached here.

    >>> work_example(transit_call_ner_ratio, trunk_out_id=["b"] * 4, answered_at=["2026-03-01T10:00:09", None, None, None], cause_code=["16", "17", "34", "20"])
    (2, 4, 0.5)
    """
    return Ratio(num=_answered() | col("cause_code").is_in(_REACHED), den=_seized())


@kpi(table="voice_call", unit="ratio", better="higher", title="Answer-bid ratio (ABR), of all bids", grain=_CALL,
     standard="ITU-T E.411 (formula from memory, unverified); sources differ on the denominator: here bids, not seizures")
def transit_call_abr_ratio():
    """Calls that were answered, of all bids: those too that never seized an outgoing trunk.

    >>> work_example(transit_call_abr_ratio, trunk_in_id=["a"] * 4, trunk_out_id=["b", "b", None, None], answered_at=["2026-03-01T10:00:09", None, None, None])
    (1, 4, 0.25)
    """
    return Ratio(num=_answered(), den=_bid())


@kpi(table="voice_call", unit="s", better=None, title="Average call duration (ACD)", grain=_CALL, standard=_E437)
def transit_call_acd_mean():
    """Mean time from answer to release of the answered calls: long enough says that people could talk.

    >>> work_example(transit_call_acd_mean, trunk_out_id=["b"] * 3, answered_at=["2026-03-01T10:00:00", "2026-03-01T10:00:00", None],
    ...              conversation_s=[120.0, 60.0, None])
    (180, 2, 90)
    """
    return Mean("conversation_s", where=_answered(), resolution=0.001)


@kpi(table="voice_call", unit="s", better="lower", title="Post-dial delay (PDD), mean", grain=_CALL, standard=_E437)
def transit_call_pdd_mean():
    """Mean time from the seizure to ringing, of the calls that rang; 100 Trying is no ringing.

    >>> work_example(transit_call_pdd_mean, trunk_out_id=["b"] * 3, setup_s=[2.0, 4.0, None])
    (6, 2, 3)
    """
    return Mean("setup_s", where=_seized())


@kpi(table="voice_call", unit="s", better="lower", title="Post-dial delay (PDD), 95 % quantile", grain=_CALL, standard=_E437)
def transit_call_pdd_p95():
    """The time to ringing that one call of twenty exceeds.

    Of 0, 1 … 20 s:

    >>> work_example(transit_call_pdd_p95, trunk_out_id=["b"] * 21, setup_s=[float(one) for one in range(21)])
    (None, 21, 19)
    """
    return Quantile("setup_s", 0.95, where=_seized())


@kpi(table="voice_call", unit="ratio", better="lower", title="Short calls (under 10 s)", grain=_CALL)
def transit_call_short_ratio():
    """Answered calls of less than 10 s, of all answered: many of them tell of false answers or of bad speech. The limit is our own judgement.

    >>> work_example(transit_call_short_ratio, trunk_out_id=["b"] * 3, answered_at=["2026-03-01T10:00:00"] * 3, conversation_s=[3.0, 10.0, 200.0])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("conversation_s") < _SHORT_S, den=_answered() & ~col("conversation_s").is_null())


@kpi(table="voice_call", unit="ratio", better="lower", title="Congestion", grain=_CALL)
def transit_call_congestion_ratio():
    """Seizures that found no way for want of circuits or resources (Q.850 causes 34, 42, 47), of all.

    >>> work_example(transit_call_congestion_ratio, trunk_out_id=["b"] * 4, cause_code=["34", "16", "17", "47"])
    (2, 4, 0.5)
    """
    return Ratio(num=col("cause_code").is_in(_CONGESTED), den=_seized())


@kpi(table="voice_call", unit="ratio", better="higher", title="Calling line identity delivered", grain=_CALL, level="KQI")
def transit_cli_ok_ratio():
    """Calls whose calling number arrived as it was sent, of those that were checked.

    >>> work_example(transit_cli_ok_ratio, cli_status_code=["ok", "changed", "missing", None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("cli_status_code") == "ok", den=~col("cli_status_code").is_null())


@kpi(table="voice_call", unit="ratio", better="lower", title="Calling line identity changed or invalid", grain=_CALL, level="KQI")
def transit_cli_changed_ratio():
    """Calls whose calling number was changed or cannot be one, of those that were checked: the trace of a grey route.

    >>> work_example(transit_cli_changed_ratio, cli_status_code=["ok", "changed", "invalid", "missing"])
    (2, 4, 0.5)
    """
    return Ratio(num=col("cli_status_code").is_in(("changed", "invalid")), den=~col("cli_status_code").is_null())


@kpi(table="voice_call", unit="MOS", better="higher", title="Speech quality on trunks (narrowband MOS), mean", grain=_CALL, level="KQI",
     standard="ITU-T G.107 scale, narrowband; the mean over calls is own")
def transit_call_mos_mean():
    """Mean of the calls' MOS on the narrowband scale of G.107.

    >>> work_example(transit_call_mos_mean, trunk_out_id=["b", "b", None], mos_value=[4.0, 3.0, 1.0], mos_method_code=["g107_nb"] * 3)
    (7, 2, 3.5)
    """
    return Mean("mos_value", where=_seized() & (col("mos_method_code") == "g107_nb"))
