"""What the README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cemlib.twin import write_operator

HOME = Path(__file__).resolve().parents[1]


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_operator("incoming", subscribers=400, days=5, truth=tmp_path / "truth.json")
    blocks = re.findall(r"```python\n(.*?)```", (HOME / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    names: dict = {}
    for block in blocks:
        exec(block, names)
    assert {"num", "den", "value", "low", "high", "state"} <= set(names["k"].to_pandas().columns)
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", (HOME / "README.md").read_text(encoding="utf-8")))
def test_what_the_readme_points_to_is_there(link):
    assert (HOME / link).exists()
