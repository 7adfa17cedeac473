"""The map's document: folium with everything inlined, so that it draws without network wherever HTML is shown."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import folium
from branca.element import Element

from cemlib.errors import CemError
from cemwidgets.map.shapes import countries
from cemwidgets.style.state import tokens

__all__ = ["document", "frame"]

HERE = Path(__file__).parent
#: the part of the world where people roam; Antarctica and the far north are left out
BOUNDS = [[-56.0, -150.0], [78.0, 168.0]]


class _OfflineMap(folium.Map):
    """A folium map that asks for Leaflet alone: no bootstrap, no jQuery, no icon font."""

    default_js = [("leaflet", "vendor/leaflet.js")]
    default_css = [("leaflet_css", "vendor/leaflet.css")]


class _Links(HTMLParser):
    """Everything that a document would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            loads = name == "src" or (name == "href" and tag == "link")
            if loads and value and not value.startswith("data:"):
                self.found.append(value)


@cache
def _vendored() -> tuple[str, str, str]:
    script = (HERE / "vendor" / "leaflet" / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"//# sourceMappingURL=.*", "", script).replace("</script", "<\\/script")
    style = (HERE / "vendor" / "leaflet" / "leaflet.css").read_text(encoding="utf-8")
    # the pictures of Leaflet's own markers and layer button are not used; an url() in the style would ask for them
    style = re.sub(r"url\([^)]*\)", "none", style)
    return script, style, (HERE / "projection.js").read_text(encoding="utf-8")


def document(content: dict, *, interactive: bool = True) -> str:
    """Return the map as one HTML document.

    Parameters
    ----------
    content : dict
        ``countries`` and ``marks`` as :func:`cemwidgets.map.state.painted` gives them, and ``selected``.
    interactive : bool
        Whether a click is told to the page around (a report has nobody to tell).
    """
    chart = _OfflineMap(
        tiles=None, crs="CemWorld", zoom_control=False, attribution_control=False, zoom_snap=0, zoom_delta=0.7, min_zoom=-3, max_zoom=6,
        keyboard=False, scroll_wheel_zoom=False, world_copy_jump=False, inertia=False,
    )
    folium.GeoJson(countries(), name="countries", style_function=None, marker=folium.CircleMarker(radius=4), zoom_on_click=False).add_to(chart)
    root = chart.get_root()
    root.render()
    layer = next(child for child in chart._children.values() if isinstance(child, folium.GeoJson))
    data = json.dumps({**content, "interactive": interactive, "bounds": BOUNDS}, ensure_ascii=False).replace("</", "<\\/")
    begin = f"window.cemMap={{map:{chart.get_name()},layer:{layer.get_name()},content:{data}}};"
    root.script.add_child(Element(begin + (HERE / "frame.js").read_text(encoding="utf-8")))
    script, style, projection = _vendored()
    html = root.render()
    html = html.replace('<script src="vendor/leaflet.js"></script>', f"<script>{script}</script><script>{projection}</script>")
    html = html.replace('<link rel="stylesheet" href="vendor/leaflet.css"/>', f"<style>{style}</style><style>{tokens()}{(HERE / 'frame.css').read_text(encoding='utf-8')}</style>")
    html = re.sub(r"<html\b[^>]*>", '<html lang="en">', html.replace("<title></title>", ""), count=1)
    html = html.replace("<head>", "<head><title>World map</title>", 1)
    links = _Links()
    links.feed(html)
    if links.found:
        raise CemError("The map would load something from elsewhere.", came=", ".join(links.found), todo="Vendor it below cemwidgets/map/vendor.")
    return html


def frame(html: str, height: int, title: str) -> str:
    """Return an iframe that holds the document: quoted with ', because the document is full of "."""
    quoted = html.replace("&", "&amp;").replace("'", "&#39;")
    return f"<iframe title='{title}' style='max-height:{height}px' srcdoc='{quoted}'></iframe>"
