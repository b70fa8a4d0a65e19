"""Default templates of the registers of the year and of the drafts of regulations."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_HEADINGS: Final = (
    ("procedures", "Оценочные процедуры"),
    ("materials", "Контрольно-измерительные материалы"),
    ("indicators", "Показатели"),
    ("acts", "Документы"),
    ("training", "Заявка на курсы"),
    ("programmes", "Дополнительные профессиональные программы"),
    ("practices", "Эффективные практики"),
)
_GENERAL: Final = (
    (
        "Положение определяет цели, объекты, показатели, методы, порядок и сроки оценки качества "
        "образования, а также то, как по её итогам принимаются решения."
    ),
    (
        "Цель системы — знать, чему научились обучающиеся, в каких условиях и с чьей помощью, чтобы "
        "вовремя помочь: обучающимся, педагогам, школам."
    ),
    (
        "Объекты оценки: результаты обучающихся (базовый и высокий уровень, метапредметные результаты), "
        "условия, управление, профессиональное развитие педагогов, методическая работа, воспитание, "
        "работа с талантами, самоопределение, объективность процедур."
    ),
)
_METHODS: Final = (
    "Доли сообщаются вместе с численностью и 95-процентным интервалом; группы меньше порога не показываются. Значение "
    "муниципалитета считается по людям, а не как среднее школ. Школы сравниваются с сопоставимыми по условиям."
)
_ACTIONS: Final = (
    (
        "По итогам анализа составляются выводы и адресные рекомендации; человек принимает, изменяет или "
        "отклоняет каждую и называет причину."
    ),
    (
        "Решения и меры записываются в реестры с целевым показателем; через год сравнивается, что было и "
        "стало, с теми, кто мер не принимал. «Данных не хватает» — допустимый вывод."
    ),
)
_NEVER: Final = (
    ("Результаты ВПР и отметки не служат для оценки работы, поощрения и рейтингов школ, классов и педагогов."),
    "Признак необъективности — повод для разговора, а не доказательство.",
    (
        "Имён, документов и контактов обучающихся в отчётах и базе нет; данные об отдельных обучающихся — "
        "только в закрытом хранилище под псевдонимами."
    ),
)


def _registers(writer: Writer) -> None:
    writer.title_page("{{ unit_name }}", "{{ school_year }} учебный год")
    for name, title in _HEADINGS:
        writer.section(f"sections.{name}", title)
    writer.signature()
    writer.end_section(landscape=True)
    writer.provenance()


def _regulation(writer: Writer) -> None:
    writer.title_page("{{ unit_name }}", "Проект. {{ school_year }} учебный год")
    writer.add("Общие положения", "Heading 1")
    for text in _GENERAL:
        writer.add(text, "ОКО Текст")
    writer.section("sections.acts", "Документы, на которых система стоит", level=2)
    writer.section("sections.indicators", "Показатели")
    writer.section("sections.sources", "Данные и методы их сбора")
    writer.add(_METHODS, "ОКО Примечание")
    writer.section("sections.procedures", "Оценочные процедуры")
    writer.section("sections.calendar", "Мониторинг и анализ: порядок и сроки")
    writer.add("Рекомендации, решения, меры", "Heading 1")
    for text in _ACTIONS:
        writer.add(text, "ОКО Текст")
    writer.add("Чего система не делает", "Heading 1")
    for text in _NEVER:
        writer.add(text, "List Bullet")
    writer.signature("Согласовано: ____________________ / ____________________ /")
    writer.provenance()


TEMPLATES: Final[Mapping[str, Template]] = {
    f"{name}_{level}": Template(partial(write))
    for level in ("municipality", "school")
    for name, write in (("registers", _registers), ("regulation_draft", _regulation))
}
