"""Prepares a lake of a case and asks an analysis about it in a process that knows nothing of the twin."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from cemlib.errors import CemError
from cemlib.twin.grade.cases import Case
from cemlib.twin.play import play_scenario

__all__ = ["Asking", "GradingError"]

_FEEDS = ("partner_directory", "steering_plan", "device_catalogue", "customer_base", "roaming_signalling", "roaming_data", "roaming_probe")
_HOME_FEEDS = ("partner_directory", "customer_base", "mobile_data", "mobile_voice", "mobile_sms", "media_session", "bill")
_WAIT_S = 1200


class GradingError(CemError):
    """An analysis ended without an answer."""


class Asking:
    """Asks one after the other; what was asked before of the same case is remembered.

    Parameters
    ----------
    mutation : str
        How the answer is spoilt; empty: not at all.
    tell : callable, optional
        Called with a word on what is done.
    """

    def __init__(self, mutation: str = "", tell: Callable[[str], None] | None = None) -> None:
        self.mutation, self._tell = mutation, tell or (lambda text: None)

    @contextlib.contextmanager
    def place(self) -> Iterator[Path]:
        """A folder for what is asked about, removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="cem-grade-") as folder:
            yield Path(folder)

    def ask(self, question: str, place: str) -> Any:
        """The answer to a question about a place.

        Raises
        ------
        GradingError
            When the analysis fails or takes longer than twenty minutes.
        """
        command = [sys.executable, str(Path(__file__).with_name("answers.py")), question, place, self.mutation]
        # the secret of the lake that was made for this case alone
        environment = {**os.environ, "CEM_KEY": _KEY}
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_WAIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise GradingError("An analysis gave no answer in time.", came=f"more than {_WAIT_S} s", where=question) from None
        if done.returncode:
            raise GradingError("An analysis that is graded failed.", came=(done.stderr.strip().splitlines() or ["no message"])[-1], where=question)
        return json.loads(done.stdout)

    def of_operator(self, question: str, case: Case) -> Any:
        """Play a case, ingest it through the connectors, and ask."""
        with self.place() as place:
            self._prepare(case, place, _FEEDS, None)
            return self._ask_of(question, case, place)

    def of_customers(self, question: str, case: Case) -> tuple[Any, pd.DataFrame]:
        """The same of what customers had at home, with what is true of them by their pseudonyms in that lake; the analysis never sees the latter."""
        from cemlib.sources import Door

        with self.place() as place, self.place() as hidden:
            self._prepare(case, place, _HOME_FEEDS, hidden / "truth")
            customers = pd.read_parquet(hidden / "truth" / "customers.parquet")
            with _own_secret():
                door = Door()
                customers.index = pd.Index([door.imsi(one).key for one in customers["imsi"]], name="subscriber_key")
            return self._ask_of(question, case, place), customers

    def _ask_of(self, question: str, case: Case, place: Path) -> Any:
        self._tell(f"{case.truth['scenario']}{'' if case.effects else ' (no effect)'}: {question}")
        return self.ask(question, str(place / "lake"))

    def _prepare(self, case: Case, place: Path, feeds: tuple[str, ...], truth: Path | None) -> None:
        import cemlib.sources
        from cemlib.lake import collect_frame, open_lake

        name = f"{case.truth['scenario']}{'' if case.effects else ' (no effect)'}"
        self._tell(f"{name}: files")
        play_scenario(case.scenario, place / "raw", truth=truth, seed=case.seed, subscribers=case.subscribers, days=case.days, effects=case.effects, is_renamed=True, jobs=1)
        self._tell(f"{name}: ingest")
        with _own_secret(), open_lake(place / "lake") as lake:
            for feed in feeds:
                known = collect_frame(lake.frame("network").select("plmn_code").unique())["plmn_code"].dropna() if lake.has("network") else []
                lake.ingest(cemlib.sources.connector(feed)(place / "raw" / feed), door=cemlib.sources.Door(plmn_codes=list(known)))


_KEY = "the secret of an operator that was invented to be graded"


@contextlib.contextmanager
def _own_secret() -> Iterator[None]:
    """The invented operator's lake has a secret of its own; the user's is neither needed nor made."""
    before = os.environ.get("CEM_KEY")
    os.environ["CEM_KEY"] = _KEY
    try:
        yield
    finally:
        if before is None:
            del os.environ["CEM_KEY"]
        else:
            os.environ["CEM_KEY"] = before
