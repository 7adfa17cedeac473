"""Carrier figures of voice transit from counters: ASR, NER, ABR, ACD, minutes (ITU-T E.411, E.425, E.437; pages read, not the texts).

Carriers exchange such sums; from single calls the same figures come out of the catalogue's ratios. The sources differ on ABR:
it counts on bids (initial address messages), ASR on seizures of a circuit; so the bids are an argument of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["CarrierFigures", "measure_carrier"]


@dataclass(frozen=True, eq=False)
class CarrierFigures:
    """Figures of each row of counters; NaN where the denominator is 0 or a counter is missing or contradicts another.

    Attributes
    ----------
    asr_ratio : ndarray
        Answer-seizure ratio: answered / seizures.
    ner_ratio : ndarray
        Network effectiveness ratio: (answered + user busy + ring no answer + terminal reject) / seizures.
    abr_ratio : ndarray
        Answer-bid ratio: answered / bids; NaN without bids.
    acd_s : ndarray
        Average call duration (ACT in E.437): conversation seconds / answered.
    minutes : ndarray
        Conversation minutes, not rounded; how calls are rounded is a term of the contract.
    impossible : int
        Rows whose counters contradict each other.
    """

    asr_ratio: np.ndarray
    ner_ratio: np.ndarray
    abr_ratio: np.ndarray
    acd_s: np.ndarray
    minutes: np.ndarray
    impossible: int


def measure_carrier(
    seizures: ArrayLike, answered: ArrayLike, user_busy: ArrayLike, ring_no_answer: ArrayLike, terminal_reject: ArrayLike,
    conversation_s: ArrayLike, bids: ArrayLike | None = None,
) -> CarrierFigures:
    """The figures of carriers, routes or hours, one row of counters each.

    Parameters
    ----------
    seizures : array-like
        Calls that seized a circuit (or were accepted) towards the carrier.
    answered, user_busy, ring_no_answer, terminal_reject : array-like
        How they ended; by Q.850: 16 with answer; 17; 18 and 19; 21.
    conversation_s : array-like
        Seconds from answer to release.
    bids : array-like, optional
        All attempts, also those that never seized a circuit.

    Examples
    --------
    The second row has more answers than seizures, which cannot be:

    >>> figures = measure_carrier([1000, 5, 0], [620, 9, 0], [150, 0, 0], [120, 0, 0], [30, 0, 0], [186000, 60, 0])
    >>> figures.asr_ratio.tolist(), figures.ner_ratio.tolist(), figures.acd_s.tolist(), figures.impossible
    ([0.62, nan, nan], [0.92, nan, nan], [300.0, nan, nan], 1)
    """
    given = [seizures, answered, user_busy, ring_no_answer, terminal_reject, conversation_s]
    columns = [np.asarray(one, dtype=np.float64) for one in given]
    tried = np.full(columns[0].shape, np.nan) if bids is None else np.asarray(bids, dtype=np.float64)
    *columns, tried = np.broadcast_arrays(*columns, tried)
    seized, answers, busy, unanswered, rejected, seconds = columns
    reached = answers + busy + unanswered + rejected
    with np.errstate(invalid="ignore", divide="ignore"):
        wrong = np.any([one < 0 for one in (*columns, tried)], axis=0) | (reached > seized) | (seized > tried) | (answers == 0) & (seconds > 0)
        wrong |= np.any([np.isinf(one) for one in (*columns, tried)], axis=0)

        def divide(num: np.ndarray, den: np.ndarray) -> np.ndarray:
            return np.where((den > 0) & ~wrong, num / den, np.nan)

        return CarrierFigures(divide(answers, seized), divide(reached, seized), divide(answers, tried), divide(seconds, answers),
                              np.where(wrong, np.nan, seconds / 60), int(wrong.sum()))
