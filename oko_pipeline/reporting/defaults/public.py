"""Default templates of the open documents."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_READ: Final = (
    "Доли даны от числа участников; в скобках — 95-процентный интервал: чем меньше участников, тем он шире. Слово "
    "«скрыто» стоит там, где участников меньше {{ minimum }} или где по показанным числам можно было бы вычислить "
    "результат малой группы. Оно не говорит ни о хорошем, ни о плохом результате."
)
_PURPOSE: Final = (
    "Оценочные процедуры показывают, чему дети научились и где нужна помощь. По их итогам не составляют рейтинги школ "
    "и классов и не оценивают работу учителей: состав детей и условия школ различны."
)
_PERSONAL: Final = (
    "Результат своего ребёнка родители узнают в ОО: у классного руководителя или у ответственного за оценочные "
    "процедуры. В открытых документах его нет."
)
_STAMP: Final = (
    "Составлено {{ stamp.rendered_at }}, выпуск {{ stamp.issue }}; программа oko-pipeline версии "
    "{{ stamp.code_version }}, отпечаток содержания {{ stamp.context_sha256 }}."
)


def _report(writer: Writer, unit_line: str) -> None:
    writer.letterhead()
    writer.add("{{ title }}", "Title")
    writer.add(unit_line, "Subtitle")
    writer.add("{{ school_year }} учебный год", "ОКО Титул")
    writer.add(_PURPOSE, "ОКО Текст")
    writer.add(_READ, "ОКО Примечание")
    for name, title in (
        ("vpr", "Всероссийские проверочные работы"),
        ("oge", "Основной государственный экзамен"),
        ("ege", "Единый государственный экзамен"),
    ):
        writer.section(f"sections.{name}", title)
    writer.add(_PERSONAL, "ОКО Текст")
    writer.add(_STAMP, "ОКО Примечание")


def _parents(writer: Writer) -> None:
    writer.add("{{ title }}", "Title")
    writer.add("{{ unit_name }}", "Subtitle")
    writer.add("{{ school_year }} учебный год", "ОКО Титул")
    writer.add(_PURPOSE, "ОКО Текст")
    writer.section("sections.results", "Что показали работы")
    writer.section("sections.advice", "Что советует школа")
    writer.add("Где узнать о своём ребёнке", "Heading 1")
    writer.add(_PERSONAL, "ОКО Текст")
    writer.add(_STAMP, "ОКО Примечание")


TEMPLATES: Final[Mapping[str, Template]] = {
    "public_report": Template(partial(_report, unit_line="{{ unit_name }}")),
    "public_school_report": Template(partial(_report, unit_line="{{ unit_name }}, {{ municipality_name }}")),
    "parents_page": Template(_parents),
}
