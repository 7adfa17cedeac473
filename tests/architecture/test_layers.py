"""Who may import whom: a test, not a hope. A file in no layer fails and names the choice."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]

# From the bottom to the top; a layer imports only those below it. Layers in one row do not import each other.
ROWS = [
    ["errors", "lazy_names", "running_code"],
    ["units", "settings", "ahead"],
    ["keys"],
    ["schema"],
    ["sources", "lake"],
    ["intake"],
    ["enrich"],
    ["kpi"],
    ["experience"],
    ["privacy"],
    ["usecases"],
    ["report"],
    ["demo"],
    ["cli"],
]
RANK = {layer: rank for rank, row in enumerate(ROWS) for layer in row}
# layers that stand beside the tower: what they may import, and who may import them
BESIDE = {
    "analysis": ({"errors", "lazy_names"}, {"experience", "usecases", "twin"}),
    "twin": ({"errors", "units", "settings", "schema", "sources", "lake"}, {"demo", "cli"}),
}
# a program of its own, which the grader starts where the twin cannot be imported: it asks the analyses, and nobody imports it
PROGRAMS = {"cemlib/twin/grade/answers.py"}
# a library that only some files may import
ONLY = {
    "duckdb": ("cemlib/lake/", "cemlib/sources/"),
    "pyspark": ("cemlib/lake/",),
    "deltalake": ("cemlib/lake/",),
    "papermill": ("cemlib/report/",),
    "nbconvert": ("cemlib/report/",),
    "voila": ("cemlib/report/", "templates/"),
    "ipywidgets": ("widgets/cemwidgets/*/view.py",),
    "anywidget": ("widgets/cemwidgets/*/view.py",),
    "IPython": ("widgets/cemwidgets/*/view.py", "cemlib/report/publish.py"),
    "folium": ("widgets/cemwidgets/map/",),
}


def python_files(folder: str) -> list[Path]:
    return sorted((HOME / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every dotted name that a file imports, wherever in the file the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {f"{node.module}.{one.name}" for one in node.names}
    return names


def layer_of(path: Path) -> str:
    part = path.relative_to(HOME / "cemlib").parts[0]
    return part.removesuffix(".py")


def allowed(layer: str, other: str) -> bool:
    if layer == other or layer == "__init__":
        return True
    if layer in BESIDE:
        return other in BESIDE[layer][0]
    if other in BESIDE:
        return layer in BESIDE[other][1]
    return RANK[other] < RANK[layer]


@pytest.mark.parametrize("path", python_files("cemlib"), ids=lambda path: str(path.relative_to(HOME)))
def test_a_module_imports_only_what_lies_below_it(path):
    if str(path.relative_to(HOME)) in PROGRAMS:
        assert not any(name.startswith("cemlib.twin") for name in imported(path))
        return
    layer = layer_of(path)
    known = [*RANK, *BESIDE, "__init__"]
    assert layer in known, f"{path.name} is in no layer: put it into one of {', '.join(known)}, or add a row in {__file__}"
    for name in imported(path):
        head, *rest = name.split(".")
        if head == "cemwidgets":
            pytest.fail(f"{path}: cemlib never imports the widgets")
        if head != "cemlib" or not rest:
            continue
        other = rest[0]
        assert other in known, f"{path} imports cemlib.{other}, which is in no layer"
        assert allowed(layer, other), f"{path} ({layer}) imports {name}: {other} does not lie below it"


@pytest.mark.parametrize("path", python_files("cemlib") + python_files("widgets/cemwidgets"),
                         ids=lambda path: str(path.relative_to(HOME)))
def test_a_library_stays_in_its_room(path):
    relative = path.relative_to(HOME)
    for head in {name.split(".")[0] for name in imported(path)}:
        rooms = ONLY.get(head, ("",))
        assert any(relative.match(one) if "*" in one else str(relative).startswith(one) for one in rooms), f"{relative} imports {head}, which belongs in {', '.join(rooms)}"


@pytest.mark.parametrize("path", python_files("widgets/cemwidgets"), ids=lambda path: str(path.relative_to(HOME)))
def test_widgets_use_public_names_only(path):
    for name in imported(path):
        if name.split(".")[0] == "cemlib":
            parts = name.split(".")
            assert not any(part.startswith("_") for part in parts), f"{path} imports {name}"


def test_the_layer_rule_bites():
    assert not allowed("sources", "lake")
    assert not allowed("lake", "sources")
    assert not allowed("kpi", "usecases")
    assert not allowed("analysis", "schema")
    assert not allowed("usecases", "twin")
    assert allowed("usecases", "analysis")
    assert allowed("kpi", "enrich")


def test_nobody_imports_a_program():
    names = {one.removesuffix(".py").replace("/", ".") for one in PROGRAMS}
    users = [path for folder in ("cemlib", "widgets") for path in python_files(folder) if imported(path) & names]
    assert users == []
