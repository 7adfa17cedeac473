"""Names that are loaded when they are asked for: all are there, and starting is quick."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from cemlib.lazy_names import load_lazily

PACKAGES = ["cemlib.analysis", "cemlib.experience", "cemlib.usecases", "cemwidgets"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_there_and_no_module_stands_in_its_place(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name).__name__
    assert set(module._MODULES) <= set(module.__all__) == set(dir(module))
    modules = {path.stem for path in Path(module.__file__).parent.iterdir()}
    assert not modules & set(module._MODULES)


def test_a_name_that_there_is_not():
    get, names = load_lazily("cemlib.lazy_names", {}, ["load_lazily"])
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        get("nothing")
    assert names() == ["load_lazily"]


@pytest.mark.parametrize("page", ["cemwidgets.segments.view", "cemwidgets.whatif.view"])
def test_a_page_whose_fits_are_kept_loads_nothing_that_fits(page):
    code = f"import sys, {page}; print([one for one in ('sklearn', 'statsmodels', 'scipy.stats', 'folium') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
