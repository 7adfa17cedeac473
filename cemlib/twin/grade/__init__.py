"""The grader: how well the analyses find what is planted in an operator that was drawn afresh.

A grading draws its cases from a seed, gives an analysis only what an analyst would have (a lake, or a table of numbers), in a process in
which the twin cannot be imported, and holds the answer against the truth. Cases without any effect count as much as those with one.
"""

from cemlib.twin.grade.gradings import GRADINGS, Grading
from cemlib.twin.grade.marks import Mark, MarkSheet
from cemlib.twin.grade.run import grade

__all__ = ["GRADINGS", "Grading", "Mark", "MarkSheet", "grade"]
