"""A part of the world as SVG: country shapes behind circles and dots, without a network."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from cemwidgets.map.shapes import countries

__all__ = ["HEIGHT", "WIDTH", "LandFrame", "land"]

WIDTH, HEIGHT = 640, 470
_MARGIN = 0.07
#: degrees that the map spans at the least, so that answers of one town do not fill it with a single street
_LEAST = 3.0


class LandFrame:
    """From degrees to the picture: plate carrée, with the width of a degree at the middle latitude.

    Parameters
    ----------
    marks : DataFrame
        latitude_deg, longitude_deg of what must be in the picture.
    """

    def __init__(self, marks: pd.DataFrame) -> None:
        west, east = float(marks["longitude_deg"].min()), float(marks["longitude_deg"].max())
        south, north = float(marks["latitude_deg"].min()), float(marks["latitude_deg"].max())
        middle = (south + north) / 2
        self.squeeze = max(math.cos(math.radians(middle)), 0.2)
        wide, high = max(east - west, _LEAST) * (1 + 2 * _MARGIN), max(north - south, _LEAST) * (1 + 2 * _MARGIN)
        self.scale = min(WIDTH / (wide * self.squeeze), HEIGHT / high)
        self.middle = ((west + east) / 2, middle)

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a place stands in the picture."""
        x = WIDTH / 2 + (longitude - self.middle[0]) * self.squeeze * self.scale
        return x, HEIGHT / 2 - (latitude - self.middle[1]) * self.scale

    def shape(self, rings: Iterable[list]) -> str:
        """The path of the rings that reach into the picture; empty where none does."""
        parts = []
        for ring in rings:
            points = [self.at(longitude, latitude) for longitude, latitude, *_ in ring]
            xs, ys = [one[0] for one in points], [one[1] for one in points]
            if max(xs) >= 0 and min(xs) <= WIDTH and max(ys) >= 0 and min(ys) <= HEIGHT:
                # a point far outside is drawn at the edge of a frame around the picture: the path stays short
                near = [(min(max(x, -WIDTH), 2 * WIDTH), min(max(y, -HEIGHT), 2 * HEIGHT)) for x, y in points]
                parts.append("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in near) + "Z")
        return "".join(parts)


def land(frame: LandFrame) -> str:
    """The countries that reach into the picture, as SVG."""
    paths = []
    for feature in countries()["features"]:
        geometry = feature["geometry"]
        if geometry["type"] not in ("Polygon", "MultiPolygon"):
            continue
        several = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        path = frame.shape(ring for polygon in several for ring in polygon)
        if path:
            paths.append(f'<path d="{path}"/>')
    return f'<g class="cem-region-land" fill="var(--cem-land)" stroke="var(--cem-coast)" stroke-width="1" fill-rule="evenodd">{"".join(paths)}</g>'
