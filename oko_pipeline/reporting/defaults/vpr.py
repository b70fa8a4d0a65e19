"""Default templates of the notes on ВПР: of a school and of a municipality."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer
from oko_pipeline.reporting.vpr.contexts import MUNICIPALITY_NOTE, SCHOOL_NOTE


@dataclass(frozen=True, slots=True)
class _Words:
    """Words in which the two notes differ."""

    kind: str
    unit_line: str
    own: str
    own_genitive: str
    around: str
    parts: str
    closing: str


_SCHOOL: Final = _Words(
    kind=SCHOOL_NOTE,
    unit_line="{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}",
    own="школа",
    own_genitive="школы",
    around="муниципалитет, регион и Россия (если их данные есть)",
    parts="Классы стоят в порядке названий; таблица не служит для сравнения учителей или классов между собой.",
    closing="Справку составил: ____________________ / ____________________ /",
)
_MUNICIPALITY: Final = _Words(
    kind=MUNICIPALITY_NOTE,
    unit_line="{{ unit_name }} ({{ unit_code }})",
    own="муниципалитет",
    own_genitive="муниципалитета",
    around="регион и Россия (если их данные есть)",
    parts="Образовательные организации (ОО) стоят в порядке кодов; таблица не служит для ранжирования.",
    closing="Справку составил: ____________________ / ____________________ /",
)


def _write_title(writer: Writer, words: _Words) -> None:
    writer.title_page(
        words.unit_line,
        "{{ campaign_title }}",
        "{{ school_year }} учебный год. Сроки кампании: {{ campaign_dates }}",
    )


def _write_findings(writer: Writer) -> None:
    writer.add("Главное", "Heading 1")
    writer.tag("if campaign_note")
    writer.add("{{ campaign_note }}", "ОКО Примечание")
    writer.tag("endif")
    writer.tag("for statement in statements")
    writer.lead("{{ statement.title }}.", " {{ statement.text }}")
    writer.tag("for point in statement.points")
    writer.add("{{ point }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("endfor")
    writer.add(
        "Выводы сделаны по числам и касаются только участников этой кампании. В скобках — 95-процентный интервал: чем "
        "меньше участников, тем он шире и тем осторожнее должен быть вывод. О причинах данные не говорят: их "
        "устанавливают вместе с теми, кто учит и учится.",
        "ОКО Примечание",
    )


def _write_participation(writer: Writer, words: _Words) -> None:
    writer.add("Участие", "Heading 1")
    writer.add("{{ participation.text }}", "ОКО Текст")
    writer.tag("if participation.table")
    writer.table_caption("Участие в работах кампании", "tbl_participation")
    writer.block("participation.table")
    writer.tag("endif")
    if words.kind == MUNICIPALITY_NOTE:
        writer.tag("if participation.schools_table")
        writer.table_caption("Участие по образовательным организациям, в порядке кодов", "tbl_schools")
        writer.block("participation.schools_table")
        writer.tag("endif")
    writer.add(
        "«Нет результатов» означает, что параллель писала другие работы кампании, а этой работы в файлах нет. Группы "
        "меньше {{ settings.hide_below }} участников скрыты.",
        "ОКО Примечание",
    )


def _write_marks(writer: Writer, words: _Words) -> None:
    writer.add("Отметки", "Heading 1")
    writer.add("{{ marks.text }}", "ОКО Текст")
    writer.tag("if marks.charts")
    writer.tag("for chart in marks.charts")
    writer.block("chart")
    writer.figure_caption("{{ chart.caption }}")
    writer.tag("endfor")
    writer.add("Подписи у столбцов меньше 5 % опущены.", "ОКО Примечание")
    writer.tag("endif")
    writer.tag("if marks.table")
    writer.end_section(landscape=False)
    writer.add(
        f"Полужирным — {words.own}, ниже — ориентиры: {words.around}. n — число участников с отметкой; в скобках — "
        "границы 95-процентного интервала Уилсона, %. Базовый уровень — отметка «3» и выше. При числе участников "
        "меньше {{ settings.claim_from }} доли не приводятся.",
        "ОКО Примечание",
    )
    writer.table_caption(f"Отметки за работы: {words.own} и ориентиры", "tbl_marks")
    writer.block("marks.table")
    writer.end_section(landscape=True)
    writer.tag("endif")


def _write_journal(writer: Writer) -> None:
    writer.tag("if journal.text")
    writer.add("Соответствие отметок журналу", "Heading 1")
    writer.add("{{ journal.text }}", "ОКО Текст")
    writer.tag("if journal.table")
    writer.table_caption("Отметка за работу и отметка по журналу", "tbl_journal")
    writer.block("journal.table")
    writer.tag("endif")
    writer.tag("for chart in journal.charts")
    writer.block("chart")
    writer.figure_caption("{{ chart.caption }}")
    writer.tag("endfor")
    writer.tag("endif")


def _write_works(writer: Writer, words: _Words) -> None:
    writer.tag("if works_text")
    writer.add("Результаты по работам", "Heading 1")
    writer.add("{{ works_text }}", "ОКО Текст")
    writer.tag("endif")
    writer.tag("if tasks.table")
    writer.table_caption("Выполнение заданий по работам", "tbl_tasks")
    writer.block("tasks.table")
    writer.tag("endif")
    writer.tag("for work in works")
    writer.add("{{ work.title }}", "Heading 2")
    writer.add("{{ work.facts }}", "ОКО Ввод")
    writer.tag("if work.histogram")
    writer.block("work.histogram")
    writer.figure_caption("{{ work.histogram.caption }}")
    writer.tag("endif")
    writer.tag("if work.task_profile")
    writer.block("work.task_profile")
    writer.figure_caption("{{ work.task_profile.caption }}")
    writer.tag("endif")
    writer.add("{{ work.red_text }}", "ОКО Текст")
    writer.tag("if work.red_tasks")
    writer.table_caption("{{ work.red_tasks.title }}")
    writer.block("work.red_tasks")
    writer.tag("endif")
    writer.tag("if work.deficits")
    writer.lead("Системные дефициты", " (в красной зоне больше половины заданий умения):")
    writer.tag("for deficit in work.deficits")
    writer.add("{{ deficit }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("endif")
    writer.tag("if work.parts")
    writer.table_caption("{{ work.parts.title }}")
    writer.block("work.parts")
    writer.add(words.parts, "ОКО Примечание")
    writer.tag("endif")
    writer.tag("endfor")


def _write_quality(writer: Writer, words: _Words) -> None:
    writer.add("Качество данных", "Heading 1")
    writer.add("{{ quality.text }}", "ОКО Текст")
    writer.tag("for line in quality.left_out")
    writer.add("{{ line }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("if quality.table")
    writer.table_caption("Замечания к данным", "tbl_quality")
    writer.block("quality.table")
    writer.tag("endif")
    writer.add(words.closing, "ОКО Подпись")
    writer.add("Происхождение данных", "Heading 1")
    writer.add(
        "{{ school_year }} учебный год; {{ campaign_title }} (код кампании {{ campaign_code }}). Документ составлен "
        "{{ stamp.rendered_at }} программой oko-pipeline версии {{ stamp.code_version }}; отпечаток содержания "
        "{{ stamp.context_sha256 }}.",
        "ОКО Текст",
    )
    writer.tag("if sources")
    writer.table_caption("Файлы, из которых взяты результаты", "tbl_sources")
    writer.block("sources")
    writer.tag("endif")


def _write_method(writer: Writer) -> None:
    writer.add("Приложение. Как посчитаны показатели", "ОКО Приложение")
    for title, text in _METHOD:
        writer.lead(title, text, "ОКО Текст")


_METHOD: Final = (
    (
        "Участники.",
        " Участник — тот, у кого есть итоговый первичный балл. «Отсутствовал» в протоколе участником не считается.",
    ),
    (
        "Отметки.",
        (
            " Балл переводится в отметку по шкале работы. Если шкала не подтверждена или её диапазоны пересекаются, "
            "отметки не выставляются. Базовый уровень — доля «3», «4» и «5», высокий уровень — доля «5»."
        ),
    ),
    (
        "Интервалы.",
        (
            " Для долей — 95-процентный интервал Уилсона. Разница долей — интервал Ньюкомба; отличие "
            "названо, только если "
            "интервал не содержит нуля. Единица сравнивается с остальными, а не с целым, в которое она входит сама."
        ),
    ),
    (
        "Ориентиры.",
        (
            " Муниципалитет посчитан по тем же файлам. Регион и Россия взяты из опубликованных таблиц; если их нет, "
            "регион посчитан по загруженным ОО, и это сказано в названии строки."
        ),
    ),
    (
        "Малые группы.",
        (
            " До {{ settings.hide_below }} участников число скрыто; до {{ settings.claim_from }} доли не "
            "приводятся; до "
            "{{ settings.detail_from }} распределение баллов не показывается, до {{ settings.informative_from }} оно "
            "показательно лишь приблизительно."
        ),
    ),
    (
        "Выполнение задания.",
        (
            " Сумма полученных баллов к сумме возможных у тех, с кем тема пройдена; «не приступал» — ноль "
            "баллов. Уровни: "
            "Б — базовый, П — повышенный, В — высокий."
        ),
    ),
    (
        "Зоны.",
        (
            " Задания Б: зелёная зона от {{ settings.base_green }} %, красная — ниже {{ settings.base_red "
            "}} %, между ними "
            "жёлтая. Задания П и В: от {{ settings.high_green }} % и ниже {{ settings.high_red }} %. Дефицит умения "
            "системный, если в красной зоне больше половины его заданий."
        ),
    ),
    (
        "Чего здесь нет.",
        (
            " Справка не ранжирует школы и классы, не содержит показателей работы учителей и данных, по которым можно "
            "узнать обучающегося. Результаты ВПР не используются для оценки работы учителя."
        ),
    ),
)


def _write(words: _Words, writer: Writer) -> None:
    _write_title(writer, words)
    _write_findings(writer)
    _write_participation(writer, words)
    _write_marks(writer, words)
    _write_journal(writer)
    _write_works(writer, words)
    _write_quality(writer, words)
    _write_method(writer)


_FOOTER: Final = "{{ title }}. {{ unit_name }}. {{ campaign_title }}"
TEMPLATES: Final[Mapping[str, Template]] = {
    words.kind: Template(partial(_write, words), _FOOTER) for words in (_SCHOOL, _MUNICIPALITY)
}
