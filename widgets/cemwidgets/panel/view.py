"""The panel as a widget."""

from __future__ import annotations

from pathlib import Path

import traitlets

from cemwidgets.panel.state import Events
from cemwidgets.style.view import CemWidget

__all__ = ["Panel"]


class Panel(CemWidget):
    """HTML that answers clicks and keys.

    An element with ``data-event="name"`` sends its ``data-*`` attributes (``data-partner-code`` arrives as
    ``partner_code``) when it is clicked or Enter or Space is pressed on it; a field sends its ``value`` too. The parts
    of :mod:`cemwidgets.panel` build such HTML with everything escaped.

    Parameters
    ----------
    html : str
        What is shown. Set it anew to change it: focus and scroll position stay.

    Examples
    --------
    >>> panel = Panel('<button data-event="more" data-key="more" data-page="2">more</button>')
    >>> panel.on("more", lambda event: setattr(panel, "html", f"page {event['page']}"))
    >>> panel.clicked = {"event": "more", "page": "2", "n": 1}
    >>> panel.html
    'page 2'
    """

    _esm = Path(__file__).parent / "panel.js"

    html = traitlets.Unicode("").tag(sync=True)
    notice = traitlets.Unicode("").tag(sync=True)
    query = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    clicked = traitlets.Dict().tag(sync=True)
    handled = traitlets.Int(0).tag(sync=True)

    def __init__(self, html: str = "", **kwargs) -> None:
        self._events = Events()
        super().__init__(html=html, **kwargs)
        self.observe(self._answer, names="clicked")

    def on(self, name: str, handler) -> None:
        """Call ``handler(event)`` for every event of this name (``"*"``: every event); event is a dict of text."""
        self._events.on(name, handler)

    def _answer(self, change) -> None:
        event = dict(change["new"])
        number = int(event.pop("n", 0) or 0)
        try:
            self.notice = self._events.tell(event)
        finally:
            self.handled = max(number, self.handled)

    def download(self, name: str, content: str | bytes, mime: str = "text/csv;charset=utf-8") -> None:
        """Hand a file to the browser of the reader."""
        told = {"kind": "download", "name": name, "mime": mime}
        if isinstance(content, str):
            self.send(told | {"text": content})
        else:
            self.send(told | {"text": ""}, buffers=[content])

    def static(self) -> str:
        """Return the HTML as it stands; what answers clicks only is left out of print by the style sheet."""
        return f'<div class="cem">{self.html}</div>'
