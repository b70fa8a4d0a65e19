"""Exams and a survey of a simulated region, for the benchmark of the analysis: rows as they stand after collection."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.catalogue.questionnaires import questionnaire
from oko_pipeline.catalogue.tables_exams import ADMISSION_WORKS, EXAM_RESULTS
from oko_pipeline.catalogue.tables_surveys import SURVEY_ANSWERS
from oko_pipeline.sample.pupils import cohort_of
from oko_pipeline.sample.region import Region

_FILE: Final = "1" * 64
_EXAMS: Final = (
    ("oge", "russian", "main", 9, 1.0),
    ("oge", "mathematics", "main", 9, 1.0),
    ("oge", "social_studies", "main", 9, 0.5),
    ("oge", "biology", "main", 9, 0.3),
    ("ege", "russian", "main", 11, 1.0),
    ("ege", "mathematics", "profile", 11, 0.6),
)
_TASKS: Final = 24
_SENIOR_SHARE: Final = 0.5
_PARENTS_SHARE: Final = 0.1

Remember = Callable[..., None]


def write_exams(workplace: Any, region: Region, year: str, remember: Remember) -> None:
    """Write exams of the ninth and eleventh grades and the interview before them into the restricted store."""
    rng = np.random.default_rng(int(year[:4]))
    frames = [_exam(region, year, exam, rng) for exam in _EXAMS]
    results = EXAM_RESULTS.conform(pd.concat(frames, ignore_index=True))
    shared = ["school_year", "pupil_id", "school_code", "school_key", "class_label", "status", "is_final"]
    interview = frames[0][[*shared, "file_sha256", "source_sheet", "source_row"]]
    total = rng.integers(5, 21, len(interview))
    works = ADMISSION_WORKS.conform(
        interview.assign(
            procedure="interview",
            held_on=f"{year[5:]}-02-10",
            criteria_scores="1;1;1;1",
            total_score=total,
            is_passed=total >= 10,
        )
    )
    workplace.records.write(year, EXAM_RESULTS.name, results)
    workplace.records.write(year, ADMISSION_WORKS.name, works)
    counts = results["exam_code"].value_counts()
    slices = {str(code): (f"{code}:{count}", int(count)) for code, count in counts.items()}
    remember(workplace, year, EXAM_RESULTS.name, slices)
    remember(workplace, year, ADMISSION_WORKS.name, {"year": (f"{len(works)}", len(works))})


def _exam(region: Region, year: str, exam: tuple[str, str, str, int, float], rng: np.random.Generator) -> pd.DataFrame:
    kind, subject, level, grade, share = exam
    cohort = region.cohort(cohort_of(year, grade))
    chosen = np.flatnonzero(rng.random(len(cohort)) < share * (_SENIOR_SHARE if grade == 11 else 1))
    ability = region.arrays.own[cohort.school[chosen]] * 0.4 + cohort.common[chosen] * 0.7
    shares = 1 / (1 + np.exp(-(ability[:, None] + np.linspace(1.5, -1.5, _TASKS))))
    scores = (rng.random(shares.shape) < shares).astype(np.int64)
    primary = scores.sum(axis=1)
    is_ege = kind == "ege"
    exam_year = int(year[5:])
    codes = region.arrays.codes[cohort.school[chosen]]
    nothing = np.full(len(chosen), np.nan)
    return pd.DataFrame(
        {
            "school_year": year,
            "exam_code": f"{kind}:{exam_year}:{subject}:{level}",
            "exam_kind": kind,
            "exam_year": exam_year,
            "subject_code": subject,
            "exam_level": level,
            "exam_date": f"{exam_year}-06-01",
            "pupil_id": [f"{grade}-{one:07d}" for one in chosen],
            "school_code": codes,
            "school_key": codes,
            "class_label": pd.array(list("АБВГДЕЖЗИК")).take(cohort.class_number[chosen] % 10),
            "category": "graduate",
            "variant": "1",
            "station_code": None,
            "auditorium_code": None,
            "status": "valid",
            "task_scores": _masks(scores),
            "written_score": primary,
            "oral_score": nothing,
            "primary_score": primary,
            "test_score": np.round(primary / _TASKS * 100) if is_ege else nothing,
            "mark": nothing if is_ege else 2 + np.searchsorted([6, 12, 18], primary, side="right"),
            "year_mark": nothing,
            "primary_score_before": nothing,
            "test_score_before": nothing,
            "sitting": 1,
            "is_final": True,
            "is_appealed": False,
            "file_sha256": _FILE,
            "source_sheet": f"{kind} {subject}",
            "source_row": np.arange(len(chosen)) + 2,
        }
    )


def _masks(scores: npt.NDArray[np.int64]) -> list[str]:
    """Return masks «1;0;…» of tasks with a short answer."""
    signs = np.full((len(scores), 2 * scores.shape[1] - 1), ord(";"), dtype=np.uint8)
    signs[:, ::2] = scores + ord("0")
    return signs.view(f"S{signs.shape[1]}").ravel().astype(str).tolist()


def write_survey(workplace: Any, region: Region, year: str, remember: Remember) -> None:
    """Write answers of parents, about a tenth of the pupils of grades 4–8, into the restricted store."""
    rng = np.random.default_rng(int(year[:4]) + 1)
    form = questionnaire("parents")
    parallel = np.maximum(1, region.arrays.parallel * 5 * _PARENTS_SHARE).astype(np.int64)
    codes = np.repeat(region.arrays.codes, parallel)
    responses = np.array([f"{year[:4]}-{number:07d}" for number in range(len(codes))], dtype=object)
    frames = []
    for question in form.questions:
        if not question.is_stored or question.answers is None:
            continue
        answers = form.answer_set(question).answers
        drawn = rng.integers(0, len(answers), len(codes))
        values = np.array([np.nan if one.value is None else one.value for one in answers])
        frames.append(
            pd.DataFrame(
                {
                    "source_row": np.arange(len(codes)) + 2,
                    "response_id": responses,
                    "school_code": codes,
                    "question_code": question.code,
                    "answer_code": np.array([one.code for one in answers], dtype=object)[drawn],
                    "value": values[drawn],
                }
            )
        )
    rows = pd.concat(frames, ignore_index=True).assign(
        school_year=year,
        file_sha256=_FILE,
        source_sheet="Ответы",
        questionnaire_code=form.code,
        answered_on=f"{year[5:]}-04-01",
    )
    workplace.records.write(year, SURVEY_ANSWERS.name, SURVEY_ANSWERS.conform(rows))
    remember(workplace, year, SURVEY_ANSWERS.name, {"year": (f"{len(rows)}", len(rows))})
