"""Names of works, subjects and of answers in registers, as documents write them."""

from datetime import date
from typing import Any

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.records import choice_lists, record_tables
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row


def answer_ru(row: Row, column: str) -> str:
    """Return the label of an answer in a register's row; a dash where the cell is empty."""
    code = row[column]
    if code is None:
        return ru.DASH
    known = record_tables()[row.table].column(column)
    if known.type == "subject":
        return choice_lists()["school_subjects"].get(str(code)) or subject_ru(str(code))
    return known.choices.get(str(code), str(code))


def subject_ru(code: str) -> str:
    """Return the name of a subject as a sentence begins: «Русский язык»; an unknown code stays as it is."""
    subject = subjects().get(code)
    return code if subject is None else subject.name_ru


def work_ru(assessment_id: str) -> str:
    """Return a work inside a sentence: «русский язык, 4 класс (весна 2021)».

    Rechecks name works of which only the procedure, the grade and the subject are known; what is missing is left out.
    """
    campaign_code, grade, subject, *_ = assessment_id.split(":")
    name = subject_ru(subject)
    campaign = campaigns().get(campaign_code)
    when = campaign.short_ru if campaign is not None else choice_lists()["procedures"].get(campaign_code, "")
    parts = [name[:1].lower() + name[1:], f"{grade}{ru.NBSP}класс" if grade.isdigit() else ""]
    return f"{', '.join(part for part in parts if part)}{f' ({when})' if when else ''}"


def day_ru(day: Any) -> str:
    """Return a date of a table in figures: «01.09.2025»; a dash where there is none."""
    if day is None:
        return ru.DASH
    if isinstance(day, date):
        return f"{day:%d.%m.%Y}"
    return ".".join(reversed(str(day)[:10].split("-")))


def role_ru(row: Row) -> str:
    """Return who answers for a recommendation or a decision; a dash where nobody is named."""
    code = row["responsible_role"]
    return ru.DASH if code is None else choice_lists()["roles"].get(str(code), ru.DASH)
