"""The rows of a study's files."""

from __future__ import annotations

import pandas as pd

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.usecases.studies.study import Study

__all__ = ["read_study_file"]


def read_study_file(study: Study) -> pd.DataFrame:
    """Read the CSV file of a study, which lies beside it.

    Raises
    ------
    ParameterError
        The file cannot be read.
    UnknownNameError
        It has no column of that rating or customer.
    """
    path = study.path.parent / str(study.source.file)
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ParameterError("The file of a study cannot be read.", came=str(error)[:120], where=str(study.source.file)) from error
    for name in (study.source.rating, study.source.customer):
        if name not in frame.columns:
            raise UnknownNameError("column", str(name), frame.columns, where=str(study.source.file))
    return frame
