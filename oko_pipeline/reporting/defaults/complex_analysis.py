"""Default templates: complex analysis, passport of a school with its restricted annex, one page for a head."""

from collections.abc import Mapping, Sequence
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_UNIT: Final = "{{ unit_name }} ({{ unit_code }})"
_SCHOOL_UNIT: Final = "{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}"
_YEAR: Final = "{{ school_year }} учебный год"


def _main(writer: Writer) -> None:
    writer.section("sections.main", "Главное")
    writer.tag("if sections.first")
    writer.lead("Что сделать в первую очередь", " (рекомендации целиком — в последнем разделе):")
    writer.loop("sections.first", "points", "{{ paragraph }}", "List Bullet")
    writer.tag("endif")
    writer.add(
        "В скобках — 95-процентный интервал. О причинах числа не говорят: их устанавливают вместе с теми, кто учит.",
        "ОКО Примечание",
    )


def _headed(writer: Writer, heading: str, note: str) -> None:
    """Write a heading with a note that never stays behind on a page without what it is about."""
    writer.add(heading, "Heading 1")
    writer.add(note, "ОКО Примечание").paragraph_format.keep_with_next = True


def _advice(writer: Writer, heading: str, note: str) -> None:
    writer.tag("if advice")
    _headed(writer, heading, note)
    writer.tag("for part in advice")
    writer.add("{{ part.title }}", "Heading 2")
    writer.tag("if part.table")
    writer.table_caption("{{ part.table.title }}")
    writer.block("part.table")
    writer.tag("endif")
    writer.tag("if part.more")
    writer.add("{{ part.more }}", "ОКО Примечание")
    writer.tag("endif")
    writer.tag("endfor")
    writer.tag("endif")


def _noted(writer: Writer, name: str, heading: str, note: str) -> None:
    """Write a section with a fixed note under its heading; both go when the section is absent."""
    writer.tag(f"if {name}")
    _headed(writer, heading, note)
    writer.tag("endif")
    writer.section(name, "", level=0)


_PROCEDURES_NOTE: Final = (
    "Минимальный уровень: отметка «3» и выше в ВПР, диагностиках и ОГЭ, минимальный балл и выше в ЕГЭ; высокий — «5», "
    "в ЕГЭ — от 81 балла. n — участники с отметкой или баллом. Работы разных процедур писали разные классы: строка "
    "показывает предмет, а не одних и тех же детей. При числе участников меньше {{ settings.claim_from }} доли не "
    "приводятся, меньше {{ settings.hide_below }} — скрыто и число."
)
_ADVICE_NOTE: Final = (
    "Основание — выводы по данным; причины — предположения, их проверяет адресат. Рекомендации становятся решениями "
    "после ответа в форме рекомендаций. Отклонённые и отложенные здесь не показаны."
)
_DEFICITS_NOTE: Final = (
    "Дефицит системный, когда в красной зоне больше половины заданий умения; подтверждённый — когда это остаётся "
    "верным и с учётом погрешности. По предмету показано не больше трёх, прежде всего те, что есть у большинства."
)


