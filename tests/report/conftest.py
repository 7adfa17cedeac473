"""Tiny notebooks, written where a test needs them."""

from __future__ import annotations

import nbformat
import pytest

# nothing heavy: most of these runs are about something else
FIRST = "from typing import Annotated, Literal\n\nimport cemlib as cem"
PARAMETERS = '\n'.join([
    'partner: Annotated[str, r"\\d{5,6}"] = ""  # PLMN of the partner; empty: all',
    "days: Annotated[int, (1, 90)] = 7  # how far back, in days",
    "share: float = 0.5  # a share",
    'rat: Literal["all", "4g", "5g"] = "all"  # radio technology',
    "wide: bool = False  # more columns",
    'since: str = ""  # free text',
])


@pytest.fixture
def make_notebook(tmp_path):
    """Write a notebook from its cells: text beginning with # is words, the rest is code."""

    def make(*cells: str, name: str = "tiny", parameters: str | None = PARAMETERS, **about: str):
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": "a-kernel-that-nobody-has", "display_name": "?", "language": "python"}
        notebook.metadata["cem"] = {"title": "Tiny", "question": "Does it run?", "description": "A test.", "order": 1, **about}
        notebook.cells.append(nbformat.v4.new_code_cell(FIRST))
        if parameters is not None:
            cell = nbformat.v4.new_code_cell(parameters)
            cell.metadata["tags"] = ["parameters"]
            notebook.cells.append(cell)
        for text in cells:
            make_cell = nbformat.v4.new_markdown_cell if text.startswith("#") else nbformat.v4.new_code_cell
            notebook.cells.append(make_cell(text))
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return make
