"""Default templates of the documents about schools with low results: notes of three rounds, programmes, pairs."""

from collections.abc import Mapping
from typing import Final

from oko_pipeline.reporting.defaults.writer import Template, Writer

_NOT_A_VERDICT: Final = (
    "Признак низких результатов — повод разобраться в условиях и помочь, а не оценка ОО и её педагогов. ОО стоят в "
    "порядке кодов; ранжировать их нельзя. При 15 участниках доля 30 % — это интервал от 13 до 57 %."
)
_METHOD: Final = (
    (
        "Критерий.",
        (
            " Процедура засчитана, если участников не меньше, чем требует набор правил, а доля не преодолевших "
            "минимум не ниже порога. «С учётом случайности» — порог достигнут и по нижней границе 95-процентного "
            "интервала. Если процедур с достаточным числом участников нет, ответа нет: пусто — не «нет»."
        ),
    ),
    (
        "Условия.",
        (
            " Индекс социального благополучия: среднее 50, стандартное отклонение 10, больше — благополучнее; нижняя "
            "треть — трудные условия. Он говорит об условиях, а не о качестве работы."
        ),
    ),
    (
        "Рисковый профиль.",
        (
            " Фактор сравнивается со всеми ОО года: хуже, чем у девяти из десяти, — высокая значимость, чем у трёх "
            "из четырёх — средняя. Фактор — предположение о причине; самодиагностика ОО важнее косвенных признаков."
        ),
    ),
    (
        "План, факт, динамика.",
        (
            " Динамика — изменение от входного этапа с учётом того, больше или меньше должен становиться показатель. "
            "Изменение — ещё не доказанный эффект помощи: для этого нужна группа сравнения."
        ),
    ),
    (
        "Изменение результатов.",
        (
            " Сравнивается положение ОО среди всех ОО, потому что работы разных лет по трудности не выровнены. "
            "«Лучше» и «хуже» — 95-процентный интервал изменения не содержит нуля. «Подтверждено» — вывод остаётся и "
            "с учётом числа сравнений: ложных среди подтверждённых в среднем не больше 5 %."
        ),
    ),
)


def _head(writer: Writer) -> None:
    writer.title_page("{{ unit_name }} ({{ unit_code }})", "{{ school_year }} учебный год")
    writer.section("sections.main", "Главное")
    writer.add(_NOT_A_VERDICT, "ОКО Примечание")


def _tail(writer: Writer) -> None:
    writer.section("sections.unknown", "Чего мы не знаем")
    writer.signature("Справку составил: ____________________ / ____________________ /")
    writer.add("Приложение. Как это посчитано", "ОКО Приложение")
    for title, text in _METHOD:
        writer.lead(title, text, "ОКО Текст")
    writer.provenance()


def _write_input(writer: Writer) -> None:
    _head(writer)
    writer.section("sections.schools", "Кому нужна поддержка")
    writer.section("sections.recommendations", "Что сделать")
    writer.section("sections.criteria", "Критерии")
    writer.section("sections.sensitivity", "Насколько перечень зависит от порогов")
    writer.section("sections.procedures", "Результаты процедур")
    writer.section("sections.diagnostics", "Независимая диагностика")
    writer.section("sections.social", "Условия")
    writer.section("sections.risk", "Рисковый профиль")
    writer.section("sections.resilience", "Результаты с поправкой на условия")
    writer.section("sections.staff", "Кадры и обучение")
    writer.section("sections.aid", "Какая помощь нужна")
    writer.section("sections.plan", "Программы: с чем начали год")
    _tail(writer)


def _write_interim(writer: Writer) -> None:
    _head(writer)
    writer.section("sections.recommendations", "Что исправить")
    writer.section("sections.plan", "План и факт")
    writer.section("sections.individual", "Индивидуальные планы")
    writer.section("sections.diagnostics", "Независимая диагностика")
    writer.section("sections.aid", "Помощь")
    writer.section("sections.staff", "Кадры и обучение")
    writer.section("sections.measures", "Меры")
    _tail(writer)


def _write_final(writer: Writer) -> None:
    _head(writer)
    writer.section("sections.dynamics", "Динамика результатов")
    writer.section("sections.recommendations", "Что сделать в новом году")
    writer.section("sections.plan", "План и факт за год")
    writer.section("sections.procedures", "Результаты процедур")
    writer.section("sections.diagnostics", "Независимая диагностика")
    writer.section("sections.individual", "Индивидуальные планы")
    writer.section("sections.measures", "Меры и их действенность")
    writer.section("sections.staff", "Кадры и компетенции")
    writer.section("sections.resilience", "Результаты с поправкой на условия")
    _tail(writer)


def _write_programme(writer: Writer) -> None:
    writer.letterhead()
    for line in ("УТВЕРЖДАЮ", "{{ approval_position }}", "____________ / ____________________ /"):
        writer.add(line, "ОКО Гриф")
    writer.add("{{ title }}", "Title")
    writer.add("{{ unit_name }} ({{ unit_code }}), {{ municipality_name }}", "Subtitle")
    writer.add("{{ school_year }} учебный год", "ОКО Титул")
    writer.add(
        (
            "Основа программы: известное вписано из данных, остальное ОО заполняет сама. Данные не знают причин — их "
            "называет ОО."
        ),
        "ОКО Примечание",
    )
    writer.section("sections.passport", "Паспорт")
    writer.section("sections.reason", "Почему нужна программа")
    writer.section("sections.risks", "Риски")
    writer.section("sections.goals", "Цели")
    writer.section("sections.indicators", "Показатели")
    writer.section("sections.advice", "Что рекомендует анализ")
    writer.section("sections.measures", "Меры")
    writer.section("sections.aid", "Какая помощь нужна")
    writer.section("sections.partners", "У кого учиться")
    writer.section("sections.rounds", "Этапы мониторинга")
    writer.signature("Руководитель ОО: ____________________ / ____________________ /")
    writer.provenance()


def _write_pairs(writer: Writer) -> None:
    writer.letterhead()
    writer.add("{{ title }}", "Title")
    writer.add("{{ unit_name }} ({{ unit_code }})", "Subtitle")
    writer.add("{{ school_year }} учебный год", "ОКО Титул")
    writer.section("sections.main", "Главное")
    writer.add(
        "Пара — предложение для разговора, договариваются люди. Партнёр выбран по сходству условий среди ОО, чьи "
        "результаты доказанно выше ожидаемых; партнёры стоят в порядке кодов. Прежде чем изучать опыт, посмотрите "
        "карточку объективности.",
        "ОКО Примечание",
    )
    writer.tag("if pairs")
    writer.add("Возможные пары", "Heading 1")
    writer.tag("for pair in pairs")
    writer.add("{{ pair.title }}", "Heading 2")
    writer.section("pair.section", "", level=0)
    writer.tag("endfor")
    writer.tag("endif")
    writer.section("alone", "Для кого партнёр не нашёлся")
    writer.section("sections.agreed", "Что уже договорено")
    writer.signature("Составил: ____________________ / ____________________ /")
    writer.provenance()


TEMPLATES: Final[Mapping[str, Template]] = {
    "low_results_input": Template(_write_input),
    "low_results_interim": Template(_write_interim),
    "low_results_final": Template(_write_final),
    "low_results_programme": Template(_write_programme),
    "school_pairs": Template(_write_pairs),
}
