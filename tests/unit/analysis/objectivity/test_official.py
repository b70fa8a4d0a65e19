"""The fourteen official signs and the index: rules, guards, cohorts."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.objectivity.official import (
    EXAM_COLUMNS,
    SIGNS,
    SignInputs,
    objectivity_index,
    objectivity_signs,
)
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions
from tests.unit.analysis.objectivity.regions import (
    AUTUMN_4,
    SPRING_4,
    SPRING_5,
    YEAR,
    assessment_row,
    measures_of,
)

HIGH, LOW = [18, 19, 17, 18, 19, 18, 17, 19, 18, 20, 18, 19], [9, 12, 8, 11, 10, 13, 9, 10, 12, 11, 8, 10]
NO_EXAMS = pd.DataFrame(columns=list(EXAM_COLUMNS))


def code(number: int) -> str:
    return f"edu99{number:04d}"


def signs_of(measures: pd.DataFrame, options: ObjectivityOptions, exams: pd.DataFrame = NO_EXAMS) -> pd.DataFrame:
    assessments = pd.DataFrame(
        [
            assessment_row(SPRING_4, YEAR, grade=4, pupil_grade=4, subject="mathematics"),
            assessment_row(SPRING_5, YEAR, grade=5, pupil_grade=5, subject="mathematics"),
            assessment_row(AUTUMN_4, YEAR, grade=4, pupil_grade=5, subject="mathematics"),
            assessment_row(LAST_SPRING_4, LAST_YEAR, grade=4, pupil_grade=4, subject="mathematics"),
        ]
    )
    schools = pd.DataFrame({"school_code": sorted(set(measures["school_code"])), "region_code": "99"})
    return objectivity_signs(SignInputs(YEAR, measures, assessments, schools, exams), options)


LAST_YEAR, LAST_SPRING_4 = "2019-2020", "vpr-2020-spring:4:mathematics:base"


def one(signs: pd.DataFrame, number: int, school: int) -> pd.Series:
    return signs[(signs["sign_number"] == number) & (signs["school_code"] == code(school))].iloc[0]


def test_there_are_the_fourteen_signs_of_the_method() -> None:
    assert [sign.number for sign in sorted(SIGNS, key=lambda sign: sign.number)] == list(range(1, 15))
    titles = {sign.number: sign.title_ru for sign in SIGNS}
    assert titles[1] == "Завышенный средний балл: ВПР, 4 класс, русский язык"
    assert titles[6] == "Завышенный средний балл: ОГЭ, математика"
    assert titles[10] == "Несоответствие ВПР и школьных отметок: 5 класс, математика"
    assert titles[14] == "Резкое падение результатов когорты с 4 по 5 класс: математика"


def test_a_high_mean_is_a_sign_and_an_ordinary_one_is_none(options: ObjectivityOptions) -> None:
    schools = {code(1): HIGH} | {code(n): LOW for n in range(2, 9)}
    signs = signs_of(measures_of(schools, SPRING_4), options)
    assert (one(signs, 2, 1)["state"], one(signs, 2, 2)["state"]) == ("sign", "no_sign")
    assert one(signs, 2, 1)["value"] > one(signs, 2, 1)["threshold"]
    assert one(signs, 2, 1)["reference_count"] == 12 * 8


def test_a_mean_above_the_region_within_its_own_error_is_no_sign(options: ObjectivityOptions) -> None:
    schools = {code(1): [20, 8] * 6} | {code(n): LOW for n in range(2, 9)}
    found = one(signs_of(measures_of(schools, SPRING_4), options), 2, 1)
    assert found["school_mean"] > found["threshold"] > found["value"]
    assert found["state"] == "no_sign"


def test_few_pupils_are_insufficient_though_the_letter_of_the_rule_would_mark_them(options: ObjectivityOptions) -> None:
    schools = {code(1): [19, 18, 19]} | {code(n): LOW for n in range(2, 9)}
    found = one(signs_of(measures_of(schools, SPRING_4), options), 2, 1)
    assert (found["state"], bool(found["is_strict_sign"]), found["size_tier"]) == ("insufficient", True, "lt5")


@pytest.mark.parametrize("scores", [[20], [20, 20, 20]])
def test_one_pupil_or_no_spread_gives_no_verdict(scores: list[int], options: ObjectivityOptions) -> None:
    schools = {code(1): scores} | {code(n): LOW for n in range(2, 9)}
    found = one(signs_of(measures_of(schools, SPRING_4), options), 2, 1)
    assert found["state"] == "insufficient"
    assert pd.isna(found["is_strict_sign"])


def test_a_school_that_did_not_write_has_no_data(options: ObjectivityOptions) -> None:
    measures = pd.concat(
        [measures_of({code(1): HIGH}, SPRING_4), measures_of({code(n): LOW for n in range(2, 9)}, SPRING_5)]
    )
    signs = signs_of(measures, options)
    assert one(signs, 4, 1)["state"] == "no_data"
    assert one(signs, 1, 1)["note_ru"] == "Работа не проводилась или ОО её не писала"


@pytest.mark.parametrize(
    ("spearman", "pairs", "state"),
    [
        (-0.01, 12, "sign"),
        (0.0, 12, "no_sign"),
        (0.4, 5, "no_sign"),
        (-0.9, 4, "insufficient"),
        (np.nan, 12, "insufficient"),
    ],
)
def test_a_negative_correlation_with_the_journal_is_a_sign(
    spearman: float, pairs: int, state: str, options: ObjectivityOptions
) -> None:
    measures = measures_of({code(1): LOW}, SPRING_4).assign(
        spearman=spearman, spearman_simplified=0.25, pairs_count=pairs, journal_marks_count=2
    )
    found = one(signs_of(measures, options), 8, 1)
    assert (found["state"], found["value_simplified"]) == (state, 0.25)


def cohort(ratio: float) -> list[int]:
    return [round(10 * ratio) + shift for shift in (-1, 0, 1) * 4]


def test_a_cohort_that_falls_unlike_any_other_is_a_sign(options: ObjectivityOptions) -> None:
    """Paper 4 of autumn and paper 5 of spring of one school year are one cohort."""
    before = {code(n): cohort(1 + 0.1 * (n % 3)) for n in range(1, 12)} | {code(12): cohort(1.9)}
    after = {code(n): cohort(1.0) for n in range(1, 12)} | {code(12): cohort(0.7)}
    signs = signs_of(pd.concat([measures_of(before, AUTUMN_4), measures_of(after, SPRING_5)]), options)
    fall = one(signs, 14, 12)
    assert (fall["state"], fall["assessment_id"], fall["earlier_assessment_id"]) == ("sign", SPRING_5, AUTUMN_4)
    assert fall["value"] == pytest.approx(19 / 7, abs=0.01)
    assert one(signs, 12, 12)["state"] == "no_sign"
    assert (signs.loc[signs["sign_number"].isin([12, 14]), "state"] == "sign").sum() == 1


def test_the_cohort_of_last_spring_serves_where_the_school_wrote_nothing_in_autumn(options: ObjectivityOptions) -> None:
    autumn = measures_of({code(n): cohort(1.0) for n in range(1, 8)}, AUTUMN_4)
    spring = measures_of({code(8): cohort(1.0), code(1): cohort(1.5)}, LAST_SPRING_4, LAST_YEAR)
    after = measures_of({code(n): cohort(1.0) for n in range(1, 9)}, SPRING_5)
    signs = signs_of(pd.concat([autumn, spring, after]), options)
    assert one(signs, 14, 8)["earlier_assessment_id"] == LAST_SPRING_4
    assert one(signs, 14, 1)["earlier_assessment_id"] == AUTUMN_4


def test_exams_make_signs_five_and_six(options: ObjectivityOptions) -> None:
    rows = [(code(n), "oge", "mathematics", 40, 15.0 if n > 1 else 24.0, 4.0) for n in range(1, 9)]
    exams = pd.DataFrame(rows, columns=list(EXAM_COLUMNS))
    signs = signs_of(measures_of({code(n): LOW for n in range(1, 9)}, SPRING_4), options, exams)
    assert (one(signs, 6, 1)["state"], one(signs, 6, 2)["state"], one(signs, 5, 1)["state"]) == (
        "sign",
        "no_sign",
        "no_data",
    )


def test_the_index_is_the_share_of_schools_without_any_sign(options: ObjectivityOptions) -> None:
    schools = {code(1): HIGH, code(2): [19, 18, 19]} | {code(n): LOW for n in range(3, 11)}
    signs = signs_of(measures_of(schools, SPRING_4), options)
    registry = pd.DataFrame({"school_code": list(schools), "region_code": "99"})
    index = objectivity_index(signs, registry).set_index(["unit_level", "rule"])
    assert index.loc[("all", "guarded"), "index_value"] == pytest.approx(100 - 100 / 9)
    assert index.loc[("all", "official"), "index_value"] == pytest.approx(100 - 200 / 10)
    assert index.loc[("region", "official"), "marked_count"] == 2
    assert "5, 6" in index.loc[("all", "official"), "unknown_ru"]


def test_nothing_in_nothing_out(options: ObjectivityOptions) -> None:
    empty = measures_of({code(1): LOW}, SPRING_4).iloc[:0]
    signs = signs_of(empty, options)
    assert signs.empty
    assert objectivity_index(signs, pd.DataFrame({"school_code": [], "region_code": []})).empty


def test_schools_stand_by_code(options: ObjectivityOptions) -> None:
    signs = signs_of(measures_of({code(n): LOW if n % 2 else HIGH for n in (5, 3, 9, 1)}, SPRING_4), options)
    assert signs["school_code"].is_monotonic_increasing
