"""Voice calls: set-up, drops, quality."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio

_LEG = "leg of a call"


def _set_up():
    """A call is set up when it rings or is answered (ETSI counts from alerting on)."""
    return col("is_success") | ~col("alerting_at").is_null()


@kpi(table="voice_call", unit="1", better=None, title="Calls", grain=_LEG)
def voice_call_attempt_count():
    """How many call legs were tried.

    >>> work_example(voice_call_attempt_count, is_success=[True, False])
    (2, 2, 2)
    """
    return Count()


@kpi(table="voice_call", unit="ratio", better="higher", title="Call set-up success", grain=_LEG,
     standard="ETSI TS 102 250-2 telephony service non-accessibility, its complement (formula from memory, unverified); set up at "
              "alerting; calls that a user ended before are left out (own)")
def voice_call_setup_success_ratio():
    """Calls that rang or were answered, of all that the network had to set up.

    A call that a user ended before it rang (busy, declined, given up, wrong number) says nothing about the network and is left
    out of both. Rang and was not answered (second): set up. Busy (third): left out. No capacity (fourth): failed.

    >>> work_example(voice_call_setup_success_ratio, is_success=[True, False, False, False],
    ...              alerting_at=["2026-03-01T10:00:03", "2026-03-01T11:00:05", None, None],
    ...              area_code=[None, "user", "user", "capacity"])
    (2, 3, 0.666667)
    """
    by_user = (col("area_code") == "user") & ~col("area_code").is_null()
    return Ratio(num=_set_up(), den=_set_up() | ~by_user)


@kpi(table="voice_call", unit="ratio", better="lower", title="Dropped calls", grain=_LEG,
     standard="ETSI TS 102 250-2 call cut-off ratio (formula from memory, unverified)")
def voice_call_drop_ratio():
    """Calls that ended unintentionally, of those that were connected and of which the end is known.

    >>> work_example(voice_call_drop_ratio, is_success=[True, True, True, True, False],
    ...              is_dropped=[False, True, False, False, None])
    (1, 4, 0.25)
    """
    return Ratio(num=col("is_dropped"), den=col("is_success") & ~col("is_dropped").is_null())


@kpi(table="voice_call", unit="MOS", better="higher", title="Speech quality (narrowband MOS), mean", grain=_LEG, level="KQI",
     standard="ITU-T G.107 scale, narrowband; the mean over calls is own")
def voice_call_mos_mean():
    """Mean of the calls' MOS on the narrowband scale of G.107; other methods are not mixed in.

    >>> work_example(voice_call_mos_mean, mos_value=[4.0, 3.0, 4.9], mos_method_code=["g107_nb", "g107_nb", "p863_fb"])
    (7, 2, 3.5)
    """
    return Mean("mos_value", where=col("mos_method_code") == "g107_nb")


@kpi(table="voice_call", unit="s", better="lower", title="Call set-up time, mean", grain=_LEG,
     standard="ETSI TS 102 250-2 telephony set-up time (formula from memory, unverified)")
def voice_call_setup_mean():
    """Mean time from the request to ringing, of the calls that were set up.

    >>> work_example(voice_call_setup_mean, is_success=[True, True, False], setup_s=[3.0, 5.0, 12.0],
    ...              alerting_at=["2026-03-01T10:00:03", "2026-03-01T11:00:05", None])
    (8, 2, 4)
    """
    return Mean("setup_s", where=_set_up())


@kpi(table="voice_call", unit="ratio", better=None, title="Answered calls", grain=_LEG)
def voice_call_answer_ratio():
    """Call legs that were answered, of all: that nobody is at home is no fault of the network.

    >>> work_example(voice_call_answer_ratio, answered_at=["2026-03-01T10:00:09", None])
    (1, 2, 0.5)
    """
    return Ratio(num=~col("answered_at").is_null())


@kpi(table="voice_call", unit="ratio", better="lower", title="Calls of bad quality (MOS under 3.1)", grain=_LEG, level="KQI",
     standard="ITU-T G.107 scale, narrowband; 3.1 is R = 60, below which G.109 says nearly all users are dissatisfied (from memory, unverified)")
def voice_call_mos_bad_ratio():
    """Calls with a MOS below 3.1 on the narrowband scale, of those that have one.

    >>> work_example(voice_call_mos_bad_ratio, mos_value=[4.0, 3.1, 2.5, 1.0], mos_method_code=["g107_nb", "g107_nb", "g107_nb", "p863_fb"])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("mos_value") < 3.1, den=(col("mos_method_code") == "g107_nb") & ~col("mos_value").is_null())


@kpi(table="voice_call", unit="s", better=None, title="Conversation time, mean", grain=_LEG)
def voice_call_conversation_mean():
    """Mean time from answer to release of the answered call legs.

    >>> work_example(voice_call_conversation_mean, conversation_s=[60.0, 120.0, None])
    (180, 2, 90)
    """
    return Mean("conversation_s", resolution=0.001)
