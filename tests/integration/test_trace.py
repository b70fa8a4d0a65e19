"""`oko trace`: random sentences of every kind of document, ids and rows of the cycle end at cells of files."""

import gzip
import io
import json
import random
import re

import docx
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from assets.kept_figures import figures_path
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import DOCUMENTS, RESULT_SUMMARY
from oko_pipeline.cli.app import app
from oko_pipeline.errors import OkoError
from oko_pipeline.orchestration import trace_index, trace_text
from oko_pipeline.orchestration.trace import trace
from oko_pipeline.orchestration.trace_text import figures, passages
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.integration.conftest import YEAR, set_environment

PSEUDONYM = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")  # a fingerprint of a file has 64
KINDS = ("municipality_note", "school_note", "annotated_workbook")


@pytest.fixture(scope="module")
def year(first_run):
    """Return the settings and the documents of the first run with their paths."""
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        settings = Settings.load(home=first_run[0])
    workplace = open_workplace(settings)
    documents = workplace.database.read(DOCUMENTS, {"school_year": YEAR})
    summary = workplace.database.read(RESULT_SUMMARY, {"school_year": YEAR})
    workplace.close()
    return settings, documents, summary


def sentences(settings, path):
    """Return the sentences of a document that have a number; rows of tables whole."""
    stores = (settings.reports_folder, settings.restricted_folder / "documents")
    (content,) = [(store / path).read_bytes() for store in stores if (store / path).is_file()]
    found = []
    for passage in passages(content, path):
        parts = [passage.text] if passage.cells else re.split(r"(?<=[а-я)]\.) (?=[А-Я])", passage.text)
        is_told = not passage.text.startswith(("Рисунок", "Таблица", "2020/2021", "ВПР"))
        found += [part for part in parts if is_told and len(part) > 25 and figures(part)]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_random_sentence_of_every_kind_of_document_ends_at_cells_of_files(year, kind):
    settings, documents, _ = year
    chance = random.Random(kind)  # noqa: S311 (a choice of examples)
    paths = documents.loc[documents["kind"] == kind, "path"].tolist()
    for path in chance.sample(paths, min(2, len(paths))):
        told = sentences(settings, path)
        assert told, path
        for sentence in chance.sample(told, min(4, len(told))):
            node = trace(settings, sentence, YEAR)
            lines = node.lines()
            assert node.reaches_cells(), (path, sentence, lines)
            assert any("файл " in line for line in lines), (sentence, lines)
            assert not any(PSEUDONYM.search(line) for line in lines)


def test_the_cells_of_a_number_give_that_number(year):
    """The cells under «участников» of a school in a work hold exactly that many scores."""
    settings, _, summary = year
    rows = summary[(summary["unit_level"] == "school") & (summary["subgroup"] == "all")]
    row = rows[rows["assessment_id"].str.startswith("vpr-2021-spring:5:mathematics")].iloc[0]
    lines = trace(settings, f"{row['assessment_id']}@{row['unit_code']}", YEAR).lines()
    path = next(match[1] for line in lines if (match := re.search(r"файл (.+?) \(SHA", line)))
    places = next(match for line in lines if (match := re.search(r"лист «(.+?)», столбец .+?: (.+)$", line)))
    sheet = openpyxl.load_workbook(settings.inbox_folder / path, data_only=True)[places[1]]
    values = [
        cell.value
        for part in places[2].split(", ")
        for line in (sheet[part] if ":" in part else ((sheet[part],),))
        for cell in line
    ]
    assert sum(str(value).isdigit() for value in values) == row["participants_count"]


def test_numbers_of_a_row_of_marks_lead_to_the_columns_of_their_headings(year):
    settings, documents, _ = year
    path = documents.loc[documents["kind"] == "school_note", "path"].iloc[-1]
    content = (settings.reports_folder / path).read_bytes()
    passage = next(
        one for one in passages(content, path) if "«2», %" in one.columns and len(one.cells) == len(one.columns)
    )
    lines = [line for line in trace(settings, passage.text, YEAR).lines() if "←" in line]
    columns = [match[1] for line in lines if (match := re.search(r"столбец (\w+),", line))]
    shares = [name for name in columns if name.endswith("_share")]
    assert shares == [
        "mark_2_share", "mark_3_share", "mark_4_share", "mark_5_share", "base_level_share", "good_level_share",
    ]  # fmt: skip


