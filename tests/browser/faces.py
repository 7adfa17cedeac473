"""The figures of a use case in its faces: what a page's source says, and what a notebook shows in a plain kernel."""

from __future__ import annotations

import re

import nbformat
from nbclient import NotebookClient

from cemlib.settings import settings

__all__ = ["figures_of", "read_figures", "show_notebook"]

_READ = "() => Object.fromEntries([...document.querySelectorAll('[data-figure]')].map(one => [one.dataset.figure, one.dataset.value]))"


def figures_of(html: str) -> dict[str, str]:
    """The figures of a page's source, by name."""
    return dict(re.findall(r'data-figure="([^"]+)" data-value="([^"]+)"', html))


def read_figures(page, count: int) -> dict[str, str]:
    """The figures of a page in a browser, by name, as soon as there are so many: its parts come one by one, and its foot may be there before them."""
    page.wait_for_function("count => new Set([...document.querySelectorAll('[data-figure]')].map(one => one.dataset.figure)).size >= count", arg=count)
    return page.evaluate(_READ)


def show_notebook(name: str, **asked: object) -> str:
    """The HTML that a notebook's cells show in a plain kernel, as JupyterLab runs them, with these parameters and no app around."""
    notebook = nbformat.read(settings().home / "notebooks" / f"{name}.ipynb", as_version=4)
    (cell,) = [one for one in notebook.cells if "parameters" in one["metadata"].get("tags", [])]
    cell["source"] += "".join(f"\n{key} = {value!r}" for key, value in asked.items())
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [output for one in notebook.cells if one.cell_type == "code" for output in one.outputs]
    return "".join(output["data"].get("text/html", "") for output in outputs if "data" in output)
