"""The steering plan: which share of its roamers a PLMN should get."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["SteeringPlan"]


class SteeringPlan(MappedSource):
    """Target shares per country and PLMN, into ``steering_target``.

    Examples
    --------
    >>> SteeringPlan("incoming").default_tables
    ('steering_target',)
    """

    code: ClassVar[str] = "steering_plan"
    default_tables: ClassVar[tuple[str, ...]] = ("steering_target",)
    mapping_name: ClassVar[str] = "steering_plan"
    golden: ClassVar[str] = "steering_plan.csv"