def test_a_document_an_indicator_and_a_work_are_found_by_their_ids(year):
    settings, documents, _ = year
    note = documents[documents["kind"] == "school_note"].iloc[0]
    for named in (note["document_id"], f"attainment.vpr_base_share@{note['unit_code']}", "attainment.vpr_base_share"):
        assert trace(settings, named, YEAR).reaches_cells(), named
    assert note["path"] in "\n".join(trace(settings, note["unit_code"], YEAR).lines())


def test_without_a_year_the_newest_year_that_has_it_is_taken(year):
    settings, documents, _ = year
    assert trace(settings, documents["document_id"].iloc[0]).reaches_cells()


def report(workplace, kind, text, taken):
    """Issue a document of a kind of its own that kept its figures, as the report assets do."""
    document = docx.Document()
    document.add_heading("Итоги", level=1)
    document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    path, document_id = f"{YEAR}/Отчёты/{kind}.docx", f"{kind}:all"
    sha = workplace.reports.write(path, stream.getvalue())
    row = dict.fromkeys(DOCUMENTS.column_names) | {
        "school_year": YEAR, "document_id": document_id, "kind": kind, "unit_level": "all", "unit_code": "all",
        "title_ru": "Отчёт", "profile": "internal", "is_restricted": False, "issue_number": 1, "path": path,
        "context_sha256": "c", "file_sha256": sha, "rendered_at": "2021-06-01T00:00:00Z", "code_version": "1",
        "inputs": "[]",
    }  # fmt: skip
    workplace.database.replace(DOCUMENTS, pd.DataFrame([row]), {"school_year": YEAR, "document_id": document_id})
    if taken:
        kept = gzip.compress(json.dumps({"now": taken, "before": None}).encode())
        workplace.reports.write(figures_path(YEAR, document_id), kept)
    return document_id


def taken(table, row, column, text):
    key = {name: row[name] for name in all_tables()[table].key}
    return {"text": text, "op": "value", "table": table, "key": key, "column": column, "form": "whole", "digits": 0}


def test_a_document_of_any_kind_is_traced_by_the_figures_that_it_kept(installation):
    workplace = open_workplace(installation)
    rows = workplace.database.read(RESULT_SUMMARY, {"school_year": YEAR, "unit_level": "school", "subgroup": "all"})
    own, other = rows.iloc[0].to_dict(), rows.iloc[5].to_dict()
    first, second = (int(row["participants_count"]) for row in (own, other))
    told = [
        taken("result_summary", other, "participants_count", str(first)),
        taken("result_summary", own, "participants_count", str(first)),
        taken("result_summary", other, "participants_count", str(second)),
    ]
    text = f"Писали работу {first} участников и ещё {second} участников другой ОО."
    named = report(workplace, "cycle_report", text, told)
    workplace.close()
    lines = trace(installation, text, YEAR).lines()
    places = [line for line in lines if "[result_summary" in line]
    assert own["unit_code"] in places[0]
    assert other["unit_code"] in places[1]
    assert any("столбец participants_count" in line for line in lines)
    for what in (text, named):
        assert trace(installation, what, YEAR).reaches_cells(), what


def test_a_document_without_figures_names_the_tables_of_its_kind(installation):
    workplace = open_workplace(installation)
    text = "В этом отчёте сказано, что всё идёт по плану работы."
    report(workplace, "an_unknown_kind", text, [])
    workplace.close()
    assert "нет записи о числах" in "\n".join(trace(installation, text, YEAR).lines())


def test_a_search_opens_only_what_may_hold_the_sentence(installation, monkeypatch):
    workplace = open_workplace(installation)
    text = "Единственная фраза про зимнюю школу юных математиков."
    report(workplace, "an_unknown_kind", text, [])
    workplace.close()
    trace(installation, text, YEAR)
    opened = []
    monkeypatch.setattr(trace_text, "passages", lambda content, path: opened.append(path) or passages(content, path))
    read_again = []
    monkeypatch.setattr(trace_index, "document_words", lambda path: read_again.append(path) or "")
    trace(installation, text, YEAR)
    assert [path.rpartition("/")[2] for path in opened] == ["an_unknown_kind.docx"]
    assert read_again == []
    with pytest.raises(OkoError, match="не найдено"):
        trace(installation, text, YEAR, {"kind": "school_note"})
    assert len(opened) == 1


