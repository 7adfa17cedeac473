"""Fits are made before anybody asks: of the lake and of every study beside it, to be kept (:mod:`cemlib.usecases.kept_fits`).

``python -m cemlib.usecases.fits_ahead`` does so in a process of its own, with what the machine has to spare; the portal starts it when it has
started, and when a study or the lake has changed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from cemlib.errors import CemError
from cemlib.usecases.segments.reader import LAKE, Reader
from cemlib.usecases.studies.catalogue import study_names
from cemlib.usecases.whatif_satisfaction import what_if_satisfaction

__all__ = ["fit_ahead"]


def fit_ahead(lake) -> Iterator[tuple[str, str, str]]:
    """Fit what is not kept yet: segments and what-if of the lake and of each study.

    Parameters
    ----------
    lake : Lake

    Yields
    ------
    tuple of str
        Use case, study, and why it could not be fitted; empty where it could.
    """
    for use_case, studies, fit in (("segment_explorer", [LAKE, *study_names("segments")], _fit_segments), ("whatif_satisfaction", study_names("levers"), _fit_what_if)):
        for study in studies:
            try:
                fit(lake, study)
            except CemError as error:
                # a study told wrong, or without ratings: who opens it is told
                yield use_case, study, error.what
            else:
                yield use_case, study, ""


def _fit_segments(lake, study: str) -> None:
    reader = Reader(lake, study)
    reader.view()
    if isinstance(reader.found, CemError):
        raise reader.found


def _fit_what_if(lake, study: str) -> None:
    view = what_if_satisfaction(lake, study=study)
    _ = view.tables, view.driven.price, view.driven.expectation


def _main() -> None:
    import cemlib

    # readers of pages come first
    os.nice(10)
    logging.basicConfig(format="%(message)s")
    for use_case, study, problem in fit_ahead(cemlib.open_lake()):
        if problem:
            logging.getLogger(__name__).warning("%s of %s is not fitted ahead: %s", use_case, study, problem)


if __name__ == "__main__":
    _main()
