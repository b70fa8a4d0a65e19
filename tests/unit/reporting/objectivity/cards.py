"""Municipalities with cards, signs and signals of objectivity in the contracts."""

from datetime import UTC, datetime
from io import BytesIO

from docx import Document

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.kinds import BUILDERS
from oko_pipeline.reporting.word.accessibility import accessibility_faults
from oko_pipeline.reporting.word.read_back import ReadBackOptions, charts_agree, read_back, reader_of, requery
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.templates import template_bytes
from tests.unit.reporting.frames import filled

YEAR, BEFORE = "2024-2025", "2023-2024"
STAMP = Stamp(datetime(2025, 6, 20, 9, 0, tzinfo=UTC), "1.0")
SCHOOLS = {"edu1": "Школа № 1", "edu2": "Школа № 2", "edu3": "Школа № 3"}


def data_of(kind, schools=None, **tables):
    """Return the data of a kind with the given rows by table; the school year is put into each row."""
    named = schools or dict.fromkeys(SCHOOLS, "m1")
    rows = {
        "schools": [
            {"school_code": code, "school_name": SCHOOLS[code], "municipality_code": place}
            for code, place in named.items()
        ],
        "municipalities": [
            {"municipality_code": code, "municipality_name": f"Район {code}"} for code in sorted(set(named.values()))
        ],
    } | tables
    names = {"schools", "municipalities", *document_kinds()[kind].tables}
    frames = {name: filled(name, [{"school_year": YEAR} | row for row in rows.get(name, ())]) for name in names}
    return CycleData(YEAR, frames)


def made(data, kind):
    """Return the contexts of a kind by unit."""
    return {one.unit_code: one.context for one in BUILDERS[kind](data)}


def proven(data, kind):
    """Render the documents of a kind, prove every number, and return their words by unit."""
    words = {}
    for unit, context in made(data, kind).items():
        content = render_note(kind, context, STAMP)
        printed = read_back(content, context["figures"], ReadBackOptions(template_bytes(kind, None)[1]))
        assert printed.faults == ()
        assert requery(context["figures"], reader_of(data)).faults == ()
        assert charts_agree(content, context).faults == ()
        assert accessibility_faults(content) == []
        document = Document(BytesIO(content))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        words[unit] = [paragraph.text for paragraph in document.paragraphs if paragraph.text] + cells
    return words


def card(school, level="нет признаков", **more):
    return {
        "school_code": school,
        "evidence_level": level,
        "basis_ru": "Основание",
        "official_signs_count": 0,
        "official_computed_count": 6,
        "signals_count": 0,
        "signals_computed_count": 9,
        "families_count": 0,
        "years": YEAR,
        "participants_count": 120,
        "size_tier": "ge50",
        "wording_ru": "Признаки не доказывают искажения.",
    } | more


def sign(school, number, state="sign", **more):
    kinds = {1: "high_mean", 4: "high_mean", 7: "journal_mismatch", 11: "cohort_rise"}
    titles = {
        1: "Завышенный средний балл: ВПР, 4 класс, русский язык",
        4: "Завышенный средний балл: ВПР, 5 класс, математика",
        7: "Несоответствие ВПР и школьных отметок: 4 класс, русский язык",
        11: "Резкое возрастание результатов когорты с 4 по 5 класс: русский язык",
    }
    values = (
        {"value": 15.2, "threshold": 14.1, "school_mean": 17.3, "reference_mean": 13.6}
        if kinds[number] == "high_mean"
        else {}
    )
    return (
        {
            "school_code": school,
            "sign_number": number,
            "sign_kind": kinds[number],
            "sign_title_ru": titles[number],
            "state": state,
            "count": 24,
            "reference_count": 800,
        }
        | (values if state in ("sign", "no_sign") else {})
        | more
    )


def signal(school, code, state="signal", assessment="vpr-2025-spring:6:geography:base", **more):
    families = {
        "journal_higher": "journal",
        "absence": "attendance",
        "narrow_spread": "spread",
        "external_list": "lists",
    }
    numbers = {"value": 0.4, "reference_value": 0.05, "q_value": 0.03} if state == "signal" else {}
    return (
        {
            "school_code": school,
            "assessment_id": assessment,
            "signal_code": code,
            "family": families[code],
            "state": state,
            "count": 30,
            "peers_kind": "region",
            "peers_count": 28,
        }
        | numbers
        | more
    )
