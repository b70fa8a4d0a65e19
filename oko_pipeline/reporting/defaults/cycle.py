"""Default templates of the documents of the management cycle: reports, plans, letters and drafts."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_MUNICIPALITY: Final = "{{ unit_name }} ({{ unit_code }})"
_SCHOOL: Final = "{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}"
_YEAR: Final = "{{ school_year }} учебный год"
_HEAD_SIGNS: Final = "Руководитель ____________________ / ____________________ /"
_MADE_BY: Final = "Исполнитель ____________________, тел. ____________________"


def _kept(writer: Writer, text: str, style: str) -> None:
    """Write a paragraph that stays on one page with what follows: no signature or note stands alone on a page."""
    writer.add(text, style).paragraph_format.keep_with_next = True


def _quality_letter(writer: Writer) -> None:
    writer.outgoing("Руководителю", "{{ unit_name }}")
    writer.add("{{ title }}", "Title")
    writer.add("Уважаемый руководитель!", "ОКО Титул")
    writer.section("summary", "", level=0)
    writer.add(
        "Просим исправить данные за {{ school_year }} учебный год в тех же файлах и прислать их до "
        "{{ stamp.answer_by }} Если данные верны, ответьте письмом и поясните почему. Строки с ошибками не входят в "
        "расчёты, пока не исправлены; о предупреждениях решает тот, кто заполнял файл. Новая версия файла заменит "
        "прежнюю целиком.",
        "ОКО Текст",
    )
    writer.add("Что и где исправить, перечислено в приложении.", "ОКО Текст")
    writer.tag("if workbooks")
    writer.add("К письму приложены также книги: в них отмечены ячейки с замечаниями Вашей организации.", "ОКО Ввод")
    writer.section("workbooks", "", level=0)
    writer.tag("endif")
    writer.signature(_HEAD_SIGNS, keeps_next=True)
    writer.signature(_MADE_BY, keeps_next=True)
    writer.provenance_note()
    writer.add("Приложение. Перечень замечаний", "ОКО Приложение")
    writer.section("findings", "", level=0)


def _recommendations_letter(writer: Writer) -> None:
    _draft_mark(writer)
    writer.outgoing("Руководителю", "{{ unit_name }}")
    writer.add("{{ title }}", "Title")
    writer.add("Уважаемый руководитель!", "ОКО Титул")
    writer.section("summary", "", level=0)
    writer.add(
        "Рекомендации составлены по итогам {{ school_year }} учебного года. Просим рассмотреть их с теми, кому они "
        "адресованы, и до {{ stamp.answer_by }} внести ответ в форму «Управление качеством образования», лист "
        "«Рекомендации»: принята, принята с изменениями, отклонена — и почему. Причины в рекомендациях названы "
        "предположительно: их проверяет адресат. Рекомендации не служат оценке работы людей и сравнению "
        "организаций.",
        "ОКО Текст",
    )
    writer.signature(_HEAD_SIGNS, keeps_next=True)
    writer.signature(_MADE_BY, keeps_next=True)
    writer.provenance_note()
    writer.add("Приложение. Рекомендации", "ОКО Приложение")
    writer.section("recommendations", "", level=0)


def _draft_mark(writer: Writer) -> None:
    writer.add("ПРОЕКТ", "ОКО Гриф")


def _order(unit: str, writer: Writer) -> None:
    _draft_mark(writer)
    writer.letterhead()
    if unit == "school":
        writer.add("{{ unit_name }}", "Subtitle")
    writer.add("ПРИКАЗ", "Title")
    writer.add("«____» ______________ 20___ г. № ________", "ОКО Титул")
    writer.add("{{ title }}", "Subtitle")
    writer.add(
        "По итогам анализа результатов {{ school_year }} учебного года{{ basis }} и на основании адресных рекомендаций",
        "ОКО Ввод",
    )
    writer.lead("ПРИКАЗЫВАЮ:", "", "ОКО Ввод")
    writer.tag("for point in points")
    writer.add("{{ point.text }}", "ОКО Ввод")
    writer.add("{{ point.terms }}", "ОКО Примечание")
    writer.tag("endfor")
    _kept(writer, "{{ control_number }}. Контроль за исполнением приказа оставляю за собой.", "ОКО Текст")
    writer.signature("{{ approval_position }} ____________________ / ____________________ /", keeps_next=True)
    writer.tag("if proposals_note")
    _kept(writer, "{{ proposals_note }}", "ОКО Примечание")
    writer.tag("endif")
    writer.provenance_note()
    writer.tag("if sheet")
    writer.lead("С приказом ознакомлены", "", "ОКО Ввод")
    writer.table_caption("{{ sheet.title }}")
    writer.block("sheet")
    writer.tag("endif")


def _protocol(body: str, writer: Writer) -> None:
    _draft_mark(writer)
    writer.letterhead()
    writer.add("{{ unit_name }}", "Subtitle")
    writer.add("{{ title }}", "Title")
    writer.add("по итогам {{ school_year }} учебного года", "ОКО Титул")
    writer.add("«____» ______________ 20___ г. № ________", "ОКО Титул")
    for line in (
        f"Председатель {body}: ____________________",
        "Секретарь: ____________________",
        "Присутствовали: ____ чел. (список прилагается)",
        "Приглашены: ____________________",
    ):
        writer.add(line, "Normal")
    writer.lead("Повестка дня", "", "ОКО Ввод")
    writer.tag("for line in agenda")
    writer.add("{{ line }}", "ОКО Текст")
    writer.tag("endfor")
    writer.tag("for question in questions")
    writer.add("{{ question.title }}", "Heading 1")
    writer.add("СЛУШАЛИ: ____________________.", "ОКО Ввод")
    writer.tag("for line in question.heard")
    writer.add("{{ line }}", "List Bullet")
    writer.tag("endfor")
    writer.add("ВЫСТУПИЛИ: ____________________.", "ОКО Текст")
    writer.tag("if question.decided")
    writer.add("РЕШИЛИ:", "ОКО Ввод")
    writer.tag("for point in question.decided")
    writer.add("{{ point.text }}", "ОКО Ввод")
    writer.add("{{ point.terms }}", "ОКО Примечание")
    writer.tag("endfor")
    writer.add("Голосовали: «за» — ____, «против» — ____, воздержались — ____.", "ОКО Текст")
    writer.tag("endif")
    writer.tag("endfor")
    writer.tag("if proposals_note")
    _kept(writer, "{{ proposals_note }}", "ОКО Примечание")
    writer.tag("endif")
    writer.signature("Председатель ____________________ / ____________________ /", keeps_next=True)
    writer.signature("Секретарь ____________________ / ____________________ /", keeps_next=True)
    writer.provenance_note()


def _talk(writer: Writer) -> None:
    _draft_mark(writer)
    writer.letterhead()
    writer.add("{{ title }}", "Title")
    writer.add("{{ unit_name }}", "Subtitle")
    writer.add(_YEAR, "ОКО Титул")
    writer.add(
        "Номер заголовка — номер слайда; слово в скобках говорит, насколько вывод надёжен. Показывайте графики из "
        "справок; школы, классы и людей не сравнивайте.",
        "ОКО Примечание",
    )
    writer.tag("for slide in slides")
    writer.add("{{ slide.title }}", "Heading 1")
    writer.tag("for point in slide.points")
    writer.add("{{ point }}", "List Bullet")
    writer.tag("endfor")
    writer.tag("if slide.note")
    writer.add("{{ slide.note }}", "ОКО Примечание")
    writer.tag("endif")
    writer.tag("endfor")
    writer.provenance_note()


def _wide_appendix(writer: Writer, name: str, heading: str) -> None:
    """Write a section as an appendix on landscape pages, its heading too."""
    writer.tag(f"if {name}")
    writer.end_section(landscape=False)
    writer.add(heading, "ОКО Приложение")
    writer.section(name, "", level=0)
    writer.end_section(landscape=True)
    writer.tag("endif")


def _expected(writer: Writer) -> None:
    writer.title_page(_MUNICIPALITY, _YEAR)
    writer.section("summary", "Главное")
    writer.landscape(("goals", "Цели и нормы"))
    writer.tag("if goals")
    writer.add(
        "Цель — значение, утверждённое в реестре показателей, плановое значение плана или норма каталога показателей, "
        "в этом порядке. Цель достигнута, когда не хуже неё весь 95-процентный интервал, и не достигнута, когда весь "
        "он хуже; между ними сказать нельзя. По уровню ВПР и отметкам цели не поднимают. n — численность группы.",
        "ОКО Примечание",
    )
    writer.tag("endif")
    writer.section("programmes", "Выполнение программ")
    writer.signature()
    writer.tag("if others")
    writer.add("Приложение. Показатели без цели", "ОКО Приложение")
    writer.section("others", "", level=0)
    writer.tag("endif")
    writer.provenance()


def _roadmap(unit_line: str, writer: Writer) -> None:
    writer.title_page(unit_line, _YEAR)
    writer.section("summary", "Состояние исполнения")
    writer.add(
        "Выполнено — то, что посчитано по данным или отмечено в формах с подтверждением. Частично — когда чего-то из "
        "нужных данных или записей нет.",
        "ОКО Примечание",
    )
    writer.tag("if first")
    writer.add("Что закроет больше всего строк", "Heading 1")
    writer.add("Частично выполненным и просроченным строкам не хватает:", "ОКО Ввод")
    writer.section("first", "", level=0)
    writer.tag("endif")
    writer.section("overdue", "Просрочено")
    writer.section("aside", "Не применимо")
    if unit_line == _MUNICIPALITY:
        writer.section("schools", "Образовательные организации")
    writer.signature()
    if unit_line == _MUNICIPALITY:
        _wide_appendix(writer, "side", "Приложение. Муниципалитет и образовательные организации рядом")
    else:
        _wide_appendix(writer, "rows", "Приложение. Строки программы")
    writer.provenance()


def _self_assessment(unit_line: str, writer: Writer) -> None:
    writer.title_page(unit_line, _YEAR)
    writer.section("summary", "Главное")
    writer.section("first", "Что проверить в первую очередь")
    writer.section("negative", "Чего быть не должно")
    writer.add(
        "Критерии 10 и 17 отрицательные: они выполнены, когда нарушений нет. Показатели и решения на уровне баллов ВПР "
        "и отметок побуждают завышать результаты.",
        "ОКО Примечание",
    )
    writer.section("criteria", "Критерии")
    if unit_line == _MUNICIPALITY:
        writer.section("schools", "Самооценка образовательных организаций")
    writer.signature()
    writer.provenance()


def _next_roadmap(unit_line: str, writer: Writer) -> None:
    writer.title_page(unit_line, "Составлен по итогам {{ school_year }} учебного года")
    writer.section("summary", "Что даёт анализ года")
    writer.section("goals", "Цели")
    writer.section("indicators", "Показатели")
    writer.section("new", "Новые мероприятия")
    writer.section("carried", "Переносится с прошлого года")
    writer.section("measures", "Меры")
    writer.tag("if repeated")
    writer.add("Рекомендации, которые повторяются", "Heading 1")
    writer.add("На них нет ответа, решения или меры:", "ОКО Ввод")
    writer.section("repeated", "", level=0)
    writer.tag("endif")
    writer.add(
        "План составлен программой по итогам года; решение о каждой строке принимает тот, кто его утверждает. "
        "Постоянные обязанности по программам стоят в приложении.",
        "ОКО Примечание",
    )
    writer.signature()
    _wide_appendix(writer, "duties", "Приложение. Строки программ и их сроки")
    writer.provenance()


def _effectiveness(unit_line: str, writer: Writer) -> None:
    writer.title_page(unit_line, _YEAR)
    writer.section("summary", "Главное")
    writer.section("effects", "Эффект мер")
    writer.landscape(("judged", "Меры, об эффекте которых есть данные"))
    writer.tag("if effects")
    writer.add(
        "«Без меры» — изменение, которое было бы у этих ОО, если бы они менялись как сопоставимые с тем же стартом (с "
        "поправкой на возврат к среднему). Эффект — изменение сверх этого; изменения долей — в процентных пунктах. "
        "Мера действенна, когда ноль вне интервала и ожидаемое достигнуто. Порядок строк — по владельцу и номеру меры.",
        "ОКО Примечание",
    )
    writer.tag("endif")
    writer.section("unknown", "О чём сказать нельзя")
    writer.tag("if unknown")
    writer.add(
        "«Не хватает данных» — обычный ответ: он не значит, что мера не действует. Чтобы ответ появился, мере нужны "
        "целевой показатель, данные за год до неё и после, не меньше десяти участников и ОО для сравнения.",
        "ОКО Примечание",
    )
    writer.tag("endif")
    writer.section("persons", "Выводы людей")
    writer.section("came", "Выводы прошлого года")
    writer.section("opening", "Открытие следующего года")
    writer.signature()
    writer.provenance()


_FOOTER: Final = "{{ title }}. {{ unit_name }}"
_DRAFT_FOOTER: Final = "Проект. {{ title }}. {{ unit_name }}"
TEMPLATES: Final[Mapping[str, Template]] = {
    "quality_letter": Template(_quality_letter, _FOOTER),
    "expected_results": Template(_expected, _FOOTER),
    "roadmap_report": Template(partial(_roadmap, _MUNICIPALITY), _FOOTER),
    "roadmap_report_school": Template(partial(_roadmap, _SCHOOL), _FOOTER),
    "self_assessment_municipality": Template(partial(_self_assessment, _MUNICIPALITY), _FOOTER),
    "self_assessment_school": Template(partial(_self_assessment, _SCHOOL), _FOOTER),
    "next_roadmap_municipality": Template(partial(_next_roadmap, _MUNICIPALITY), _FOOTER),
    "next_roadmap_school": Template(partial(_next_roadmap, _SCHOOL), _FOOTER),
    "draft_order": Template(partial(_order, "municipality"), _DRAFT_FOOTER),
    "draft_order_school": Template(partial(_order, "school"), _DRAFT_FOOTER),
    "draft_letter": Template(_recommendations_letter, _DRAFT_FOOTER),
    "draft_protocol": Template(partial(_protocol, "совещания"), _DRAFT_FOOTER),
    "draft_protocol_school": Template(partial(_protocol, "педагогического совета"), _DRAFT_FOOTER),
    "talk_outline": Template(_talk, _DRAFT_FOOTER),
    "talk_outline_school": Template(_talk, _DRAFT_FOOTER),
    "effectiveness_review": Template(partial(_effectiveness, _MUNICIPALITY), _FOOTER),
    "effectiveness_review_school": Template(partial(_effectiveness, _SCHOOL), _FOOTER),
}
