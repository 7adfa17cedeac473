"""From what was measured to what a customer felt: models of QoE with their standards, declared curves of our own, and the open satisfaction index."""

from __future__ import annotations

from cemlib.experience.burst import follow_bursts, follow_calls, recall_call
from cemlib.experience.curve import Curve, curve, list_curves, load_curves
from cemlib.experience.emodel import Rating, map_r_to_mos, rate_simplified, rate_transmission
from cemlib.experience.index import SatisfactionIndex
from cemlib.experience.index_reading import load_index
from cemlib.experience.quadrants import Quadrants, find_quadrants
from cemlib.experience.score import Score, require_one_scale
from cemlib.experience.scoring import ExperienceScores, score_experience
from cemlib.experience.video import score_seconds, score_video_quality, score_viewing
from cemlib.experience.web import score_page_load
from cemlib.lazy_names import load_lazily

# name -> module; loaded when first asked for: who scores does without the packages that fit
_MODULES = {
    "CalibrationResult": "cemlib.experience.calibration",
    "HonestyCard": "cemlib.experience.honesty",
    "IqxCurve": "cemlib.experience.iqx",
    "calibrate": "cemlib.experience.calibration",
    "fit_sos": "cemlib.experience.dissatisfied",
    "spread_ratings": "cemlib.experience.dissatisfied",
}

__all__ = [
    "CalibrationResult",
    "Curve",
    "ExperienceScores",
    "HonestyCard",
    "IqxCurve",
    "Quadrants",
    "Rating",
    "SatisfactionIndex",
    "Score",
    "calibrate",
    "curve",
    "find_quadrants",
    "fit_sos",
    "follow_bursts",
    "follow_calls",
    "list_curves",
    "load_curves",
    "load_index",
    "map_r_to_mos",
    "rate_simplified",
    "rate_transmission",
    "recall_call",
    "require_one_scale",
    "score_experience",
    "score_page_load",
    "score_seconds",
    "score_video_quality",
    "score_viewing",
    "spread_ratings",
]

__getattr__, __dir__ = load_lazily(__name__, _MODULES, __all__)
