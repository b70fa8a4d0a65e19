"""A municipality with two schools and the rows of the cycle's tables that documents are made of."""

from datetime import UTC, date, datetime
from io import BytesIO

from docx import Document

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.kinds import BUILDERS
from oko_pipeline.reporting.word.render import Stamp, render_note
from tests.unit.reporting.frames import filled

YEAR = "2024-2025"
NBSP = "\u00a0"
SCHOOLS = {"edu1": "Школа № 1", "edu2": "Школа № 2"}


def data_of(kind, **tables):
    """Return the data of a kind with the given rows by table; the school year is put into each row."""
    schools = [{"school_code": code, "school_name": name, "municipality_code": "m1"} for code, name in SCHOOLS.items()]
    rows = {"schools": schools, "municipalities": [{"municipality_code": "m1", "municipality_name": "Район"}]} | tables
    names = {"schools", "municipalities", *document_kinds()[kind].tables}
    if document_kinds()[kind].names:
        names.add("documents")
    frames = {name: filled(name, [{"school_year": YEAR} | row for row in rows.get(name, ())]) for name in names}
    return CycleData(YEAR, frames)


def made(kind, **tables):
    """Return the contexts that a kind's builder makes, by unit."""
    return {one.unit_code: one.context for one in BUILDERS[kind](data_of(kind, **tables))}


def words_of(kind, context):
    """Return the texts of a rendered document: its paragraphs, then the cells of its tables."""
    stamp = Stamp(datetime(2025, 6, 20, 9, 0, tzinfo=UTC), "1.0")
    document = Document(BytesIO(render_note(kind, context, stamp)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in document.paragraphs if paragraph.text] + cells


def cells_of(section, table=0):
    """Return the cells of a section's table, row by row."""
    return [row["cells"] for row in section["tables"][table]["rows"]]


def criterion(number, unit, **values):
    level = "school" if unit.startswith("edu") else "municipality"
    return {
        "unit_level": level, "unit_code": unit, "criterion": number, "criterion_title": f"Есть критерий {number}",
        "is_negative": number in (10, 17), "answer": "1", "has_document": True, "facts": "записей: 3", "is_met": True,
        "verdict": "confirmed", "assessed_on": date(2025, 5, 12),
    } | values  # fmt: skip


def duty(duty_id, unit, state, **values):
    level = "school" if unit.startswith("edu") else "municipality"
    return {
        "duty_id": f"modern:{duty_id}", "unit_level": level, "unit_code": unit, "programme": "modern",
        "section": "governance", "direction": "cross", "state": state, "due_on": date(2025, 9, 30),
    } | values  # fmt: skip


def level_of(duty_id, title, **values):
    return {
        "duty_id": f"modern:{duty_id}", "municipality_code": "m1", "programme": "modern", "title": title,
        "term": "сентябрь 2025 года", "responsible": "орган управления", "municipal_state": "done", "schools_count": 2,
        "schools_done_count": 1, "schools_partly_count": 1, "schools_overdue_count": 0,
        "schools_not_applicable_count": 0,
    } | values  # fmt: skip


def advice(number, unit, state="proposed", **values):
    level = "school" if unit.startswith("edu") else "municipality"
    return {
        "unit_level": level, "unit_code": unit, "recommendation_id": f"R2025-{number}", "direction": "attainment",
        "addressee": "heads", "responsible_role": "school_head", "title_ru": f"Дело {number}", "state": state,
        "text_ru": f"Сделать дело {number}: доля 12,5{NBSP}%.", "basis_ru": f"Доля 12,5{NBSP}% из 40.", "urgency": 2,
        "due_on": date(2025, 10, 20), "strength": "strong", "is_held_back": False,
    } | values  # fmt: skip


def finding(number, unit, **values):
    level = "school" if unit.startswith("edu") else "municipality"
    return {
        "unit_level": level, "unit_code": unit, "finding_id": f"F2025-{number}", "direction": "attainment",
        "text_ru": f"Вывод {number}: доля 12,5{NBSP}%.", "refutation_ru": "Вывод опровергнет новая работа.",
        "strength": "strong", "n_count": 40,
    } | values  # fmt: skip


def effect(number, owner, **values):
    level = "school" if owner.startswith("edu") else "municipality"
    return {
        "measure_id": f"{owner}:М-{number}", "indicator_code": "attainment.vpr_good_share", "owner_level": level,
        "owner_code": owner, "measure_number": f"М-{number}", "title": f"Мера {number}", "unit_ru": "%",
        "schools_count": 4, "used_schools_count": 3, "before_value": 40.0, "after_value": 55.0, "change_value": 15.0,
        "comparison_change": 2.0, "effect": 13.0, "effect_low": 5.0, "effect_high": 21.0, "verdict": "effective",
        "is_harmful": False, "reason_ru": "Действенна: эффект +13,0.", "proposed_decision": "continue",
    } | values  # fmt: skip


_MEASURED = ("before_value", "after_value", "change_value", "comparison_change", "effect", "effect_low", "effect_high")
UNKNOWN_EFFECT = dict.fromkeys((*_MEASURED, "unit_ru")) | {
    "verdict": "not_enough_data", "proposed_decision": "gather_data", "used_schools_count": 0,
    "reason_ru": "Нельзя сказать: мера не проведена.",
}  # fmt: skip


def conclusion(number, owner, kind, action, **values):
    level = "school" if owner.startswith("edu") else "municipality"
    return {
        "conclusion_id": f"c{number}", "owner_level": level, "owner_code": owner, "kind": kind, "action": action,
        "direction": "attainment", "title": f"Предмет {number}", "text_ru": f"Основание {number}.",
        "is_persons_word": False,
    } | values  # fmt: skip
