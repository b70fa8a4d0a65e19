"""What the graph shows of issued documents: how many changed, what changed in which, links to the page."""

import gzip
from dataclasses import replace

import pandas as pd
import pytest

from assets.documents import write_documents
from assets.issue_metadata import _told, issue_metadata, issue_version, page_address
from assets.kept_figures import figures_path
from assets.metadata import Link, markdown_table, severity_counts, territory_results
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.tables import MUNICIPALITIES, QUALITY_FINDINGS, SCHOOLS
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
KIND = document_kinds()["quality_letter"]


@pytest.fixture
def office(tmp_path):
    office = open_workplace(Settings.load(home=tmp_path, workers=1, page_url="https://oko.example/"))
    schools = [
        {"school_year": YEAR, "school_code": code, "municipality_code": "m1", "school_name": f"Школа {code}"}
        for code in ("edu101", "edu102")
    ]
    office.database.append(SCHOOLS, filled("schools", schools))
    district = [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Район"}]
    office.database.append(MUNICIPALITIES, filled("municipalities", district))
    yield office
    office.close()


def shown(office, *found):
    """Let rows (school, row of its file) have remarks; return what the graph shows of the letters about them."""
    rows = [
        {
            "school_year": YEAR, "finding_id": f"{school}-{row}", "severity": "warning", "rule_id": "work.sum_mismatch",
            "file_path": f"ВПР/{school}.xlsx", "file_sha256": "0" * 64, "sheet": "Протокол", "row": row, "column": "N",
            "cell": f"N{row}", "message": f"Итог {row}, а сумма 1.", "mend": "Сверьте.", "school_code": school,
        }
        for school, row in found
    ]  # fmt: skip
    office.database.replace(QUALITY_FINDINGS, filled("quality_findings", rows), {"school_year": YEAR})
    return issue_metadata(office, YEAR, {KIND.kind: write_documents(office, YEAR, KIND)})


def test_a_first_issue_changed_nothing_and_each_document_is_linked_to_its_page(office):
    told = shown(office, ("edu101", 17), ("edu102", 5))
    assert [told[name] for name in ("dagster/row_count", "написано", "изменилось документов")] == [2, 2, 0]
    assert "прежнее" in told["что изменилось"].value
    link = f"[edu101 {KIND.title_ru}](https://oko.example/documents/{YEAR}/quality_letter:edu101)"
    assert link in told["документы"].value


def test_a_correction_is_told_by_document_with_its_numbers(office):
    shown(office, ("edu101", 17), ("edu101", 18), ("edu102", 5))
    before = issue_version(office, YEAR, [KIND.kind])
    told = shown(office, ("edu101", 17), ("edu102", 5))
    names = ("написано", "без изменений", "изменилось документов", "изменилось чисел")
    assert [told[name] for name in names] == [1, 1, 1, 2]
    table = told["что изменилось"].value
    assert "2 → 1" in table
    assert "/quality_letter:edu101)" in table
    assert "edu102" not in table
    assert issue_version(office, YEAR, [KIND.kind]) != before


def test_nothing_written_is_told_so(office):
    shown(office, ("edu101", 17))
    told = shown(office, ("edu101", 17))
    assert (told["написано"], told["изменилось чисел"]) == (0, 0)


def test_of_a_document_with_codes_of_people_no_change_is_told_beside_it(office):
    changes = filled("document_changes", [{"place": "участник 0a1b", "was": "2", "became": "3"}])
    row = {"school_year": YEAR, "document_id": "x", "is_restricted": False}
    assert _told(changes, row, office) == "участник 0a1b: 2 → 3"
    assert _told(changes, row | {"is_restricted": True}, office) == "в документе"


def test_a_document_whose_numbers_are_not_kept_is_not_called_changed_in_words_alone(office):
    row = {"school_year": YEAR, "document_id": "x", "is_restricted": False}
    assert _told(None, row, office) == "числа не сличаются"
    office.reports.write(figures_path(YEAR, "x"), gzip.compress(b'{"now": [], "before": []}'))
    assert _told(None, row, office) == "только текст"


def test_without_a_page_there_are_no_links_and_ids_are_quoted(office):
    assert page_address(None, YEAR, "x") is None
    assert page_address("https://oko.example", YEAR, "карта (1)").endswith("/%D0%BA%D0%B0%D1%80%D1%82%D0%B0%20%281%29")
    without = replace(office, settings=Settings.load(home=office.settings.home, workers=1))
    assert "http" not in shown(without, ("edu101", 17))["документы"].value


def test_a_link_is_never_cut_and_its_text_is_no_markup():
    address = f"https://oko.example/{'a' * 300}"
    table = markdown_table(pd.DataFrame({"документ": [Link("о](http://evil)", address)]}))
    assert f"[о\\](http://evil)]({address})" in table


def test_key_numbers_are_numbers_so_that_the_ui_draws_their_trend():
    rows = [{"severity": "error"}, {"severity": "warning"}, {"severity": "error"}]
    assert severity_counts(pd.DataFrame(rows)) == {"ошибок": 2, "предупреждений": 1, "к сведению": 0}
    work = {
        "assessment_id": "x",
        "participants_count": 30,
        "absent_count": 2,
        "mark_2_count": 3,
        "mark_3_count": 17,
        "mark_4_count": 10,
    }
    unmarked = {"participants_count": 5, "absent_count": 0, "assessment_id": "y"}
    summary = filled(
        "result_summary",
        [work | {"subgroup": "all", "mark_5_count": 0}, unmarked | {"subgroup": "all"}, work | {"subgroup": "sex:м"}],
    )
    told = territory_results(summary)
    assert told == {"работ": 2, "участий": 35, "отсутствовали": 2, "доля «2», %": 10.0}
    assert "доля «2», %" not in territory_results(summary.iloc[1:2])
    assert territory_results(summary.iloc[:0])["участий"] == 0
