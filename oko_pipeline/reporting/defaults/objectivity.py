"""Default templates of the documents about objectivity: note, card, invitation, form of causes, olympiads."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_NEVER_PROOF: Final = (
    "Признак или сигнал — повод посмотреть работы, условия и состав участников и выслушать ОО. Он не доказывает "
    "искажения результатов и не относится к отдельному учителю. Перечни стоят в порядке кодов; ранжировать ОО по "
    "признакам нельзя."
)
_LEVELS: Final = (
    (
        "Уровень доказательности.",
        (
            " Говорит, насколько необходим разбор, а не насколько велико искажение. «Низкий» — одно семейство "
            "сигналов за год или только официальный признак. «Средний» — два семейства за год либо семейство, "
            "повторившееся в двух из трёх последних лет. «Высокий» — три семейства за год либо два, каждое из которых "
            "повторилось."
        ),
    ),
    (
        "Официальные признаки.",
        (
            " Методика ФИОКО «Уровень объективности оценки образовательных результатов», 14 признаков: завышенный "
            "средний балл (1–6), несоответствие школьным отметкам (7–10), резкое возрастание или падение результатов "
            "одних и тех же детей (11–14). Средний балл выше регионального бывает у 13–22 % ОО по каждой работе, "
            "прежде всего там, где обучающиеся хорошо подготовлены."
        ),
    ),
    (
        "Независимые сигналы.",
        (
            " ОО сравнивается с сопоставимыми ОО, а если их мало — с регионом; из разности вычитается обычное "
            "различие между ОО. n — число работ (пар, отсутствовавших); q — доля ложных среди сигналов не слабее "
            "этого: «q = 0,03» значит «из ста таких сигналов случайны не больше трёх». Меньше 10 работ — вывода нет."
        ),
    ),
    (
        "Коды.",
        (
            " «П» и номер — официальный признак. «С» и номер — сигнал; дальше класс, предмет и кампания (о — осень, з "
            "— зима, в — весна). По коду ОО отвечает на признак в форме «Объективность», лист «Ответы на признаки»."
        ),
    ),
)
_TALK_LINE: Final = "____________________"


def _method(writer: Writer) -> None:
    writer.add("Приложение. Как читать признаки и сигналы", "ОКО Приложение")
    _levels(writer)


def _levels(writer: Writer) -> None:
    for title, text in _LEVELS:
        writer.lead(title, text, "ОКО Текст")


def _write_note(writer: Writer) -> None:
    writer.title_page("{{ unit_name }} ({{ unit_code }})", "{{ school_year }} учебный год")
    writer.section("sections.main", "Главное")
    writer.add(_NEVER_PROOF, "ОКО Примечание")
    writer.section("sections.recommendations", "Что сделать")
    writer.section("sections.official", "Официальные признаки")
    writer.section("sections.signals", "Независимые сигналы")
    writer.landscape(("sections.schools", "ОО, которым нужен дополнительный разбор"))
    writer.tag("if schools")
    writer.add("Признаки и сигналы этих ОО", "Heading 1")
    writer.tag("for school in schools")
    writer.add("{{ school.title }}", "Heading 2")
    writer.section("school.section", "", level=0)
    writer.tag("endfor")
    writer.tag("endif")
    writer.section("sections.lists", "Внешние перечни")
    writer.section("sections.independent", "Независимые диагностики")
    writer.section("sections.recheck", "Перепроверка")
    writer.section("sections.replies", "Что ответили ОО")
    writer.section("sections.conduct", "Как шли процедуры")
    writer.section("sections.measures", "Меры")
    writer.section("sections.unknown", "Чего мы не знаем")
    writer.signature("Справку составил: ____________________ / ____________________ /")
    _method(writer)
    writer.provenance()


def _write_card(writer: Writer) -> None:
    _school_head(writer)
    writer.section("sections.main", "Главное")
    writer.section("sections.official", "Официальные признаки")
    writer.section("sections.signals", "Независимые сигналы")
    writer.section("sections.lists", "Внешние перечни")
    writer.section("sections.recheck", "Перепроверка")
    writer.section("sections.reply", "Что ОО уже ответила")
    writer.section("sections.recommendations", "Что сделать")
    writer.section("sections.unknown", "Чего мы не знаем")
    writer.add("Как ответить", "Heading 1")
    writer.add(
        "В течение месяца заполните в форме «Объективность» лист «Ответы на признаки»: код признака из этой "
        "карточки, согласна ли ОО, чем объясняет, какие есть доказательства. Причины и условия вносятся на лист "
        "«Причины» в сентябре.",
        "ОКО Текст",
    )
    writer.add("Как читать признаки и сигналы", "Heading 1")
    _levels(writer)
    writer.provenance()


def _school_head(writer: Writer) -> None:
    writer.letterhead()
    writer.add("{{ title }}", "Title")
    writer.add("{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}", "Subtitle")
    writer.add("{{ school_year }} учебный год", "ОКО Титул")


def _write_invitation(writer: Writer) -> None:
    writer.letterhead()
    writer.add("Руководителю\n{{ unit_name }}", "ОКО Гриф")
    writer.add("____________________ № ____________________", "Normal")
    writer.add("{{ title }}", "Title")
    writer.add(
        "Приглашаем Вас ____ августа {{ talk_year }} г. в ____ ч. ____ мин. на собеседование о результатах "
        "оценочных процедур "
        "{{ school_year }} учебного года. Цель — понять, чем объясняются признаки, которые отметил анализ, и "
        "договориться, "
        "какая помощь нужна ОО.",
        "ОКО Текст",
    )
    writer.lead("Что отмечено", " (подробно — в карточке объективности):")
    writer.section("sections.signs", "", level=0)
    writer.add(_NEVER_PROOF, "ОКО Примечание")
    writer.lead("О чём пойдёт разговор:", "")
    writer.section("sections.questions", "", level=0)
    writer.add(
        "Возьмите с собой работы этих классов, протоколы проверки, приказ об организации процедуры, сведения об "
        "отсутствовавших и любые документы, которые объясняют результат.",
        "ОКО Текст",
    )
    writer.signature("____________________ / ____________________ /")
    writer.add("Протокол собеседования", "ОКО Приложение")
    writer.add("{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}", "Subtitle")
    writer.add("«____» августа {{ talk_year }} г. № ______", "ОКО Титул")
    writer.add(f"Присутствовали (должности): {_TALK_LINE}{_TALK_LINE}", "Normal")
    writer.section("sections.protocol", "", level=0)
    writer.section("sections.decisions", "", level=0)
    writer.signature("Председатель: ____________________ / ____________________ /")
    writer.signature("Руководитель ОО: ____________________ / ____________________ /")
    writer.provenance()


def _write_causes(writer: Writer) -> None:
    _school_head(writer)
    writer.add(
        "Форма на сентябрь. Признаки вписаны из карточки; ОО отвечает на каждый и называет причины. Причина — "
        "предположение, пока её не подтвердит документ. Фамилии обучающихся и педагогов не вписывайте.",
        "ОКО Ввод",
    )
    writer.section("sections.signs", "Признаки и ответ ОО")
    writer.section("sections.explanations", "Чем ОО может объяснить", level=2)
    writer.section("sections.causes", "Причины")
    writer.section("sections.subjective", "Субъективные причины (из списка формы)", level=2)
    writer.section("sections.objective", "Объективные причины и условия (из списка формы)", level=2)
    writer.section("sections.measures", "Меры ОО")
    writer.signature("Руководитель ОО: ____________________ / ____________________ /")
    writer.provenance()


def _write_olympiad(writer: Writer) -> None:
    writer.title_page("{{ unit_name }} ({{ unit_code }})", "{{ school_year }} учебный год")
    writer.section("sections.main", "Главное")
    writer.add(
        "Участие считается по каждому предмету отдельно: один обучающийся, писавший три предмета, — три участия. "
        "Олимпиады пишут желающие, поэтому доли победителей не показывают, как учат в ОО.",
        "ОКО Примечание",
    )
    writer.tag("if stages")
    writer.add("Этапы", "Heading 1")
    writer.tag("for stage in stages")
    writer.add("{{ stage.title }}", "Heading 2")
    writer.section("stage.section", "", level=0)
    writer.tag("endfor")
    writer.tag("endif")
    writer.section("sections.tasks", "Выполнение заданий")
    writer.section("sections.appeals", "Апелляции")
    writer.section("sections.violations", "Нарушения порядка")
    writer.section("sections.gaps", "Где олимпиада и ВПР рассказывают разное")
    writer.section("sections.unknown", "Чего мы не знаем")
    writer.signature("Справку составил: ____________________ / ____________________ /")
    writer.provenance()


TEMPLATES: Final[Mapping[str, Template]] = {
    "objectivity_note": Template(_write_note),
    "objectivity_card": Template(_write_card),
    "objectivity_invitation": Template(_write_invitation),
    "objectivity_causes": Template(_write_causes),
    "olympiad_note": Template(_write_olympiad),
}
