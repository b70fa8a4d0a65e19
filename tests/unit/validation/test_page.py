"""The quality page: is the year blocked, why, what to do first; no text of a file can break out of it."""

from html.parser import HTMLParser

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import QUALITY_FINDINGS, QUALITY_RESULTS
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.validation.page import PageTables, quality_page

MATHS = "vpr-2021-spring:4:mathematics:base"
RUSSIAN = "vpr-2021-spring:4:russian:base"


class Text(HTMLParser):
    """Collects the visible text and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)


def told(page: str) -> str:
    parser = Text()
    parser.feed(page)
    assert parser.open == []
    return " ".join(" ".join(parser.words).replace("\xa0", " ").split())


def results(*rows: dict) -> pd.DataFrame:
    base = {
        "school_year": "2020-2021", "run_id": "r", "checked_at": "2021-06-30T09:05:00+00:00", "suite": "works",
        "table_name": "works", "expectation": "a", "title_ru": "Участник записан один раз", "is_passed": True,
        "is_blocking": True, "severity": "error", "checked_count": 100, "unexpected_count": 5,
        "observed": "5 нарушений из 100 строк",
    }  # fmt: skip
    return QUALITY_RESULTS.conform(pd.DataFrame([base | row for row in rows]))


def findings(*found: QualityFinding) -> pd.DataFrame:
    return findings_frame(found, "2020-2021", "year")


def mismatch(row: int, school: str = "edu990001") -> QualityFinding:
    return QualityFinding(
        "work.sum_mismatch", f"Итог {row}, а сумма другая.", "2021/МА.xlsx", "f", "Sheet", row, 8, school_code=school
    )


def test_a_blocked_year_says_why_and_what_happens_next() -> None:
    text = told(quality_page("2020-2021", results({"is_passed": False}), findings()))
    assert "Качество данных, 2020-2021 учебный год" in text
    assert "Год заблокирован: отчёты не выпускаются" in text
    assert "Участник записан один раз — Работы участников: 5 нарушений из 100 строк." in text
    assert "при следующем запуске год проверится заново" in text
    assert "можно выпускать" not in text


def test_a_reason_without_observation_has_no_empty_place() -> None:
    made = results({"is_passed": False, "observed": None, "table_name": "schools"})
    assert "Участник записан один раз — Образовательные организации." in told(
        quality_page("2020-2021", made, findings())
    )


def test_a_year_with_warnings_is_not_blocked() -> None:
    rows = ({}, {"expectation": "b", "is_passed": False, "is_blocking": False, "severity": "warning"})
    documents = PageTables(documents=pd.DataFrame({"document_id": ["1", "2"]}))
    text = told(quality_page("2020-2021", results(*rows), findings(), documents))
    assert "Год не заблокирован" in text
    assert "которые только предупреждают: 1." in text
    assert "Выпущено: 2 документа." in text
    assert "Ничего исправлять не нужно." in text
    assert "Замечаний нет." in text


def test_a_year_that_was_not_checked_does_not_look_sound() -> None:
    text = told(quality_page("2020-2021", QUALITY_RESULTS.empty(), QUALITY_FINDINGS.empty()))
    assert "Год ещё не проверен" in text
    assert "можно выпускать" not in text


def test_a_later_run_heals_the_page() -> None:
    before = {"is_passed": False}
    after = {"run_id": "s", "checked_at": "2021-07-01T00:00:00+00:00"}
    assert "Год не заблокирован" in told(quality_page("2020-2021", results(before, after), findings()))


def test_suites_of_different_runs_are_shown_together() -> None:
    other = {"run_id": "s", "checked_at": "2021-07-01T00:00:00+00:00", "suite": "tasks", "table_name": "tasks"}
    text = told(quality_page("2020-2021", results({"is_passed": False}, other), findings()))
    assert "Год заблокирован" in text
    assert "Проверок: 2, не выполнено: 1" in text


def test_first_steps_put_errors_before_frequent_warnings_and_leave_notes_out() -> None:
    error = QualityFinding("work.total_over_maximum", "Итог 55.", school_code="edu990001")
    note = QualityFinding("work.equal_totals", "Равные итоги.")
    page = quality_page("2020-2021", results({}), findings(*(mismatch(row) for row in range(5)), error, note))
    steps = page[page.index('<ol class="steps">') : page.index("</ol>")]
    assert steps.index("Итоговый балл больше максимального") < steps.index("Сумма баллов за задания")
    assert "5 замечаний, 1 ОО" in steps
    assert "Сверьте баллы за задания" in steps
    assert "одинаковый итоговый балл" not in steps
    assert "одинаковый итоговый балл" in page
    assert "1 ошибка 5 предупреждений 1 к сведению" in told(page)


def test_a_rule_shows_examples_with_their_cells_and_how_many_more() -> None:
    text = told(quality_page("2020-2021", results({}), findings(*(mismatch(row) for row in range(2, 7)))))
    assert "Итог 2, а сумма другая. 2021/МА.xlsx, Sheet, I2" in text
    assert "и ещё 2" in text
    row_only = QualityFinding("work.duplicate", "Повтор.", "МА.xlsx", "f", "Sheet", 7)
    assert "МА.xlsx, Sheet, строка 7" in told(quality_page("2020-2021", results({}), findings(row_only)))


def test_refused_files_are_listed_with_the_reason() -> None:
    files = pd.DataFrame(
        {"path": ["б.xlsx", "а.xlsx", "в.xlsx"], "status": ["unknown", "refused", "accepted"]}, dtype="str"
    )
    said = QualityFinding("file.encrypted", "Книга защищена паролем.", "а.xlsx", "f")
    text = told(quality_page("2020-2021", results({}), findings(said), PageTables(files=files)))
    assert "а.xlsx отвергнут Книга защищена паролем." in text
    assert "б.xlsx форма не распознана —" in text
    assert "в.xlsx" not in text


def test_gaps_of_coverage_name_work_and_schools() -> None:
    coverage = pd.DataFrame(
        {
            "assessment_id": [RUSSIAN, RUSSIAN, MATHS, MATHS],
            "school_code": ["edu990002", "edu990001", "edu990003", "edu990004"],
            "state": ["missing", "missing", "missing", "written"],
            "is_expected": pd.array([True, True, pd.NA, True], dtype="boolean"),
        }
    )
    schools = pd.DataFrame({"school_code": ["edu990001"], "school_name": ["СОШ № 1"]})
    text = told(quality_page("2020-2021", results({}), findings(), PageTables(coverage=coverage, schools=schools)))
    assert "Русский язык, 4 класс, весна 2021 2 ОО СОШ № 1, edu990002" in text
    assert "Математика, 4 класс" not in text
    sound = PageTables(coverage=coverage.iloc[2:])
    assert "Обязательные работы есть у всех ОО" in told(quality_page("2020-2021", results({}), findings(), sound))


def test_text_of_files_cannot_break_out_of_the_page() -> None:
    evil = "<script>alert(1)</script>"
    found = QualityFinding("work.sum_mismatch", evil, f'{evil}".xlsx', "f", evil, 2, 3)
    files = pd.DataFrame({"path": [evil], "status": ["refused"]}, dtype="str")
    page = quality_page(
        "2020-2021", results({"observed": evil, "is_passed": False}), findings(found), PageTables(files)
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("made_at", "printed"),
    [
        ("2021-06-30T09:05:00+00:00", "Проверено: 30.06.2021 09:05 (UTC)"),
        ("2021-06-30T09:05:00", "Проверено: 30.06.2021 09:05"),
        ("вчера", "Проверено: вчера"),
    ],
)
def test_the_time_of_the_check_is_readable(made_at, printed) -> None:
    assert printed in told(quality_page("2020-2021", results({}), findings(), made_at=made_at))


def test_the_page_is_self_contained_and_says_its_language() -> None:
    page = quality_page("2020-2021", results({}), findings(mismatch(2)))
    assert '<html lang="ru">' in page
    assert "http" not in page
    assert "src=" not in page
    assert page.count('scope="col"') >= 4
