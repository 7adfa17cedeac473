"""What every widget has in common: the style sheet, and a static twin beside the live view."""

from __future__ import annotations

import os

import anywidget

from cemwidgets.style.state import sheet

__all__ = ["CemWidget", "bundle_with_twin"]


def bundle_with_twin(bundle: tuple[dict, dict] | dict | None, twin) -> tuple[dict, dict]:
    """Add the static twin to a widget's bundle, so that a report shows it where no kernel answers.

    In an app the kernel always answers: there the twin is not computed, which makes the page quicker.

    Parameters
    ----------
    bundle : tuple or dict or None
        What the widget's own ``_repr_mimebundle_`` gave.
    twin : callable
        Gives the twin's HTML.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
    data = dict(data)
    if "VOILA_BASE_URL" not in os.environ:
        data["text/html"] = twin()
    data["text/plain"] = "a picture that needs HTML"
    return data, metadata


class CemWidget(anywidget.AnyWidget):
    """A widget with the workbench's look and a static twin; ``static()`` is the twin's HTML."""

    _css = sheet()

    def static(self) -> str:
        """Return the HTML that stands for this widget where no kernel answers."""
        return ""

    def _repr_mimebundle_(self, **kwargs):
        return bundle_with_twin(super()._repr_mimebundle_(**kwargs), self.static)
