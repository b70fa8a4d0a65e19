"""Reports on self-assessment by criteria."""

from tests.unit.reporting.cycle.tables import cells_of, criterion, made, words_of

SCHOOL, MUNICIPALITY = "self_assessment_school", "self_assessment_municipality"


def test_the_summary_counts_what_is_met_and_what_is_proved():
    lines = [
        criterion(1, "edu1"),
        criterion(2, "edu1", answer="0", is_met=False, verdict="not_met"),
        criterion(3, "edu1", answer="na", is_met=None, verdict="not_applicable"),
        criterion(4, "edu1", answer=None, is_met=None, verdict="no_data", has_document=False, facts=None),
    ]
    context = made(SCHOOL, self_assessment=lines)["edu1"]
    assert context["summary"]["text"] == [
        "Выполнено 1\u00a0критерий из 4; не выполнено 1; не применимо 1; не известно 1.",
        "Подтверждено документом и не расходится с данными: 1.",
    ]
    assert context["first"]["points"] == ["Критерий 4: заполните форму самооценки."]
    assert context["schools"] is None


def test_answers_that_data_contradict_come_first():
    lines = [
        criterion(5, "edu1", verdict="unconfirmed", has_document=False),
        criterion(9, "edu1", verdict="contradicted", is_met=False, facts="планов в реестре: 0"),
    ]
    first, second = made(SCHOOL, self_assessment=lines)["edu1"]["first"]["points"]
    assert first.startswith("Критерий 9 (есть критерий 9): ответ «да», а по данным иначе: планов в реестре: 0.")
    assert second == "Критерий 5 (есть критерий 5): к ответу нет документа. Приложите ссылку или номер."


def test_negative_criteria_are_met_when_there_is_nothing():
    lines = [
        criterion(10, "edu1", answer="0", facts=None),
        criterion(17, "edu1", is_met=False, verdict="not_met", facts="рейтинги на сайте: 2"),
    ]
    good, bad = made(SCHOOL, self_assessment=lines)["edu1"]["negative"]["text"]
    assert good == "Критерий 10 «Есть критерий 10»: нарушений нет."
    assert bad.startswith("Критерий 17 «Есть критерий 17»: нарушения есть (рейтинги на сайте: 2): отмените")


def test_a_negative_criterion_cannot_be_set_aside():
    line = criterion(17, "edu1", answer="na", is_met=None, verdict="not_applicable")
    assert "применим всегда" in made(SCHOOL, self_assessment=[line])["edu1"]["negative"]["text"][0]


def test_the_municipality_sees_its_schools_by_criterion_and_not_in_order():
    lines = [
        criterion(1, "m1"),
        criterion(1, "edu1"),
        criterion(1, "edu2", is_met=False, verdict="not_met"),
        criterion(2, "edu1", is_met=False, verdict="not_met"),
        criterion(2, "edu2", is_met=False, verdict="contradicted"),
    ]
    context = made(MUNICIPALITY, self_assessment=lines)["m1"]
    assert cells_of(context["schools"])[0][2:] == ["1", "1", "0", "0"]
    assert cells_of(context["schools"])[1][2:] == ["0", "2", "0", "0"]
    assert context["schools"]["text"] == ["Самооценка есть у 2\u00a0ОО. Больше половины ОО не выполняют критерий 2."]
    assert context["schools"]["charts"] == [], "shares of two schools are not drawn"
    assert not any(name in text for text in words_of(MUNICIPALITY, context) for name in ("Школа № 1", "Школа № 2"))


def test_unknown_answers_of_schools_are_not_told_as_met():
    lines = [criterion(1, unit, answer=None, is_met=None, verdict="no_data") for unit in ("m1", "edu1", "edu2")]
    context = made(MUNICIPALITY, self_assessment=lines)["m1"]
    assert "О большей части критериев у ОО сведений нет" in context["schools"]["text"][0]


def test_units_without_lines_get_no_report():
    assert made(SCHOOL) == made(MUNICIPALITY) == {}


def test_a_report_is_rendered_whole():
    words = words_of(SCHOOL, made(SCHOOL, self_assessment=[criterion(1, "edu1")])["edu1"])
    assert "да (12.05.2025), документ есть" in words
    assert "Критерии" in words
