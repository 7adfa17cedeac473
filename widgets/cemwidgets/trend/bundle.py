"""Vega for the live picture, without network: bundled by vl-convert, kept for the next kernel."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

import vl_convert

__all__ = ["live_script"]


def _kept(script: str) -> Path:
    """Where the bundle is kept: by the version of vl-convert and the script that is bundled."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cem-workbench"
    return base / f"vega-{vl_convert.__version__}-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"


@cache
def live_script() -> str:
    """Return the script of the live picture with Vega in front of it (about 900 kB).

    Making it takes a second or two, so it is kept in the user's cache folder; without one that can be written it is made
    anew in every kernel.
    """
    script = (Path(__file__).parent / "trend.js").read_text(encoding="utf-8")
    path = _kept(script)
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8")
    bundle = vl_convert.javascript_bundle(script)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # written aside and renamed: another kernel reads the whole bundle or none
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".new", delete=False, encoding="utf-8") as file:
            file.write(bundle)
        os.replace(file.name, path)
    return bundle
