"""The house's other rules: names, sizes, notebooks without outputs, one list of packages, no machine's path."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
import warnings
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import cemlib

HOME = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path for path in (HOME / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
SOURCES = sorted([*(HOME / "cemlib").rglob("*.py"), *(HOME / "widgets").rglob("*.py")])


def tracked_files() -> list[Path]:
    """The files of the project: git's where there is a checkout."""
    answer = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=HOME, capture_output=True, text=True, check=False)
    if answer.returncode:
        return SOURCES
    return [HOME / name for name in answer.stdout.split("\0") if name and (HOME / name).is_file()]


def test_no_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "common", "manager", "process", "misc"}
    assert [str(path) for path in SOURCES if path.stem in empty or path.parent.name in empty] == []


def test_modules_are_of_a_size_that_one_reads():
    long = {str(path.relative_to(HOME)): lines for path in SOURCES if (lines := path.read_text().count("\n")) > 300}
    if long:
        # told, not refused: at 300 lines ask whether a module does two things
        print("modules over 300 lines:", long)
    assert {name: lines for name, lines in long.items() if lines > 500} == {}


def test_at_most_25_public_names():
    assert len(cemlib.__all__) <= 25
    for name in cemlib.__all__:
        assert getattr(cemlib, name) is not None


def test_no_stub_is_called_done():
    found = [f"{path}:{number}" for path in SOURCES for number, line in enumerate(path.read_text().splitlines(), 1)
             if re.search(r"NotImplementedError|\bTODO\b|\bFIXME\b", line)]
    assert found == []


def test_no_assert_on_user_data():
    found = [f"{path}:{node.lineno}" for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)]
    assert found == []


def test_no_path_of_a_machine_and_no_registry_host():
    # the patterns are put together from parts, so that this file does not match itself
    pattern = re.compile(r"(?<![\w.])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me"]) + r")/\w|https?://[^\s\"']*(?:python" + "hosted|npm" + "js|pypi" + r"\.o|deb" + r"ian\.o)")
    found = []
    for path in tracked_files():
        if path.stat().st_size > 3_000_000 or path.suffix in {".png", ".parquet", ".gz", ".ber"}:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{path.relative_to(HOME)}: {one.group()}" for one in pattern.finditer(text)]
    assert found == []


def test_environment_yml_and_pyproject_agree():
    environment = yaml.safe_load((HOME / "environment.yml").read_text())
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    python = next(one for one in environment["dependencies"] if isinstance(one, str) and one.startswith("python"))
    assert python == f"python{project['requires-python']}"
    (editable,) = next(one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    extras = set(re.fullmatch(r"-e \.\[(.+)\]", editable)[1].split(","))
    assert extras == set(project["optional-dependencies"])


def test_the_lock_fulfils_pyproject():
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    locked = {}
    for line in (HOME / "requirements.lock").read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            one = Requirement(line.rstrip(" \\"))
            locked.setdefault(one.name.lower(), []).append(Version(next(iter(one.specifier)).version))
    wanted = [Requirement(one) for one in project["dependencies"]]
    wanted += [Requirement(one) for extra in project["optional-dependencies"].values() for one in extra]
    for one in wanted:
        if one.name == project["name"]:
            continue
        assert one.name.lower() in locked, f"{one.name} is not in requirements.lock: make lock"
        assert all(version in one.specifier for version in locked[one.name.lower()]), f"{one} against {locked[one.name.lower()]}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_clean(path):
    notebook = json.loads(path.read_text())
    assert "papermill" not in notebook["metadata"]
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) <= 12
    for cell in code:
        source = "".join(cell["source"])
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert "papermill" not in cell["metadata"]
        assert len(source.splitlines()) <= 15
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse("\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))))
        kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
        assert not any(isinstance(node, kinds) for node in ast.walk(tree)), f"{path.name} defines something; it belongs in cemlib"
        assert not re.search(r"(?i)\bselect\b.+\bfrom\b", source), f"{path.name} holds SQL"
        imports = {name for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
                   for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module])}
        assert not any(part.startswith("_") for name in imports for part in name.split("."))


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.parent.name == "notebooks"], ids=lambda path: path.stem)
def test_an_app_has_one_parameters_cell_with_types_and_comments(path):
    notebook = json.loads(path.read_text())
    tagged = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for line in "".join(tagged[0]["source"]).splitlines():
        if line and not line.startswith("#"):
            assert re.match(r"\w+: .+ = .+  # .+", line), f"{path.name}: {line!r} wants 'name: type = default  # meaning'"
    assert {"title", "question", "description", "order"} <= set(notebook["metadata"]["cem"])
    # what a page says while it is computed: in few words, for it stands in one line of a telephone
    for told in (cell["metadata"]["cem"] for cell in notebook["cells"] if "cem" in cell["metadata"]):
        assert set(told) == {"doing", "weight"}
        assert 0 < len(told["doing"]) <= 50
        assert told["weight"] > 0
