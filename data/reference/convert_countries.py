"""Make countries.geojson from the npm package world-atlas 2.0.2 (Natural Earth). Run once, when the shapes change.

    npm pack world-atlas@2.0.2
    python data/reference/convert_countries.py world-atlas-2.0.2.tgz

Polygons come from the 1:110 million file; countries that are missing there (Malta, Singapore, Maldives, …) become points
taken from the 1:50 million file. Needs babel for the codes and the English names.
"""

from __future__ import annotations

import itertools
import json
import sys
import tarfile
from pathlib import Path

from babel import Locale
from babel.core import get_global

# Natural Earth gives these no ISO number. Kosovo has the user-assigned code XK that operators use; the other two are drawn
# with the country that their mobile country code belongs to.
WITHOUT_NUMBER = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO"}
LEFT_OUT = {"AQ"}
#: places that are no roaming destination of their own, at 1:50 million
NO_POINT = {"AQ", "TF", "HM", "GS", "IO", "UM", "PN", "BV"}
#: the label of a country stands in its largest part; where that misleads, here
LABEL_AT = {"US": (-98.5, 39.5), "FR": (2.5, 46.6), "NO": (9.0, 61.0), "PT": (-8.0, 39.6)}


def read_atlas(archive: Path, resolution: str) -> dict:
    """Read one TopoJSON file out of the npm archive."""
    with tarfile.open(archive) as box:
        return json.load(box.extractfile(f"package/countries-{resolution}.json"))


def arcs_of(topology: dict) -> list[list[tuple[float, float]]]:
    """Decode the arcs: deltas of whole numbers into degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for deltas in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in deltas:
            x, y = x + dx, y + dy
            arc.append((x * sx + tx, y * sy + ty))
        arcs.append(arc)
    return arcs


def unwrapped(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Carry a ring on beyond 180 degrees: else a bar is drawn across the whole map."""
    out = [ring[0]]
    for x, y in ring[1:]:
        step = x - out[-1][0]
        out.append((x - 360 * round(step / 360), y))
    return out


def polygons_of(geometry: dict, arcs: list) -> list[list[list[tuple[float, float]]]]:
    """Put the rings of a country together from the arcs that it shares with its neighbours."""

    def ring(numbers: list[int]) -> list[tuple[float, float]]:
        points: list[tuple[float, float]] = []
        for number in numbers:
            part = arcs[number] if number >= 0 else arcs[~number][::-1]
            points += part[1:] if points else part
        return unwrapped(points)

    parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    return [[ring(numbers) for numbers in part] for part in parts]


def near(polygon: list[list[tuple[float, float]]], longitude: float) -> list[list[tuple[float, float]]]:
    """Move a part by whole turns to the side of the map where its country is (the far east of Russia, the isles of Fiji)."""
    turn = 360 * round((longitude - area_and_centre(polygon[0])[1]) / 360)
    return [[(x + turn, y) for x, y in ring] for ring in polygon]


def area_and_centre(ring: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Shoelace area (square degrees) and centre of a ring."""
    area = cx = cy = 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(ring):
        cross = x0 * y1 - x1 * y0
        area, cx, cy = area + cross, cx + (x0 + x1) * cross, cy + (y0 + y1) * cross
    if not area:
        return 0.0, *ring[0]
    return abs(area) / 2, cx / (3 * area), cy / (3 * area)


def countries(topology: dict) -> dict[str, list]:
    """Polygons by alpha-2 code."""
    aliases, arcs = get_global("territory_aliases"), arcs_of(topology)
    found: dict[str, list] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        if geometry["type"] not in {"Polygon", "MultiPolygon"}:
            continue
        name = geometry["properties"]["name"]
        code = aliases.get(geometry.get("id", ""), [WITHOUT_NUMBER.get(name)])[0]
        if code and code not in LEFT_OUT:
            found.setdefault(code, []).extend(polygons_of(geometry, arcs))
    return found


def feature(code: str, name: str, geometry: dict, label: tuple[float, float]) -> dict:
    """One country: its code, its English name, and where its marks stand."""
    properties = {"code": code, "name": name, "lon": round(label[0], 2), "lat": round(label[1], 2)}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def convert(archive: Path) -> dict:
    """Return the whole collection, sorted by code, so that the same package gives the same bytes."""
    names = Locale("en").territories
    features = []
    drawn = countries(read_atlas(archive, "110m"))
    for code, polygons in drawn.items():
        largest = max((polygon[0] for polygon in polygons), key=lambda ring: area_and_centre(ring)[0])
        label = LABEL_AT.get(code, area_and_centre(largest)[1:])
        rounded = [[[[round(x, 2), round(y, 2)] for x, y in ring] for ring in near(polygon, label[0])] for polygon in polygons]
        features.append(feature(code, names.get(code, code), {"type": "MultiPolygon", "coordinates": rounded}, label))
    for code, polygons in countries(read_atlas(archive, "50m")).items():
        if code in drawn or code in NO_POINT:
            continue
        largest = max((polygon[0] for polygon in polygons), key=lambda ring: area_and_centre(ring)[0])
        _, x, y = area_and_centre(largest)
        features.append(feature(code, names.get(code, code), {"type": "Point", "coordinates": [round(x, 2), round(y, 2)]}, (x, y)))
    return {"type": "FeatureCollection", "features": sorted(features, key=lambda one: one["properties"]["code"])}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = Path(__file__).parent / "countries.geojson"
    target.write_text(json.dumps(convert(Path(sys.argv[1])), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{target}: {target.stat().st_size:,} bytes")
