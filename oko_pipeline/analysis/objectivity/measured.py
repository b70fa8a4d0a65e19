"""What a signal measures at the schools of one set of peers, and how comparisons with peers are made."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from oko_pipeline.analysis.objectivity.pupils import Bools, Floats, Ints
from oko_pipeline.statistics.proportion_tests import anscombe_score

FAMILY_OF: Final[dict[str, str]] = {
    "cutoff_excess": "cutoffs",
    "journal_correlation": "journal",
    "journal_higher": "journal",
    "journal_lower": "journal",
    "task_profile": "tasks",
    "mark_crossing": "tasks",
    "narrow_spread": "spread",
    "absence": "attendance",
    "weak_absent": "attendance",
    "exam_unconfirmed": "procedures",
    "olympiad_gap": "procedures",
    "external_list": "lists",
}
TITLES_RU: Final[dict[str, str]] = {
    "cutoff_excess": "избыток баллов на границах отметок",
    "journal_correlation": "слабая связь баллов с журналом",
    "journal_higher": "отметки ВПР выше журнала чаще обычного",
    "journal_lower": "отметки ВПР ниже журнала чаще обычного",
    "task_profile": "лёгкие задания хуже, трудные лучше",
    "mark_crossing": "пересечение профилей групп по отметкам",
    "narrow_spread": "слишком малый разброс",
    "absence": "много отсутствовавших",
    "weak_absent": "не писали слабые",
    "exam_unconfirmed": "ВПР не подтверждена экзаменом",
    "olympiad_gap": "результаты олимпиад далеки от ВПР",
    "external_list": "внешний перечень",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A signal at each school: arrays over schools.

    `z` points towards the signal and is NaN where there is too little to go by; `error` is the standard error of
    `effect`, NaN where z comes from a p-value and no spread between schools can be allowed for.
    """

    signal_code: str
    value: Floats
    reference: Floats
    effect: Floats
    error: Floats
    z: Floats
    count: Ints
    smooth: Floats | None = None

    def where(self, is_enough: Bools) -> "Measured":
        """Return the same with nothing claimed where there is not enough."""
        z = np.where(is_enough, self.z, np.nan)
        return Measured(
            self.signal_code, self.value, self.reference, self.effect, self.error, z, self.count, self.smooth
        )


def compare_shares(signal_code: str, successes: Ints, trials: Ints) -> Measured:
    """Compare the share of each school with the share of all others; z is positive where the school's is larger.

    The error allows for the finite number of the others: √(p(1 − p)(1/n + 1/N)).
    """
    n, k = trials.astype(np.float64), successes.astype(np.float64)
    n_others = n.sum() - n
    # Half a success keeps a rare event from making an impossible one.
    p = (k.sum() - k + 0.5) / (n_others + 1)
    inverse = 1 / np.where(n > 0, n, np.nan) + 1 / np.maximum(n_others, 1)
    share = k / np.where(n > 0, n, np.nan)
    z = anscombe_score(successes, trials, p) / np.sqrt(inverse * n)
    return Measured(signal_code, share, p, share - p, np.sqrt(p * (1 - p) * inverse), z, trials.astype(np.int64))