def _municipality(writer: Writer) -> None:
    writer.title_page(_UNIT, _YEAR)
    _main(writer)
    _noted(writer, "sections.procedures", "Процедуры рядом", _PROCEDURES_NOTE)
    writer.section("sections.works", "Результаты по работам и экзаменам")
    writer.section("sections.studies", "Исследования качества")
    _noted(
        writer,
        "sections.comparison",
        "Результаты по группам сопоставимых ОО и с учётом условий",
        "Результат каждой ОО сравнён с тем, который обычен в таких условиях: место, численность, состав семей, "
        "языки. Разность — в стандартных отклонениях участников, стянутая к нулю тем сильнее, чем меньше данных; "
        "«выше» и «ниже» сказано, только если 95-процентный интервал не включает ноль. Вывод нужен, чтобы помочь и "
        "чтобы найти, у кого учиться; ранжировать ОО по нему нельзя, ОО стоят в порядке кодов.",
    )
    _noted(
        writer,
        "sections.dynamics",
        "Динамика",
        "Сравниваются только сопоставимые работы; звёздочка — изменение не подтверждается с учётом числа сравнений.",
    )
    _noted(
        writer,
        "sections.agreement",
        "Согласованность процедур",
        "Связь не говорит о причине. Расхождение процедур и отметок — признак, который требует внимания, а не "
        "доказательство необъективности.",
    )
    _noted(writer, "sections.deficits", "Системные дефициты умений", _DEFICITS_NOTE)
    _noted(
        writer,
        "sections.risks",
        "Зоны риска",
        "Отклонение — результат за пределами разброса, обычного для такого числа участников; подтверждено — остаётся "
        "и с учётом числа проверок. Зона риска — повод для помощи.",
    )
    _advice(writer, "Рекомендации", _ADVICE_NOTE)
    writer.section("sections.schools_advice", "Рекомендации школам")
    writer.section("sections.gaps", "Каких данных не хватило")
    writer.signature("Анализ составил: ____________________ / ____________________ /")
    writer.provenance()


def _school(writer: Writer) -> None:
    writer.title_page(_SCHOOL_UNIT, _YEAR)
    _main(writer)
    _noted(writer, "sections.procedures", "Процедуры рядом", _PROCEDURES_NOTE)
    _noted(
        writer,
        "sections.beside",
        "Школа, сопоставимые ОО и муниципалитет",
        "{{ peers }} Разность — доля школы минус доля остальных ОО группы; звёздочкой отмечены разности, "
        "95-процентный интервал которых не включает ноль. Среднее — процент от максимума, балл ЕГЭ или отметка.",
    )
    writer.section("sections.studies", "Исследования и сводные итоги")
    _noted(
        writer,
        "sections.comparison",
        "Результат с учётом условий",
        "Ожидаемый результат посчитан по условиям работы всех ОО; разность стянута к нулю тем сильнее, чем меньше "
        "участников. Вывод служит для помощи школе и не служит для сравнения школ между собой.",
    )
    _noted(
        writer,
        "sections.dynamics",
        "Динамика",
        "Сравниваются только сопоставимые работы; звёздочка — изменение не подтверждается с учётом числа сравнений.",
    )
    _noted(
        writer,
        "sections.agreement",
        "Отметки процедур и журнал",
        "Расхождение — признак, который требует внимания, а не доказательство необъективности.",
    )
    _noted(writer, "sections.deficits", "Системные дефициты умений", _DEFICITS_NOTE)
    writer.section("sections.risks", "Зона риска")
    _advice(
        writer,
        "Что из этого следует",
        "Основания и контрольные показатели — в паспорте школы. Отклонённые и отложенные рекомендации не показаны.",
    )
    writer.section("sections.gaps", "Каких данных не хватило")
    writer.signature("Анализ составил: ____________________ / ____________________ /")
    writer.provenance()


_PASSPORT_SECTIONS: Final[Sequence[tuple[str, str]]] = (
    ("about", "Общие сведения"),
    ("contingent", "Контингент"),
    ("social", "Социальный паспорт"),
    ("staff", "Кадры"),
    ("conditions", "Условия"),
    ("results", "Результаты процедур по годам"),
    ("indicators", "Показатели"),
    ("comparable", "Сопоставимые школы"),
    ("risks", "Зона риска"),
    ("decisions", "Решения, меры и их действие"),
)


def _passport(writer: Writer) -> None:
    writer.title_page(_SCHOOL_UNIT, _YEAR)
    _main(writer)
    for name, heading in _PASSPORT_SECTIONS:
        writer.section(f"sections.{name}", heading)
    _advice(writer, "Адресные рекомендации", _ADVICE_NOTE)
    writer.section("sections.gaps", "Каких данных не хватило")
    writer.add(
        "Группы меньше {{ settings.hide_below }} человек скрыты. Показателей отдельного педагога и фамилий в паспорте "
        "нет; коды обучающихся — в отдельном приложении с ограниченным доступом.",
        "ОКО Примечание",
    )
    writer.signature("Паспорт составил: ____________________ / ____________________ /")
    writer.provenance()


