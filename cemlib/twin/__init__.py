"""The demo operator: a whole operator's files with planted facts, and their truth in a place that no analysis reads."""

from cemlib.twin import commerce as commerce
from cemlib.twin import fixed as fixed
from cemlib.twin import things as things
from cemlib.twin import wholesale as wholesale
from cemlib.twin.faults import FAULTS
from cemlib.twin.operator import OperatorFiles, write_operator

__all__ = ["FAULTS", "OperatorFiles", "write_operator"]
