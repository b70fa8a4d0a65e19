"""Names of exams inside sentences and tables, and the nouns that go with their numbers."""

from functools import cache
from typing import Final

from oko_pipeline.catalogue.exams import KIND_TITLES_RU, ExamKey, subject_title
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.catalogue.text_templates import subject_form
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData

RESULTS: Final = ("результат", "результата", "результатов")
SCHOOLS: Final = ("ОО", "ОО", "ОО")
EXAMS: Final = ("экзамен", "экзамена", "экзаменов")
GRADUATES: Final = ("выпускник", "выпускника", "выпускников")
CASES: Final = ("случай", "случая", "случаев")
APPEALS: Final = ("апелляция", "апелляции", "апелляций")
PEOPLE: Final = ("человек", "человека", "человек")
OBSERVERS: Final = ("наблюдатель", "наблюдателя", "наблюдателей")
NOTICED: Final = ("замечание", "замечания", "замечаний")
VIOLATIONS: Final = ("нарушение", "нарушения", "нарушений")
WORKS: Final = ("работа", "работы", "работ")
LINES: Final = ("строка", "строки", "строк")
RECOMMENDATIONS: Final = ("рекомендация", "рекомендации", "рекомендаций")
_LEVELS_DATIVE: Final = {"base": "базового уровня", "profile": "профильного уровня"}
_DATIVES: Final = {
    "spanish": "испанскому языку",
    "chinese": "китайскому языку",
    "native_language": "родному языку",
    "native_literature": "родной литературе",
    "foreign_language": "иностранным языкам",
}
_FIRST: Final = {"russian": 0, "mathematics": 1}


def exam_key(exam_code: str) -> ExamKey:
    """Return the exam of an `exam_code` of the tables."""
    kind, year, subject_code, level = exam_code.split(":")
    return ExamKey(kind, int(year), subject_code, level)


def exam_title(key: ExamKey) -> str:
    """Return an exam for a table: «ОГЭ, Физика»."""
    return f"{KIND_TITLES_RU[key.kind]}, {lower_first(subject_name(key))}"


@cache
def subject_name(key: ExamKey) -> str:
    """Return the subject of an exam as a sentence begins: «Математика (профильный уровень)»."""
    title = subject_title(key.subject_code, key.level)
    if title == key.subject_code:
        title = subject_title(key.subject_code)
    return choice_lists()["exam_subjects"].get(title, title) if title == key.subject_code else title


@cache
def exam_dative(key: ExamKey) -> str:
    """Return an exam inside a sentence: «ЕГЭ по математике профильного уровня»."""
    return f"{KIND_TITLES_RU[key.kind]} по{ru.NBSP}{subject_dative(key)}"


@cache
def subject_dative(key: ExamKey) -> str:
    """Return the subject of an exam in the dative: «математике профильного уровня»."""
    subject = _DATIVES.get(key.subject_code) or subject_form(key.subject_code)
    level = _LEVELS_DATIVE.get(key.level, "")
    return f"{subject} {level}".rstrip()


def lower_first(text: str) -> str:
    """Return the text with a small first letter."""
    return text[:1].lower() + text[1:]


def exam_order(key: ExamKey) -> tuple[object, ...]:
    """Return the place of an exam in documents: compulsory subjects first, the rest by name."""
    kinds = list(KIND_TITLES_RU)
    return (kinds.index(key.kind), _FIRST.get(key.subject_code, len(_FIRST)), subject_name(key), key.level)


def short_school(data: CycleData, school_code: str) -> str:
    """Return the name of a school for a list in a sentence."""
    return data.unit_name("school", school_code)


def schools_listed(data: CycleData, codes: list[str], limit: int = 8) -> str:
    """Return schools in the order of codes for a sentence; the rest are counted."""
    return ru.listed([short_school(data, code) for code in sorted(codes)], limit)
