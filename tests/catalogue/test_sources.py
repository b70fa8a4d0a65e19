"""Every kind of data that the programmes need has a way in, worked out from what really exists."""

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.sources import (
    covered_kinds,
    due_of,
    needed_kinds,
    read_source_kinds,
    register_needs,
    source_kinds,
    users_of,
    ways_in,
)
from oko_pipeline.cli.app import app
from oko_pipeline.errors import CatalogueError
from oko_pipeline.orchestration.sources_page import print_sources, source_parts, sources_page

REGISTER = Path(__file__).parents[3] / "shared" / "mission" / "register.csv"

ONE_KIND = """kinds:
  - slug: textbooks
    title_ru: Учебники
    origin_ru: ОО
    forms: [resources]
    privacy: open
    without_ru: Нет анализа
    serves_ru: Обеспеченность
"""


def test_every_needed_kind_has_an_open_way_in():
    missing = [slug for slug in needed_kinds() if slug not in covered_kinds(source_parts())]
    assert (len(needed_kinds()), missing) == (80, [])


def test_the_catalogue_describes_exactly_the_kinds_that_the_register_needs():
    assert set(source_kinds()) == set(needed_kinds())


def test_no_way_in_names_what_does_not_exist():
    parts = source_parts()
    closed = [
        f"{kind.slug}: {way.obstacle_ru}"
        for kind in source_kinds().values()
        for way in ways_in(kind, parts)
        if not way.is_open
    ]
    assert closed == []


@pytest.mark.parametrize(("layout", "slug"), [("essay_protocol", "essay11"), ("survey_answers", "survey_heads")])
def test_a_missing_layout_closes_its_way(layout, slug):
    parts = source_parts()
    without = replace(parts, layouts=parts.layouts - {layout})
    assert layout in {way.code for way in covered_kinds(parts)[slug]}
    assert layout not in {way.code for way in covered_kinds(without).get(slug, ())}


def test_a_kind_whose_only_form_is_missing_is_not_covered():
    parts = source_parts()
    without = replace(parts, forms={code: form for code, form in parts.forms.items() if code != "resources"})
    assert set(covered_kinds(parts)) - set(covered_kinds(without)) == {"textbooks", "partnerships"}


def test_a_kind_whose_only_table_is_missing_is_not_covered():
    parts = source_parts()
    without = replace(parts, tables=parts.tables - {"textbooks"})
    assert set(covered_kinds(parts)) - set(covered_kinds(without)) == {"textbooks"}


def test_a_form_that_nothing_reads_is_no_way_in():
    parts = source_parts()
    without = replace(parts, layouts=parts.layouts - {"record_form"})
    assert "decisions" not in covered_kinds(without)
    assert "noko" in covered_kinds(without)
    without = replace(parts, layouts=parts.layouts - {"record_export"})
    assert "noko" not in covered_kinds(without)


def test_a_survey_without_its_questionnaire_is_not_covered():
    parts = source_parts()
    without = replace(parts, questionnaires={c: k for c, k in parts.questionnaires.items() if c != "employers"})
    assert set(covered_kinds(parts)) - set(covered_kinds(without)) == {"survey_employers"}


def test_each_register_is_named_by_its_kinds():
    named = {(slug, table) for slug, ways in covered_kinds(source_parts()).items() for w in ways for table in w.tables}
    lost = [
        f"{table.name}: {slug}"
        for table in record_tables().values()
        for slug in table.kinds
        if (slug, table.name) not in named
    ]
    assert lost == []


def test_kinds_with_rows_about_people_say_so():
    restricted = {table.name for table in record_tables().values() if table.person or table.is_confidential}
    silent = [
        kind.slug
        for kind in source_kinds().values()
        for way in ways_in(kind, source_parts())
        if restricted & set(way.tables) and kind.privacy not in {"pupils", "staff"}
    ]
    assert silent == []


def test_every_kind_has_a_term():
    assert [slug for slug, kind in source_kinds().items() if due_of(kind) is None] == []


def test_a_form_gives_its_term_to_a_kind_without_one():
    assert due_of(source_kinds()["partnerships"]) == "04-20"
    assert due_of(source_kinds()["textbooks"]) == "09-25"
    assert due_of(source_kinds()["vpr"]) == "schedule"


def test_users_are_counted_by_direction_with_the_greatest_first():
    users = users_of("partnerships")
    assert sum(users.values()) == sum("partnerships" in need.needs for need in register_needs())
    assert next(iter(users)) == "career"
    assert list(users.values()) == sorted(users.values(), reverse=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ONE_KIND.replace("forms: [resources]", "forms: []"), "не назван ни один путь"),
        (ONE_KIND.replace("forms: [resources]", "layouts: {raw_2021: []}"), "не названы таблицы"),
        (ONE_KIND.replace("privacy: open", "privacy: secret"), "строка 6, поле kinds.0.privacy"),
        (ONE_KIND.replace("privacy: open", 'privacy: open\n    due: "1 мая"'), "строка 7, поле kinds.0.due"),
        (ONE_KIND.replace("title_ru", "titel_ru", 1), "kinds.0.titel_ru"),
        (ONE_KIND + ONE_KIND.removeprefix("kinds:\n"), "повторены: ['textbooks']"),
    ],
)
def test_faults_of_the_file_are_told_with_line_and_field(text, told):
    with pytest.raises(CatalogueError) as error:
        read_source_kinds({"sources.yaml": text})
    assert told in str(error.value)


def test_oko_sources_ends_with_the_line_of_coverage():
    result = CliRunner().invoke(app, ["sources"])
    assert result.exit_code == 0
    assert result.output.rstrip().splitlines()[-1] == "covered 80 of 80"


def test_the_printed_table_names_what_is_missing(monkeypatch):
    parts = source_parts()
    without = replace(parts, layouts=parts.layouts - {"survey_answers"})
    monkeypatch.setattr("oko_pipeline.orchestration.sources_page.source_parts", lambda: without)
    console = Console(file=StringIO(), width=200)
    assert not print_sources(console)
    printed = console.file.getvalue()
    assert "Путь закрыт: Опрос педагогов — нет раскладки survey_answers." in printed
    assert "Нет пути: Опрос педагогов." in printed
    assert printed.rstrip().endswith("covered 75 of 80")


def test_the_page_has_a_line_for_each_kind_with_its_form_and_users():
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in sources_page().splitlines() if " | " in line}
    assert set(lines) >= {kind.title_ru for kind in source_kinds().values()}
    row = next(line for line in sources_page().splitlines() if line.startswith("| Партнёрства и сетевое"))
    assert "форма: Партнёрства, бюджет, учебники" in row
    assert "partnerships" in row
    assert "24\u00a0строки: профориентация 14" in row


@pytest.mark.real
@pytest.mark.skipif(not REGISTER.is_file(), reason="реестр обязанностей лежит рядом с репозиторием не на всех машинах")
def test_the_needs_are_those_of_the_mission_register():
    with REGISTER.open(encoding="utf-8", newline="") as file:
        rows = [(r["id"], r["direction"], r["kind"], tuple(r["needs"].split(";"))) for r in csv.DictReader(file)]
    assert [(n.duty_id, n.direction, n.kind, n.needs) for n in register_needs()] == rows
