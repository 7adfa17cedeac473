"""What-if on satisfaction: levers, ratings now and then, who moves, the declared graph, scenarios side by side."""

from __future__ import annotations

from cemwidgets.whatif.state import WhatIfState

__all__ = ["WhatIfState"]
