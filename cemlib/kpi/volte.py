"""Voice over LTE, 5G and Wi-Fi: calls of the IMS."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Mean, Ratio

_LEG = "leg of a call"
_CUT_OFF = "ETSI TS 102 250-2 call cut-off ratio (formula from memory, unverified), for calls of the IMS (own)"


def _ims(*rats: str):
    return (col("protocol_code") == "sip") & col("rat_code").is_in(rats)


def _over_cellular():
    return _ims("4g", "5g")


def _set_up():
    return col("is_success") | ~col("alerting_at").is_null()


@kpi(table="voice_call", unit="ratio", better="higher", title="VoLTE call set-up success", grain=_LEG,
     standard="ETSI TS 102 250-2 telephony service non-accessibility, its complement (formula from memory, unverified), for calls of the IMS (own)")
def volte_call_setup_success_ratio():
    """Calls over 4G or 5G that rang or were answered, of all that the network had to set up: those that a user ended before are left out.

    >>> work_example(volte_call_setup_success_ratio, protocol_code=["sip"] * 4, rat_code=["4g", "5g", "4g", "3g"], is_success=[True, False, False, False],
    ...              alerting_at=["2026-03-01T10:00:03", None, None, None], area_code=[None, "capacity", "user", "capacity"])
    (1, 2, 0.5)
    """
    by_user = (col("area_code") == "user") & ~col("area_code").is_null()
    return Ratio(num=_set_up(), den=_over_cellular() & (_set_up() | ~by_user))


@kpi(table="voice_call", unit="ratio", better="lower", title="VoLTE dropped calls", grain=_LEG, standard=_CUT_OFF)
def volte_call_drop_ratio():
    """Calls over 4G or 5G that ended unintentionally, of those that were connected and of which the end is known.

    >>> work_example(volte_call_drop_ratio, protocol_code=["sip"] * 3, rat_code=["4g", "5g", "wifi"], is_success=[True] * 3, is_dropped=[True, False, True])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_dropped"), den=_over_cellular() & col("is_success") & ~col("is_dropped").is_null())


@kpi(table="voice_call", unit="s", better="lower", title="VoLTE call set-up time, mean", grain=_LEG,
     standard="ETSI TS 102 250-2 telephony set-up time (formula from memory, unverified), for calls of the IMS (own)")
def volte_call_setup_mean():
    """Mean time from the request to ringing, of the calls over 4G or 5G that were set up.

    >>> work_example(volte_call_setup_mean, protocol_code=["sip"] * 2, rat_code=["4g"] * 2, is_success=[True, True], setup_s=[1.5, 2.5],
    ...              alerting_at=["2026-03-01T10:00:03", "2026-03-01T11:00:05"])
    (4, 2, 2)
    """
    return Mean("setup_s", where=_over_cellular() & _set_up())


@kpi(table="voice_call", unit="MOS", better="higher", title="VoLTE speech quality (narrowband MOS), mean", grain=_LEG, level="KQI",
     standard="ITU-T G.107 scale, narrowband; the mean over calls is own")
def volte_call_mos_mean():
    """Mean of the MOS of calls over 4G or 5G, on the narrowband scale of G.107.

    >>> work_example(volte_call_mos_mean, protocol_code=["sip"] * 2, rat_code=["4g"] * 2, mos_value=[4.0, 3.5], mos_method_code=["g107_nb"] * 2)
    (7.5, 2, 3.75)
    """
    return Mean("mos_value", where=_over_cellular() & (col("mos_method_code") == "g107_nb"))


@kpi(table="voice_call", unit="ratio", better="higher", title="Share of VoLTE", grain=_LEG)
def volte_call_share_ratio():
    """Calls over 4G or 5G by the IMS, of all calls on mobile access: the rest falls back to 2G and 3G, or goes over Wi-Fi.

    >>> work_example(volte_call_share_ratio, protocol_code=["sip", "map_call", "sip", "sip"], rat_code=["4g", "3g", "wifi", None])
    (1, 3, 0.333333)
    """
    return Ratio(num=_over_cellular(), den=~col("rat_code").is_null())


@kpi(table="voice_call", unit="ratio", better=None, title="Share of calls over Wi-Fi", grain=_LEG)
def volte_call_wifi_ratio():
    """Calls over Wi-Fi, of all calls on mobile access.

    >>> work_example(volte_call_wifi_ratio, protocol_code=["sip", "map_call", "sip"], rat_code=["4g", "3g", "wifi"])
    (1, 3, 0.333333)
    """
    return Ratio(num=_ims("wifi"), den=~col("rat_code").is_null())
