"""Default template of the analytical notes of the directions."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_READ: Final = (
    "Значение муниципалитета посчитано по сумме людей всех ОО с данными, а не как среднее ОО. В скобках — "
    "95-процентный интервал. «Лучше» и «хуже» сказано, только если изменение за год больше случайного; «не отличается» "
    "не значит, что изменения не было. Прочерк — сравнить не с чем."
)
_SCHOOLS: Final = (
    "ОО стоят в порядке кодов; таблица нужна, чтобы увидеть, где данных нет и с кем говорить, а не чтобы ранжировать. "
    "«Мало данных» — группа меньше порога."
)
_REGISTERS: Final = (
    "Суммы по формам, которые сдали ОО; ОО без формы в них нет. «Менее {{ settings_hide_below }}» стоит на месте "
    "малого числа людей, прочерк — на месте доли, которую нечем подтвердить."
)
_ADVICE: Final = (
    "«Предложена» — составлена по правилу и ждёт решения человека; «принята» — утверждена. Причины, названные в "
    "рекомендациях, — предположения."
)
_CHECKLIST: Final = (
    "В механизме считаются записи самого органа управления; решения, меры и мероприятия ОО, которые названы выше, к "
    "нему не относятся."
)


def _write(writer: Writer) -> None:
    writer.title_page(
        "{{ unit_name }}", "Направление: {{ direction }}", "{{ question }}", "{{ school_year }} учебный год"
    )
    writer.section("sections.findings", "Что видно по данным")
    writer.section("sections.indicators", "Показатели")
    _note(writer, "sections.indicators", _READ)
    writer.section("sections.schools", "Показатели по ОО")
    _note(writer, "sections.schools", _SCHOOLS)
    writer.section("sections.registers", "Что сделано за год")
    _note(writer, "sections.registers", _REGISTERS)
    writer.section("sections.advice", "Рекомендации")
    _note(writer, "sections.advice and sections.advice.tables", _ADVICE)
    writer.section("sections.measures", "Решения и меры")
    writer.section("sections.checklist", "Механизм направления")
    _note(writer, "sections.checklist", _CHECKLIST)
    writer.section("sections.gaps", "Каких данных не хватило")
    writer.signature()
    writer.provenance()


def _note(writer: Writer, name: str, text: str) -> None:
    writer.tag(f"if {name}")
    writer.add(text, "ОКО Примечание")
    writer.tag("endif")


TEMPLATES: Final[Mapping[str, Template]] = {"direction_note": Template(_write)}
