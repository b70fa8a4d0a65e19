"""The catalogue of exams: names before codes, faulty lines refused with their line, sources told apart."""

import pytest

from oko_pipeline.catalogue.exams import (
    ExamKey,
    MarkScale,
    exam_level,
    exam_paper,
    find_exam_subject,
    hundred_scales,
    load_mark_scales,
    load_minima,
    load_papers,
    load_test_scales,
    mark_scales,
    maximum_primary,
    pass_minimum,
    scale_contradictions,
    subject_by_code,
)
from oko_pipeline.errors import CatalogueError

NAMES = {
    "22 - Математика базовая 2022.06.27": ("mathematics", "base"),
    "02 - Математика профильная 2026.06.01": ("mathematics", "profile"),
    "Математика (профиль), чел.": ("mathematics", "profile"),
    "02 - Математика 2026.06.02": ("mathematics", "main"),
    "25 - Информатика и ИКТ (КЕГЭ) 2021.06.24": ("informatics", "main"),
    "ИКТ, чел.": ("informatics", "main"),
    "Английский язык п.: 2021.06.18": ("english", "main"),
    "09 - Обществознание": ("social_studies", "main"),
    "Иностранные языки, чел.": ("foreign_language", "main"),
}


@pytest.mark.parametrize("text", NAMES)
def test_subject_is_found_by_its_name(text):
    found = find_exam_subject(text)
    assert (found.subject_code, found.level) == NAMES[text]


def test_code_serves_where_there_is_no_name():
    assert subject_by_code(2).level == "profile"
    assert subject_by_code(22).level == "base"
    assert subject_by_code(47) is None
    assert find_exam_subject("Протокол проверки результатов") is None
    assert exam_level("oge", subject_by_code(22)) == "main"


def test_tables_end_at_the_maximum_of_the_paper():
    for year in (2025, 2026):
        for subject in ("russian", "physics", "chemistry", "biology", "history", "social_studies", "literature"):
            (scale,) = hundred_scales(ExamKey("ege", year, subject))
            assert scale.scores[0] == 0
            assert scale.scores[-1] == 100
    for subject in ("russian", "physics", "literature", "english"):
        key = ExamKey("ege", 2026, subject)
        assert len(hundred_scales(key)[0].scores) == exam_paper(key).maximum_score + 1


def test_gap_of_a_source_gives_no_score():
    (scale,) = hundred_scales(ExamKey("ege", 2026, "physics"))
    assert (scale.test_score(16), scale.test_score(17), scale.test_score(18)) == (51, None, 54)
    assert scale.test_score(46) is None


def test_extra_rules_lower_the_mark():
    (russian,) = mark_scales(ExamKey("oge", 2026, "russian"))
    assert [russian.lowered_mark(35, points) for points in (9, 8, 0)] == [5, 4, 4]
    assert [russian.lowered_mark(28, points) for points in (6, 5)] == [4, 3]
    assert russian.lowered_mark(16, 0) == 3
    (mathematics,) = mark_scales(ExamKey("oge", 2026, "mathematics"))
    assert [mathematics.lowered_mark(25, points) for points in (2, 1)] == [5, 2]
    assert mathematics.lowered_mark(40, 5) is None


def test_contradicting_sources_are_both_kept_and_told():
    key = ExamKey("oge", 2025, "russian")
    assert {scale.minimum_4 for scale in mark_scales(key)} == {23, 26}
    (told,) = scale_contradictions(key)
    assert "«4» с 23" in told
    assert "«4» с 26" in told
    assert scale_contradictions(ExamKey("oge", 2026, "russian")) == []
    assert scale_contradictions(ExamKey("gve9", 2023, "mathematics")) == []


def test_minimum_of_admission_is_taken_for_groups():
    assert pass_minimum(ExamKey("ege", 2026, "russian")).minimum_score == 36
    assert pass_minimum(ExamKey("oge", 2026, "russian")) is None
    assert maximum_primary(ExamKey("oge", 2026, "physics")) == 39
    assert maximum_primary(ExamKey("ege", 2019, "physics")) is None


MARK_HEAD = (
    "exam_kind,year,subject_code,level,series,maximum_score,minimum_3,minimum_4,minimum_5,"
    "extra_rule,extra_places,profile_from,source,evidence\n"
)
FAULTS = (
    (load_mark_scales, MARK_HEAD + "oge,2026,russian,main,,33,15,12,29,,,,S,S\n", "границы должны возрастать"),
    (load_mark_scales, MARK_HEAD + "oge,2026,russian,main,,33,15,23,29,rule:1,,,S,S\n", "extra_places"),
    (load_mark_scales, MARK_HEAD + "oge,2026,cooking,main,,33,15,23,29,,,,S,S\n", "нет экзамена"),
    (load_mark_scales, MARK_HEAD + "oge,2026,russian,main,,33,15,23,29,,,,,S\n", "source"),
    (load_mark_scales, MARK_HEAD + "oge,2026,russian,main,,33,15,23,29,,,,x,Z\n", "evidence"),
    (
        load_test_scales,
        "year,subject_code,level,test_scores,source,evidence\n2026,russian,main,0 5 3,x,S\n",
        "не убывать",
    ),
    (
        load_papers,
        (
            "exam_kind,year_from,year_to,subject_code,level,maximum_score,short_tasks,source,evidence\n"
            "ege,2026,2025,russian,main,50,26,x,S\n"
        ),
        "year_to",
    ),
    (
        load_minima,
        "year_from,year_to,subject_code,level,purpose,minimum_score,source,evidence\n2026,2026,russian,main,luck,1,x,S\n",
        "purpose",
    ),
)


@pytest.mark.parametrize(("load", "text", "fault"), FAULTS)
def test_faulty_line_is_refused_with_its_number(load, text, fault):
    with pytest.raises(CatalogueError, match=fault) as raised:
        load(text)
    assert "строка 2" in str(raised.value)


def test_mark_scale_gives_no_mark_outside_its_bounds():
    scale = MarkScale(10, 3, 5, 8, "", "", (), None, "x", "S")
    assert [scale.mark(score) for score in (-1, 0, 3, 5, 8, 10, 11)] == [None, 2, 3, 4, 5, 5, None]
