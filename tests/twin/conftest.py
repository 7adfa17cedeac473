"""A demo operator that all tests of the twin read: small, yet with every planted fact in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from cemlib.twin import OperatorFiles, write_operator


@dataclass(frozen=True)
class Operator:
    """The files as plain text columns, and the truth."""

    folder: Path
    truth_path: Path
    written: OperatorFiles

    @property
    def truth(self) -> dict:
        return json.loads(self.truth_path.read_text(encoding="utf-8"))

    def rows(self, feed: str) -> pd.DataFrame:
        """All records of a feed; the times that end in _time as instants."""
        parts = []
        for path in sorted((self.folder / feed).iterdir()):
            parts.append(pd.read_parquet(path) if path.suffix == ".parquet" else
                         pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False))
        frame = pd.concat(parts, ignore_index=True)
        for name in frame.columns:
            if name.endswith("_time") or name in ("answered", "tested", "opened", "closed"):
                frame[name] = pd.to_datetime(frame[name].replace("", None), format="ISO8601", utc=True)
        return frame


def make(place: Path, name: str, **arguments) -> Operator:
    truth = place / "truth" / f"{name}.json"
    written = write_operator(place / name, truth=truth, **arguments)
    return Operator(place / name, truth, written)


@pytest.fixture(scope="session")
def operator(tmp_path_factory) -> Operator:
    """6,000 customers in 12 days, without bad records."""
    return make(tmp_path_factory.mktemp("operator"), "clean", seed=7, subscribers=6_000, days=12, bad_rate=0.0)


@pytest.fixture(scope="session")
def soiled(tmp_path_factory) -> Operator:
    """1,500 customers in 4 days, of whose records every fiftieth is bad."""
    return make(tmp_path_factory.mktemp("operator"), "soiled", seed=7, subscribers=1_500, days=4, bad_rate=0.02)
