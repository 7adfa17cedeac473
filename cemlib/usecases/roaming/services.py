"""What is looked at for each service: the leading KPI, the quality beside it, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SERVICES", "Service"]


@dataclass(frozen=True)
class Service:
    """One service and its KPIs.

    Attributes
    ----------
    code, title : str
    leading : str
        Success ratio by which partners are judged and ranked.
    country : str
        Success ratio by which countries are coloured: for registrations that of episodes, since a roamer who gets in at a
        second network of the country is served.
    event, events : str
        What one trial is called.
    failed : str
        What a failing partner did to them, for the sentence.
    causes : str
        KPI that counts rejects by cause; empty: counted from the failed records.
    quality : str
        KPI of a level that is judged beside the success, or empty.
    quality_title, quality_unit : str
    quality_better : str
        higher or lower.
    steps : tuple of str
        Steps of the active tests that say the same.
    """

    code: str
    title: str
    leading: str
    country: str
    event: str
    events: str
    failed: str
    quality: str
    quality_title: str
    quality_note: str
    quality_unit: str
    quality_better: str
    steps: tuple[str, ...]


SERVICES: dict[str, Service] = {
    one.code: one
    for one in (
        Service("registration", "Registration success", "roaming_registration_unsteered_success_ratio",
                "roaming_registration_episode_success_ratio", "registration", "registrations", "rejected",
                "data_session_setup_median", "Data session setup", "median", "s", "lower", ("attach",)),
        Service("data", "Data session setup success", "data_session_setup_success_ratio", "data_session_setup_success_ratio",
                "data session", "data sessions", "refused", "data_session_throughput_median", "Download throughput", "median",
                "Mbit/s", "higher", ("session", "dns", "http")),
        Service("voice", "Call setup success", "voice_call_setup_success_ratio", "voice_call_setup_success_ratio", "call", "calls",
                "failed", "voice_call_mos_mean", "Voice quality", "mean MOS", "MOS", "higher", ("call",)),
        Service("sms", "SMS delivery success", "sms_delivery_success_ratio", "sms_delivery_success_ratio", "message", "messages",
                "lost", "sms_delivery_mean", "SMS delivery time", "mean", "s", "lower", ("sms",)),
    )
}