def _annex(writer: Writer) -> None:
    writer.letterhead()
    writer.add("Для служебного пользования школы. Экземпляр № ____", "ОКО Гриф")
    writer.add("{{ title }}", "Title")
    writer.add(_SCHOOL_UNIT, "Subtitle")
    writer.add(_YEAR, "ОКО Титул")
    _noted(
        writer,
        "sections.summary",
        "Сколько обучающихся и какая помощь",
        "Устойчиво — низкий результат в нескольких работах; отдельные работы — в одной; у порога — результат чуть выше "
        "«3», в пределах погрешности измерения. Список нужен, чтобы помочь; в личное дело и в отметку он не идёт.",
    )
    writer.section("sections.pupils", "Обучающиеся, которым нужна помощь")
    writer.section("sections.exams", "Экзамены: не преодолён минимальный порог")
    writer.section("sections.retained", "Оставленные на повторное обучение")
    writer.section("sections.strong", "Высокие достижения, которые важно поддержать")
    writer.section("sections.deficits", "С чем помогать: дефициты умений школы")
    writer.add("Как узнать обучающегося по коду", "Heading 1")
    writer.add(
        "Фамилий здесь нет и быть не должно. Код — первые восемь знаков псевдонима, который программа составляет из "
        "сведений файла с ключом, который в этой папке не хранится; по самому коду человека узнать нельзя. Код "
        "действует в пределах одной процедуры и одного года.",
        "ОКО Текст",
    )
    writer.section("resolve", "", level=0)
    writer.add(
        "Ответственный за данные в школе открывает свой файл на названной строке и по списку «код участника — "
        "фамилия», который хранится только в школе, узнаёт обучающегося. Заполненный список с фамилиями не возвращают "
        "в программу, не пересылают и не хранят вместе с этим приложением. Если файл общий для нескольких школ, "
        "обучающегося по строке называет тот, кто прислал файл.",
        "ОКО Текст",
    )
    writer.signature("Приложение получил: ______________ / __________________ / «__» _________ 20__ г.")
    writer.provenance_note()


def _head(writer: Writer) -> None:
    writer.add("{{ title }}", "Subtitle")
    writer.add("{{ unit_name }} ({{ unit_code }}). {{ school_year }} учебный год", "ОКО Титул")
    writer.tag("if sections.known")
    writer.lead("Что известно", "")
    writer.loop("sections.known", "points", "{{ paragraph }}", "List Bullet")
    writer.tag("endif")
    writer.tag("if sections.first")
    writer.tag("for table in sections.first.tables")
    writer.table_caption("{{ table.title }}")
    writer.block("table")
    writer.tag("endfor")
    writer.tag("endif")
    writer.tag("if sections.silent")
    writer.lead("О чём данные не говорят.", " {{ sections.silent.text[0] }}")
    writer.tag("endif")
    writer.add(
        "Подробно — в комплексном анализе и паспорте школы. В скобках — 95-процентный интервал. Выпуск {{ stamp.issue "
        "}}, {{ stamp.rendered_at }}; oko-pipeline {{ stamp.code_version }}, отпечаток {{ stamp.context_sha256 }}.",
        "ОКО Примечание",
    )


TEMPLATES: Final[Mapping[str, Template]] = {
    "complex_analysis_municipality": Template(_municipality),
    "complex_analysis_school": Template(_school),
    "school_passport": Template(_passport),
    "school_passport_annex": Template(_annex, "{{ title }}. {{ unit_code }}. Ограниченный доступ"),
    "head_summary": Template(_head, "{{ unit_name }}. {{ school_year }} учебный год"),
}
