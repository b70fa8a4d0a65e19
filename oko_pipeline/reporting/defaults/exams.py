"""Default templates of the documents about state exams."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_NOTE: Final = "ОКО Примечание"
_SIGNATURE: Final = "Справку составил: ____________________ / ____________________ /"
_UNITS: Final = {
    "municipality": "{{ unit_name }} ({{ unit_code }})",
    "school": "{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}",
}
_ORDER: Final = (
    "ОО стоят в порядке кодов: таблица не служит для ранжирования. «Рядом с остальными» — сравнение с остальными ОО "
    "муниципалитета; отличие названо, только если его нельзя объяснить случайностью с учётом числа сравнений."
)
_MARKS_NOTE: Final = (
    "n — число участников с засчитанным результатом; в скобках — границы 95-процентного интервала Уилсона, %. До "
    "{{ settings.hide_below }} участников числа скрыты, до {{ settings.claim_from }} доли не приводятся."
)
_SCORES_NOTE: Final = (
    "n — число участников с засчитанным результатом; в скобках — границы 95-процентного интервала. Порог по "
    "русскому языку — балл для поступления в вуз, для аттестата он ниже; «—» — источник порога не называет. "
    "До {{ settings.hide_below }} участников числа "
    "скрыты, до {{ settings.claim_from }} доли и средние не приводятся."
)


def _main(writer: Writer, heading: str = "Главное") -> None:
    writer.tag("if statements")
    writer.add(heading, "Heading 1")
    writer.tag("for statement in statements")
    writer.lead("{{ statement.title }}.", " {{ statement.text }}")
    writer.loop("statement", "points", "{{ paragraph }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("endif")


def _head(writer: Writer) -> None:
    """Write the head of a short document, without a title page and contents."""
    writer.letterhead()
    writer.add("{{ title }}", "Title")
    writer.add(_UNITS["school"], "Subtitle")
    writer.add("{{ school_year }} учебный год", "ОКО Титул")


def _noted(writer: Writer, name: str, heading: str, note: str) -> None:
    """Write a section and a fixed note that stands only with its tables."""
    writer.section(name, heading)
    writer.tag(f"if {name} and {name}.tables")
    writer.add(note, _NOTE)
    writer.tag("endif")


def _method(writer: Writer, texts: Sequence[tuple[str, str]]) -> None:
    """Write how the numbers were made; the signature below stays with its end."""
    writer.add("Как посчитаны показатели", "Heading 1")
    for number, (title, text) in enumerate(texts, start=1):
        paragraph = writer.add("", "ОКО Текст")
        paragraph.add_run(title).bold = True
        paragraph.add_run(f" {text}")
        paragraph.paragraph_format.keep_with_next = number == len(texts)


def _short_method(writer: Writer, texts: Sequence[tuple[str, str]]) -> None:
    """Write the method as one note in small letters; the signature below stays with it."""
    told = " ".join(text for _, text in texts)
    writer.add(told, _NOTE).paragraph_format.keep_with_next = True


_INTERVALS: Final = (
    "Интервалы.",
    (
        "Для долей — 95-процентный интервал Уилсона, для средних — Стьюдента, для разницы долей — Ньюкомба. Чем меньше "
        "участников, тем шире интервал и тем осторожнее вывод."
    ),
)
_COMPARISON: Final = (
    "Сравнение.",
    (
        "ОО сравнивается с остальными ОО муниципалитета, а не с целым, в которое входит сама. Отличие "
        "(изменение за год) "
        "подтверждено, если интервал разницы не содержит нуля и доля ложных отличий среди всех сравнений не больше 5 % "
        "(процедура Бенджамини — Хохберга)."
    ),
)
_SOURCES: Final = (
    "Источники.",
    (
        "Результат экзамена взят из одного источника: из протоколов; если их нет — из сводной таблицы региона; "
        "если нет и "
        "её — из форм ОО. Результаты разных источников между собой не сравниваются."
    ),
)
_NOT_HERE: Final = (
    "Чего здесь нет.",
    (
        "Документ не ранжирует ОО, не содержит показателей работы педагогов и данных, по которым можно узнать "
        "обучающегося. О причинах числа не говорят: их устанавливает ОО."
    ),
)
_OGE_METHOD: Final = (
    _SOURCES,
    (
        "Отметки.",
        (
            "«Двойка» — минимум не преодолён. Доля «3», «4» и «5» — успеваемость, доля «4» и «5» — качество. Шкала ОГЭ "
            "меняется по годам и регионам: годы с разной шкалой не сравниваются."
        ),
    ),
    _INTERVALS,
    _COMPARISON,
    _NOT_HERE,
)
_EGE_METHOD: Final = (
    _SOURCES,
    (
        "Баллы.",
        (
            "Минимальный балл — балл года из каталога экзаменов. Базовая математика оценивается отметкой и "
            "стоит отдельно. "
            "Высокий результат — 80 баллов и больше."
        ),
    ),
    _INTERVALS,
    _COMPARISON,
    _NOT_HERE,
)


def _note(unit: str, level: str, writer: Writer) -> None:
    is_oge = level == "9"
    if unit == "school":
        _head(writer)
    else:
        writer.title_page(_UNITS[unit], "{{ school_year }} учебный год")
    _main(writer)
    writer.section("participation", "Участие и формы экзамена")
    _noted(
        writer,
        "admission",
        "Допуск: итоговое собеседование" if is_oge else "Допуск: итоговое сочинение (изложение)",
        "Участник посчитан один раз, по засчитанному участию. Незачёт после всех сроков — недопуск к ГИА.",
    )
    _results(writer, is_oge=is_oge)
    _noted(
        writer,
        "both_forms",
        "ОГЭ и ГВЭ" if is_oge else "ЕГЭ и ГВЭ",
        "Показаны предметы, где в каждой форме не меньше {{ settings.claim_from }} участников. Материалы и состав "
        "участников у форм разные: доли стоят рядом, но разница между ними о качестве подготовки не говорит.",
    )
    _noted(
        writer,
        "beside",
        "ОО рядом с муниципалитетом",
        "Столбец «Муниципалитет» включает и саму ОО; отличие посчитано от остальных ОО.",
    )
    _noted(writer, "schools", "Результаты ОО", _ORDER)
    _noted(
        writer,
        "tasks",
        "Задания, на которые стоит обратить внимание",
        (
            "Показаны задания, у которых интервалы решаемости ОО и муниципалитета не пересекаются. Номер — "
            "место задания в "
            "своей части протокола, он может не совпадать с номером в КИМ."
        ),
    )
    _after(writer, is_oge=is_oge)
    _noted(
        writer,
        "risk",
        f"Зона риска по ГИА-{level}",
        (
            "Порог и наименьшая численность — основной набор правил низких результатов. Экзамен ниже порога — "
            "повод помочь, "
            "а не оценка ОО. Условия — индекс социального благополучия по контекстным данным."
        ),
    )
    _noted(
        writer,
        "dynamics",
        "Динамика",
        (
            "Сравниваются соседние годы с одинаковым источником и шкалой. Состав участников меняется каждый "
            "год: изменение "
            "доли само по себе не говорит об изменении качества преподавания."
        ),
    )
    writer.section("advice", "Что рекомендовано")
    writer.section("quality", "Что не сходится в формах")
    method = _OGE_METHOD if is_oge else _EGE_METHOD
    if unit == "school":
        _short_method(writer, method)
    else:
        _method(writer, method)
    if unit == "school":
        writer.add(_SIGNATURE, "ОКО Подпись").paragraph_format.keep_with_next = True
        writer.provenance_note()
    else:
        writer.signature(_SIGNATURE)
        writer.provenance()


def _results(writer: Writer, *, is_oge: bool) -> None:
    if is_oge:
        _noted(writer, "marks", "Результаты по предметам", _MARKS_NOTE)
        return
    _noted(writer, "scores", "Результаты по предметам", _SCORES_NOTE)
    _noted(writer, "marks", "Экзамены с отметкой: базовая математика и ГВЭ", _MARKS_NOTE)


def _after(writer: Writer, *, is_oge: bool) -> None:
    _noted(
        writer,
        "year_marks",
        "Отметка экзамена и годовая отметка",
        (
            "Расхождение в одну сторону у многих участников требует внимания к текущему оцениванию; доказательством "
            "необъективности оно не является."
        ),
    )
    writer.section("second", "Повторная сдача: дополнительный период")
    writer.section("retained", "Оставленные на повторное обучение" if is_oge else "Не завершившие обучение")
    _noted(
        writer,
        "special",
        "Участники с ОВЗ",
        "ГВЭ сдают не только участники с ОВЗ, и не все они выбирают ГВЭ: эти числа не складываются.",
    )
    if not is_oge:
        _noted(
            writer,
            "medals",
            "Медалисты",
            (
                "Результат ниже порога — повод сопоставить итоговые отметки с работами 10–11 классов. Число "
                "медалей само по "
                "себе не показатель качества."
            ),
        )
    _noted(
        writer,
        "choice",
        "Выбор предметов",
        "По формам ОО. Предмет своего профиля — тот, который изучали углублённо.",
    )
    writer.section("appeals", "Апелляции")


def _subject(writer: Writer) -> None:
    writer.title_page(_UNITS["municipality"], "{{ school_year }} учебный год. Для методических объединений")
    _main(writer)
    writer.section("categories", "Категории участников")
    writer.section("dynamics", "Динамика")
    writer.section("groups", "Чем различаются группы участников")
    _noted(
        writer,
        "tasks",
        "Выполнение заданий",
        "№ — место задания в своей части протокола (без буквы — краткий ответ, Р — развёрнутый, У — устный); "
        "он может не "
        "совпадать с номером в КИМ. Решаемость — сумма баллов к сумме возможных, в скобках 95-процентный "
        "интервал; «Ноль» "
        "и «Макс.» — доли участников без баллов и с наибольшим баллом; «Все ОО» — решаемость у всех "
        "загруженных ОО; далее "
        "решаемость в группах, %, фон — четверти от 0 до 100 %, темнее — выше. «Ниже порога» — и верхняя граница "
        "интервала меньше порога: {{ settings.base_red }} % для кратких ответов, {{ settings.high_red }} % для "
        "развёрнутых и устных; «возможно, ниже» — меньше порога сама решаемость, но не вся её погрешность. "
        "Группы меньше "
        "{{ settings.claim_from }} участников не показаны. Уровень сложности и проверяемые умения в протоколах не "
        "названы: их добавляют по кодификатору года.",
    )
    writer.section("parts", "Где группы набирают баллы")
    _noted(
        writer,
        "reserves",
        "С чем работать в каждой группе",
        (
            "«Уже выполняют» — решаемость от {{ settings.base_green }} %. Ближайший резерв — задания, в "
            "которых следующая "
            "по силе группа опережает эту больше всего: их и стоит отрабатывать с этой группой прежде остальных."
        ),
    )
    _noted(writer, "schools", "ОО по экзамену", _ORDER)
    writer.section("advice", "Что рекомендовано")
    _method(
        writer,
        (
            (
                "Решаемость.",
                (
                    "Сумма полученных баллов к сумме возможных у участников с баллом за задание. Максимум взят "
                    "из маски "
                    "протокола; если она его не печатает — наибольший полученный балл."
                ),
            ),
            (
                "Группы.",
                "ЕГЭ: ниже минимума, от минимума до 60, 61–80, 81–100 баллов; экзамены с отметкой — по отметкам.",
            ),
            _INTERVALS,
            _COMPARISON,
            _NOT_HERE,
        ),
    )
    writer.signature("Анализ подготовил: ____________________ / ____________________ /")
    writer.provenance()


def _preparation(writer: Writer) -> None:
    writer.title_page(_UNITS["municipality"], "{{ school_year }} учебный год")
    _main(writer)
    writer.section("documents", "Документы")
    _noted(
        writer,
        "trials",
        "Пробные экзамены",
        (
            "Пробный и настоящий экзамены различаются материалами и проверкой: близкие доли говорят, что пробный верно "
            "предсказывал, далёкие — что группу риска он назвал неточно. До {{ settings.claim_from }} "
            "участников доли не "
            "приводятся."
        ),
    )
    writer.section("schedule", "График процедур")
    writer.section("choice", "Выбор предметов")
    writer.section("admission", "Допуск к экзаменам")
    writer.section("measures", "Меры подготовки")
    _noted(
        writer,
        "observers",
        "Наблюдатели",
        "По реестру наблюдателей: человек, бывший на нескольких экзаменах, посчитан на каждом.",
    )
    writer.section("experts", "Проверка работ")
    writer.section("violations", "Нарушения порядка")
    writer.section("appeals", "Апелляции")
    _noted(
        writer,
        "risk",
        "Зона риска",
        "Экзамен ниже порога и место в перечне — повод помочь, а не оценка ОО.",
    )
    writer.section("advice_9", "Что рекомендовано по итогам ГИА-9")
    writer.section("advice_11", "Что рекомендовано по итогам ГИА-11")
    writer.section("talk", "Тезисы выступления на совещании руководителей")
    _method(writer, (_SOURCES, _INTERVALS, _COMPARISON, _NOT_HERE))
    writer.signature(_SIGNATURE)
    writer.provenance()


TEMPLATES: Final[Mapping[str, Template]] = {
    "oge_note_municipality": Template(partial(_note, "municipality", "9")),
    "oge_note_school": Template(partial(_note, "school", "9")),
    "ege_note_municipality": Template(partial(_note, "municipality", "11")),
    "ege_note_school": Template(partial(_note, "school", "11")),
    "exam_subject_analysis": Template(_subject),
    "exam_preparation_note": Template(_preparation),
}
