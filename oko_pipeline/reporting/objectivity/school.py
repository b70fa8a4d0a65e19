"""Contexts of a school's documents: card of objectivity, invitation to a talk with its protocol, form of causes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from oko_pipeline.catalogue.keys import previous_school_year
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.objectivity.note_evidence import group_text
from oko_pipeline.reporting.objectivity.note_procedure import recommendation_points
from oko_pipeline.reporting.objectivity.signs import (
    IN_QUESTION,
    families_ru,
    found_signals,
    found_signs,
    sign_code,
    sign_text,
    sign_value,
    signal_caution,
    signal_place,
    signal_sureness,
    signal_text,
    signal_title,
    signal_value,
)
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_YEARS_BEFORE: Final = 2
_STATES: Final = {
    "sign": "есть",
    "no_sign": "нет",
    "insufficient": "мало данных",
    "no_data": "нет данных",
}
_ANSWERS: Final = "да / частично / нет / проверяет"
_EMPTY_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class _Case:
    """A school in question: its card, signs and signals."""

    area: Area
    code: str
    card: Row
    signs: list[Row]
    signals: list[Row]

    @classmethod
    def of(cls, data: CycleData, card: Row) -> Self:
        code = str(card["school_code"])
        school = data.row("schools", school_code=code)
        municipality = "" if school is None else str(school["municipality_code"])
        area = Area(data, Figures(), municipality, {code: data.unit_name("school", code)})
        signs = found_signs(data.rows("objectivity_signs", school_code=code))
        return cls(area, code, card, signs, found_signals(data.rows("objectivity_signals", school_code=code)))

    @property
    def figures(self) -> Figures:
        return self.area.figures

    @property
    def data(self) -> CycleData:
        return self.area.data


def objectivity_cards(data: CycleData) -> Iterator[Content]:
    """Make a card of each school whose results need a closer look."""
    return _documents(data, _card_context)


def objectivity_invitations(data: CycleData) -> Iterator[Content]:
    """Make an invitation to the talk, with the protocol to fill in, for each such school."""
    return _documents(data, _invitation_context)


def objectivity_causes(data: CycleData) -> Iterator[Content]:
    """Make the form of causes for each such school, with its signs filled in."""
    return _documents(data, _causes_context)


def _documents(data: CycleData, make: Callable[[_Case], Context]) -> Iterator[Content]:
    cards = data.rows("objectivity_cards", evidence_level=IN_QUESTION)
    for card in sorted(cards, key=lambda one: one["school_code"]):
        case = _Case.of(data, card)
        yield Content(case.code, finished(make(case), data, case.figures))


def _card_context(case: _Case) -> Context:
    sections = {
        "main": _card_main(case),
        "official": _card_official(case),
        "signals": _card_signals(case),
        "lists": _card_lists(case),
        "unknown": _card_unknown(case),
        "recheck": _card_recheck(case),
        "reply": _card_reply(case),
        "recommendations": section(points=recommendation_points(case.figures, _own_recommendations(case))),
    }
    title = "Карточка объективности результатов"
    return {**heading(case.data, "school", case.code, title), "sections": sections}


def _own_recommendations(case: _Case) -> Sequence[Row]:
    return case.data.rows("recommendations", unit_level="school", unit_code=case.code, direction="objectivity")


def _card_main(case: _Case) -> Spec | None:
    figures, card = case.figures, case.card
    works = figures.counted(card, "participants_count", ("работа", "работы", "работ"))
    text = [
        (
            f"Уровень доказательности — {card['evidence_level']}. {figures.text(card, 'basis_ru')}. За год в ОО "
            f"{works}; официальных признаков {figures.whole(card, 'official_signs_count')} из "
            f"{figures.whole(card, 'official_computed_count')} посчитанных, независимых сигналов "
            f"{figures.whole(card, 'signals_count')}."
        ),
        group_text(case.area, card),
    ]
    repeated = families_ru(card["persistent_families"])
    if repeated:
        text.append(f"За последние годы повторились: {ru.listed(repeated)}.")
    earlier = _earlier(case)
    if earlier:
        text.append(f"Раньше: {earlier}.")
    text.append(str(card["wording_ru"]))
    return section(text=text)


def _earlier(case: _Case) -> str:
    told: list[str] = []
    year = case.data.school_year
    for _ in range(_YEARS_BEFORE):
        year = previous_school_year(year)
        card = next(iter(case.data.rows("objectivity_cards", school_year=year, school_code=case.code)), None)
        if card is not None and card["evidence_level"] != "нет данных":
            told.append(f"{ru.school_year_words(year)} — {card['evidence_level']}")
    return "; ".join(told)


def _card_official(case: _Case) -> Spec | None:
    columns = [
        ("Код", 0.8, "text"),
        ("Признак", 4.4, "text"),
        ("Итог", 1.4, "text"),
        ("Числа", 5.4, "text"),
    ]
    signs = case.data.rows("objectivity_signs", school_code=case.code)
    known = [one for one in signs if one["state"] != "no_data"]
    rows = [
        row(
            sign_code(one),
            case.figures.text(one, "sign_title_ru"),
            _STATES[one["state"]],
            ru.sentence_start(sign_value(case.figures, one)),
            kind="own" if one["state"] == "sign" else "plain",
        )
        for one in sorted(known, key=lambda one: one["sign_number"])
    ]
    unknown = [str(one["sign_number"]) for one in sorted(signs, key=lambda one: one["sign_number"]) if one not in known]
    text = [f"Не посчитаны признаки {', '.join(unknown)}: работ или результатов нет."] if unknown and rows else []
    return section(text=text, tables=[table("Официальные признаки", columns, rows)])


def _card_signals(case: _Case) -> Spec | None:
    columns = [
        ("Код", 19, "text"),
        ("Сигнал", 34, "text"),
        ("Работа", 32, "text"),
        ("Что видно", 38, "text"),
        ("n, q", 22, "text"),
        ("С кем сравнение", 29, "text"),
    ]
    found = [one for one in case.signals if one["signal_code"] != "external_list"]
    rows = [
        row(
            sign_code(one),
            signal_title(one["signal_code"]),
            ru.sentence_start(signal_place(one)),
            ru.sentence_start(signal_value(case.figures, one)),
            signal_sureness(case.figures, one),
            _peers(case, one),
        )
        for one in found
    ]
    codes = list(dict.fromkeys(str(one["signal_code"]) for one in found))
    points = [f"{signal_title(code)}: {_small(signal_caution(code))}" for code in codes]
    return section(points=points, tables=[table("Независимые сигналы", columns, rows)])


def _peers(case: _Case, signal: Row) -> str:
    if signal["peers_kind"] is None:
        return ru.DASH
    who = {"group": "сопоставимые", "region": "регион"}[signal["peers_kind"]]
    return f"{who}, {case.figures.whole(signal, 'peers_count')} ОО"


def _small(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _card_lists(case: _Case) -> Spec | None:
    listed = case.data.rows("external_lists", school_code=case.code)
    points = [
        f"{ru.sentence_start(answer_ru(one, 'list_kind'))}: {answer_ru(one, 'source')}, {one['list_year']}{ru.NBSP}г."
        + (f" Основание: {one['act']}." if one["act"] else "")
        for one in sorted(listed, key=lambda one: (str(one["list_kind"]), str(one["source"])))
    ]
    return section(points=points)


def _card_unknown(case: _Case) -> Spec | None:
    reasons = [part for part in case.figures.text(case.card, "unknown_ru").split("; ") if part]
    return section(points=[f"{ru.sentence_start(reason)}." for reason in reasons])


def _card_recheck(case: _Case) -> Spec | None:
    results = case.data.rows("recheck_results", unit_level="school", unit_code=case.code, assessment_id="all")
    selected = case.data.rows("recheck_selection", school_code=case.code)
    text: list[str] = []
    if selected:
        works = case.figures.total(selected, "selected_count", ("работа", "работы", "работ"))
        text.append(f"Для перепроверки в ОО отобрано {works}; какие именно, называет ведомость отбора.")
    for one in results:
        if not one["rechecked_count"]:
            continue
        share = case.figures.share_with_interval(one, "objective_share", "objective_low", "objective_high")
        text.append(
            f"Перепроверено {case.figures.whole(one, 'rechecked_count')} из "
            f"{case.figures.whole(one, 'selected_count')}; в пределах допуска — {share}{ru.NBSP}%."
        )
    return section(text=text)


def _card_reply(case: _Case) -> Spec | None:
    replies = case.data.rows("sign_replies", school_code=case.code)
    causes = case.data.rows("causes", school_code=case.code)
    points = [
        f"На признак ОО ответила: {answer_ru(one, 'answer')}; объяснение — {answer_ru(one, 'explanation')} "
        f"({day_ru(one['replied_on'])})."
        for one in sorted(replies, key=lambda one: str(one["replied_on"]))
    ]
    points += [
        f"Названа причина: {answer_ru(one, 'cause')} ({answer_ru(one, 'confidence')}; {answer_ru(one, 'named_by')})."
        for one in sorted(causes, key=lambda one: str(one["cause_number"]))
    ]
    return section(points=points)


def _invitation_context(case: _Case) -> Context:
    points = [f"{sign_code(one)}. {sign_text(case.figures, one)}." for one in case.signs]
    points += [f"{sign_code(one)}. {signal_text(case.figures, one)}." for one in case.signals]
    sections = {
        "signs": section(points=points),
        "questions": section(points=_questions(case)),
        "protocol": section(tables=[_protocol_table(case)]),
        "decisions": section(
            tables=[_blank_table("Решили", (("№", 0.6), ("Решение", 6.0), ("Кто отвечает", 2.6), ("Срок", 1.8)))]
        ),
    }
    title = "Приглашение на собеседование"
    return {
        **heading(case.data, "school", case.code, title),
        "sections": sections,
        "level": str(case.card["evidence_level"]),
        "talk_year": case.data.school_year[-4:],
    }


_QUESTIONS: Final = {
    "cutoffs": (
        "Как проверялись работы с баллами у границ отметок: кем, по каким критериям, были ли вторая проверка и "
        "решения комиссии?"
    ),
    "journal": (
        "Чем объясняется расхождение отметок за работу и в журнале: критериями, темами четверти, составом класса?"
    ),
    "tasks": (
        "Какие темы и приёмы повторяли перед работой, все ли задания были пройдены, кто сидел за какими вариантами?"
    ),
    "spread": "Насколько однороден класс по подготовке; как рассаживали участников и кто был в аудитории?",
    "attendance": "Кто не писал работу и по каким причинам; писали ли они её позже?",
    "procedures": "Как ОО сама объясняет, что процедуры расходятся: выбор предмета, отъезд обучающихся, разные классы?",
    "lists": "Какие меры приняты с тех пор, как ОО названа в перечне, и что они дали?",
}
_OFFICIAL_QUESTIONS: Final = {
    "high_mean": (
        "Чем объясняется результат выше регионального: составом обучающихся, программой, подготовкой, условиями "
        "проведения?"
    ),
    "journal_mismatch": _QUESTIONS["journal"],
    "cohort_rise": "Что изменилось у этих классов между работами: учитель, программа, состав, порядок проверки?",
    "cohort_drop": "Что изменилось у этих классов между работами: учитель, программа, состав, порядок проверки?",
}


def _questions(case: _Case) -> list[str]:
    asked = [_OFFICIAL_QUESTIONS[one["sign_kind"]] for one in case.signs]
    asked += [_QUESTIONS[one["family"]] for one in case.signals]
    return list(dict.fromkeys(asked))


def _protocol_table(case: _Case) -> Spec | None:
    columns = [
        ("Код", 1.2, "text"),
        ("О чём разговор", 3.8, "text"),
        ("Пояснение ОО", 4.4, "text"),
        ("Подтверждение (документ)", 3.0, "text"),
    ]
    rows = [row(sign_code(one), case.figures.text(one, "sign_title_ru"), "", "", kind="form") for one in case.signs]
    rows += [row(sign_code(one), _signal_name(one), "", "", kind="form") for one in case.signals]
    return table("Ход собеседования", columns, rows)


def _signal_name(signal: Row) -> str:
    title = signal_title(signal["signal_code"])
    return title if signal["signal_code"] == "external_list" else f"{title}: {signal_place(signal)}"


def _blank_table(title: str, columns: Sequence[tuple[str, float]], rows: int = _EMPTY_ROWS) -> Spec | None:
    """Return a table to fill in by hand; the first column numbers its rows."""
    empty = [row(str(number), *("" for _ in columns[1:]), kind="form") for number in range(1, rows + 1)]
    return table(title, [(text, weight, "text") for text, weight in columns], empty)


def _causes_context(case: _Case) -> Context:
    sections = {
        "signs": section(tables=[_reply_table(case)]),
        "causes": section(tables=[_causes_table(case)]),
        "subjective": section(points=_choices("causes", "cause", _SUBJECTIVE)),
        "objective": section(points=_choices("causes", "cause", _OBJECTIVE)),
        "explanations": section(text=[f"{ru.sentence_start(ru.listed(_choices('sign_replies', 'explanation')))}."]),
        "measures": section(
            tables=[
                _blank_table(
                    "Что ОО сделает",
                    (
                        ("№", 0.6),
                        ("Мера", 5.2),
                        ("Какую причину устраняет (№)", 2.4),
                        ("Кто отвечает", 2.2),
                        ("Срок", 1.6),
                    ),
                )
            ]
        ),
    }
    title = "Причины и условия, объясняющие признаки"
    return {**heading(case.data, "school", case.code, title), "sections": sections}


_SUBJECTIVE: Final = ("criteria", "own_class", "pressure", "appraisal", "leak", "preparation")
_OBJECTIVE: Final = (
    "no_experts",
    "no_observers",
    "no_anonymity",
    "technical",
    "small_class",
    "staff",
    "real_growth",
    "selected",
)


def _choices(register: str, column: str, codes: Sequence[str] = ()) -> list[str]:
    labels = record_tables()[register].column(column).choices
    return [labels[code] for code in codes or labels if code in labels]


def _reply_table(case: _Case) -> Spec | None:
    columns = [
        ("Код", 1.2, "text"),
        ("Признак", 5.0, "text"),
        ("Согласна ли ОО", 2.3, "text"),
        ("Чем объясняет", 2.6, "text"),
        ("№ причины", 1.2, "text"),
    ]
    rows = [row(sign_code(one), sign_text(case.figures, one), _ANSWERS, "", "", kind="form") for one in case.signs]
    rows += [row(sign_code(one), signal_text(case.figures, one), _ANSWERS, "", "", kind="form") for one in case.signals]
    return table("Признаки и сигналы ОО", columns, rows)


def _causes_table(case: _Case) -> Spec | None:
    columns = [
        ("№", 0.8, "text"),
        ("Причина", 4.0, "text"),
        ("Характер", 2.0, "text"),
        ("Работа, класс", 2.6, "text"),
        ("Насколько доказана", 2.2, "text"),
        ("Доказательство", 2.4, "text"),
    ]
    known = sorted(case.data.rows("causes", school_code=case.code), key=lambda one: str(one["cause_number"]))
    rows = [
        row(
            str(one["cause_number"]),
            answer_ru(one, "cause"),
            answer_ru(one, "nature"),
            _work(one),
            answer_ru(one, "confidence"),
            "по ссылке в форме" if one["evidence_link"] else "",
        )
        for one in known
    ]
    rows += [
        row("", "", "субъективная / объективная", "", "документы / вероятна / предположение", "", kind="form")
        for _ in range(_EMPTY_ROWS)
    ]
    return table("Причины", columns, rows)


def _work(one: Row) -> str:
    parts = [answer_ru(one, "procedure"), f"{one['grade']}{ru.NBSP}класс" if one["grade"] else ru.DASH]
    return ", ".join(part for part in parts if part != ru.DASH)
