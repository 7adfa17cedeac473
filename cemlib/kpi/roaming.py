"""Roaming: registration as attempt and as episode, who is attached, active, affected or silent, and steering."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Distinct, Mean, Ratio

_ATTEMPT = "registration attempt (update location, attach, tracking area update)"
_EPISODE = "episode: tries of one subscriber in one country, each within the gap (default 10 min) of the one before"
_DAY = "subscriber x UTC day x visited PLMN"
_IR42 = "own; GSMA IR.42 names CS/PS location update success ratio (its formula not read)"
# what splits the rejects but not the attempts they are a share of
_CAUSE = ("protocol_code", "cause_vendor_code", "cause_code", "cause_meaning", "area_code", "fault_side_code", "first_action",
          "diagnostic_code", "is_steering_reject")


@kpi(table="registration", unit="1", better=None, title="Registration attempts", grain=_ATTEMPT)
def roaming_registration_attempt_count():
    """How many registrations were tried.

    >>> work_example(roaming_registration_attempt_count, is_success=[True, False, True])
    (3, 3, 3)
    """
    return Count()


@kpi(table="registration", unit="1", better="lower", title="Registration rejects", grain=_ATTEMPT)
def roaming_registration_reject_count():
    """How many registrations failed, deliberate steering included; ``den`` is all attempts of the cell.

    >>> work_example(roaming_registration_reject_count, is_success=[True, False, True])
    (1, 3, 1)
    """
    return Count(~col("is_success"))


@kpi(table="registration", unit="ratio", better="higher", title="Registration success, attempts", grain=_ATTEMPT, standard=_IR42)
def roaming_registration_success_ratio():
    """Attempts that succeeded, of all attempts; a reject that steers on purpose counts as a failed attempt here.

    Compare with the rate without steering and with the episodes before calling a network bad.

    >>> work_example(roaming_registration_success_ratio, is_success=[True, True, True, False])
    (3, 4, 0.75)
    """
    return Ratio(num=col("is_success"))


@kpi(table="registration", unit="ratio", better="higher", title="Registration success without steering", grain=_ATTEMPT, standard=_IR42)
def roaming_registration_unsteered_success_ratio():
    """Attempts that succeeded, of those that were not refused on purpose to steer the roamer.

    The steering reject is taken out of the denominator, so 2 of 3 remain:

    >>> work_example(roaming_registration_unsteered_success_ratio, is_success=[True, True, False, False],
    ...              is_steering_reject=[False, False, False, True])
    (2, 3, 0.666667)
    """
    return Ratio(num=col("is_success"), den=~col("is_steering_reject"))


@kpi(table="registration_episode", unit="ratio", better="higher", title="Registration success, episodes", level="KQI", grain=_EPISODE)
def roaming_registration_episode_success_ratio():
    """Episodes in which the roamer got in on any network of the country, of all episodes: what the roamer notices.

    >>> work_example(roaming_registration_episode_success_ratio, is_success=[True, False, True, True, True])
    (4, 5, 0.8)
    """
    return Ratio(num=col("is_success"))


@kpi(table="registration_episode", unit="1", better=None, title="Registration episodes", level="KQI", grain=_EPISODE)
def roaming_registration_episode_count():
    """How many registration episodes there were.

    >>> work_example(roaming_registration_episode_count, is_success=[True, False])
    (2, 2, 2)
    """
    return Count()


@kpi(table="registration", unit="ratio", better="lower", title="Reject share", grain=_ATTEMPT)
def roaming_registration_reject_share():
    """Rejects of the cell, of all attempts. By cause, area or side, the denominator stays all attempts of the rest of the cell:
    the shares of all causes add up to the share of all rejects.

    >>> work_example(roaming_registration_reject_share, is_success=[True, False, False, True, True])
    (2, 5, 0.4)
    """
    return Ratio(num=~col("is_success"), across=_CAUSE)


@kpi(table="registration", unit="ratio", better=None, title="Steering rejects", grain=_ATTEMPT)
def roaming_registration_steering_ratio():
    """Attempts that were refused on purpose to steer the roamer, of all attempts. No failure: neither end is good in itself.

    >>> work_example(roaming_registration_steering_ratio, is_steering_reject=[True, False, False, False])
    (1, 4, 0.25)
    """
    return Ratio(num=col("is_steering_reject"))


@kpi(table="registration", unit="s", better="lower", title="Registration time, mean", grain=_ATTEMPT,
     standard="own; GSMA IR.42 names CS/PS location update delay (its formula not read)")
def roaming_registration_setup_mean():
    """Mean time from request to answer of the registrations that succeeded; a time-out is not a slow success.

    >>> work_example(roaming_registration_setup_mean, is_success=[True, True, False], setup_s=[0.4, 0.8, 30.0])
    (1.2, 2, 0.6)
    """
    return Mean("setup_s", where=col("is_success"))


@kpi(table="attachment", unit="subscriber", better=None, title="Attached roamers", grain="interval in which a roamer was attached",
     window="overlap")
def roaming_attached_count():
    """Different subscribers who were attached at some time in the window: the interval overlaps it.

    By a time bucket it counts whose attachment began in the bucket.

    >>> work_example(roaming_attached_count, subscriber_key=["a", "a", "b"])
    (2, 3, 2)
    """
    return Distinct("subscriber_key")


@kpi(table="roamer_use", unit="subscriber", better="higher", title="Active roamers", grain="data session, call leg or message")
def roaming_active_count():
    """Different subscribers who used something: a data session, call or message that succeeded.

    >>> work_example(roaming_active_count, subscriber_key=["a", "b", "b", "c"], is_success=[True, True, True, False])
    (2, 4, 2)
    """
    return Distinct("subscriber_key", where=col("is_success"))


@kpi(table="registration_episode", unit="subscriber", better="lower", title="Affected roamers", level="KEI", grain=_EPISODE)
def roaming_affected_count():
    """Different subscribers with at least one failed episode; a reject after which they got in elsewhere affects nobody.

    >>> work_example(roaming_affected_count, subscriber_key=["a", "a", "b", "c"], is_success=[False, False, True, False])
    (2, 4, 2)
    """
    return Distinct("subscriber_key", where=~col("is_success"))


@kpi(table="roamer_day", unit="ratio", better="lower", title="Silent roamers", level="KQI", grain=_DAY)
def roaming_silent_ratio():
    """Days on which a roamer was registered or attached and used nothing, of all days on which he was there.

    Only days are judged that are older than the delay of the use feeds; a day that is too young counts nowhere.

    >>> work_example(roaming_silent_ratio, is_registered=[True, True, True, False], is_used=[True, False, False, True],
    ...              is_judged=[True, True, False, True])
    (1, 2, 0.5)
    """
    return Ratio(num=~col("is_used"), den=col("is_registered") & col("is_judged"))


@kpi(table="registration", unit="ratio", better="higher", title="Share of the preferred network", grain=_ATTEMPT, level="KQI")
def roaming_steering_share_ratio():
    """Successful registrations of outbound roamers on the country's preferred PLMN, of those in countries with a target.

    The denominator is registrations, not roamers and not volume.

    >>> work_example(roaming_steering_share_ratio, is_success=[True, True, True, False],
    ...              is_preferred_plmn=[True, True, False, True])
    (2, 3, 0.666667)
    """
    return Ratio(num=col("is_preferred_plmn"), den=col("is_success") & ~col("is_preferred_plmn").is_null())


@kpi(table="registration", unit="ratio", better=None, title="Target share of the preferred network", grain=_ATTEMPT)
def roaming_steering_target_mean():
    """The target share of the country's preferred PLMN, weighted by the registrations of the steering share: compare the two.

    >>> work_example(roaming_steering_target_mean, is_success=[True, True, False], preferred_target_ratio=[0.8, 0.6, 0.1])
    (1.4, 2, 0.7)
    """
    return Mean("preferred_target_ratio", where=col("is_success"), resolution=0.0001)
