"""The state of a panel: its HTML, and who answers which event. Plain Python: tested without a browser."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cemlib.errors import CemError
from cemwidgets.panel.parts import notice

__all__ = ["Events"]

_log = logging.getLogger("cemwidgets")


class Events:
    """Handlers by event name; ``"*"`` hears every event.

    Examples
    --------
    >>> heard = []
    >>> events = Events()
    >>> events.on("select_partner", lambda event: heard.append(event["partner"]))
    >>> events.tell({"event": "select_partner", "partner": "P17"})
    ''
    >>> heard
    ['P17']
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[[dict], str | None]]] = {}

    def on(self, name: str, handler: Callable[[dict], str | None]) -> None:
        """Call ``handler(event)`` for events of this name; HTML that it gives is shown on the panel."""
        self._handlers.setdefault(name, []).append(handler)

    def tell(self, event: dict) -> str:
        """Tell the handlers; return HTML of what went wrong or of what the last handler says, empty when all went well and nothing is said.

        A click must never be lost in silence: an error of a handler becomes a card on the panel.
        """
        told = ""
        wanted = self._handlers.get(event.get("event", ""), []) + self._handlers.get("*", [])
        for handler in wanted:
            try:
                answer = handler(event)
                told = answer if isinstance(answer, str) else told
            except CemError as error:
                return notice("This could not be done.", str(error), error=True)
            except Exception:
                _log.exception("a handler of %s failed", event.get("event"))
                return notice("This could not be computed.", "The cause is in the log of the server.", error=True)
        return told
