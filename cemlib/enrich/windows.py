"""How long things may take to belong together: the settings of the joins over time."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cemlib.errors import ParameterError

__all__ = ["Windows", "windows"]


@dataclass(frozen=True)
class Windows:
    """The settings of episodes and of inferred steering.

    Attributes
    ----------
    episode_gap_min : int
        Tries of one subscriber in one country that follow each other within so many minutes are one episode
        (``CEM_EPISODE_GAP_MIN``; default 10).
    steering_min : int
        A reject counts as steering, where the source does not say, when a success on another PLMN of the country follows
        within so many minutes (``CEM_STEERING_MIN``; default 5).
    """

    episode_gap_min: int = 10
    steering_min: int = 5

    def __post_init__(self) -> None:
        for name in ("episode_gap_min", "steering_min"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1440:
                raise ParameterError(f"{name} must be a whole number of minutes.", wanted="1 to 1440", came=repr(value))


def windows() -> Windows:
    """The settings as the environment has them.

    Examples
    --------
    >>> windows().episode_gap_min
    10
    """
    given = {}
    for name, variable in (("episode_gap_min", "CEM_EPISODE_GAP_MIN"), ("steering_min", "CEM_STEERING_MIN")):
        text = os.environ.get(variable)
        if text is not None:
            if not text.isdigit():
                raise ParameterError(f"{variable} must be a whole number of minutes.", came=repr(text), where="environment")
            given[name] = int(text)
    return Windows(**given)