def test_a_document_that_was_issued_anew_is_found_by_its_new_words(installation):
    workplace = open_workplace(installation)
    report(workplace, "an_unknown_kind", "Прежняя фраза про летнюю школу.", [])
    trace(installation, "Прежняя фраза про летнюю школу.", YEAR)
    report(workplace, "an_unknown_kind", "Новая фраза про осеннюю школу.", [])
    workplace.close()
    assert trace(installation, "Новая фраза про осеннюю школу.", YEAR)
    with pytest.raises(OkoError, match="не найдено"):
        trace(installation, "Прежняя фраза про летнюю школу.", YEAR)


@pytest.mark.parametrize("what", ["нет-такого", "Такого предложения с числом 17 нет ни в одном документе.", "@", "а б"])
def test_what_is_unknown_is_told_clearly(year, what):
    with pytest.raises(OkoError, match="не найдено") as told:
        trace(year[0], what, YEAR)
    assert "предложение из документа" in str(told.value)


def test_the_command_prints_the_tree(year, monkeypatch):
    settings, documents, _ = year
    result = CliRunner().invoke(app, ["trace", documents["document_id"].iloc[0], "--home", str(settings.home)])
    assert result.exit_code == 0, result.output
    assert "Документ «" in result.output
    assert "лист «" in result.output


def put(workplace, name, **cells):
    """Add a row to a table; cells that are not given are empty, zero or false."""
    table = all_tables()[name]
    blank = {"integer": 0, "number": 0.0, "boolean": False, "json": "[]"}
    row = {
        column.name: None if column.nullable else column.allowed[0] if column.allowed else blank.get(column.type, "—")
        for column in table.columns
    }
    frame = table.conform(pd.DataFrame([row | {"school_year": YEAR} | cells]))
    workplace.database.append(table, frame)


def test_the_cycle_is_walked_back_to_cells_and_forward_to_the_effect(installation):
    workplace = open_workplace(installation)
    assessment = "vpr-2021-spring:5:mathematics:base"
    where = {"school_year": YEAR, "assessment_id": assessment, "unit_level": "school", "subgroup": "all"}
    school = workplace.database.read(RESULT_SUMMARY, where)["unit_code"].iloc[0]
    form = {"file_sha256": "f" * 64, "source_sheet": "Меры", "source_row": 7, "school_code": school}
    evidence = [[assessment, "school", school, "all"]]
    put(workplace, "findings", unit_level="school", unit_code=school, finding_id="f-1", evidence_table="result_summary",
        text_ru="Мало", evidence=json.dumps([dict(zip(RESULT_SUMMARY.key[1:], evidence[0], strict=True))]))  # fmt: skip
    put(workplace, "recommendations", unit_level="school", unit_code=school, recommendation_id="r-1",
        text_ru="Помочь", finding_ids='["f-1"]')  # fmt: skip
    put(workplace, "decisions", record_id="d-1", decision_number="ПР-5", title="О помощи", **form)
    put(workplace, "measures", record_id="m-1", measure_number="М-3", title="Семинар", decision_ref="ПР-5", **form)
    # A finding refers to its recommendation; a row of a register refers back to what it comes of.
    for one, other in (("finding", "recommendation"), ("decision", "recommendation"), ("measure", "decision")):
        ids = {"finding": "f-1", "recommendation": "r-1", "decision": "d-1", "measure": "m-1"}
        put(workplace, "cycle_links", from_kind=one, from_id=ids[one], from_number=ids[one], to_kind=other,
            to_id=ids[other], to_number=ids[other])  # fmt: skip
    put(workplace, "measure_effects", effect_id="e-1", measure_id=f"{school}:М-3", measure_number="М-3",
        record_ids='["m-1"]', reason_ru="Данных мало", indicator_code="—")  # fmt: skip
    workplace.close()

    forward = "\n".join(trace(installation, "f-1", YEAR).lines())
    for told in ("Мало", "Помочь", "О помощи", "Семинар", "Данных мало"):
        assert told in forward
    back = trace(installation, "М-3", YEAR)
    text = "\n".join(back.lines())
    for told in ("Семинар", "О помощи", "Помочь", "Мало", "лист «Меры», строка 7", "Математика, 5"):
        assert told in text
    assert back.reaches_cells()
