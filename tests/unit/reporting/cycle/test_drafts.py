"""Drafts of orders, letters, protocols and talks."""

from tests.unit.reporting.cycle.tables import NBSP, advice, cells_of, finding, made, words_of

ORDER, LETTER, PROTOCOL, TALK = "draft_order_school", "draft_letter", "draft_protocol_school", "talk_outline_school"


def drafted(number, unit, *, is_decided):
    return {
        "unit_level": "school", "unit_code": unit, "draft_kind": "order", "point_number": number,
        "recommendation_id": f"R2025-{number}", "is_decided": is_decided,
    }  # fmt: skip


def test_points_are_numbered_with_who_and_until_when():
    context = made(ORDER, recommendations=[advice(1, "edu1", "accepted", expected_ru="Доля растёт.")])["edu1"]
    assert context["points"] == [
        {
            "text": f"1. Сделать дело 1: доля 12,5{NBSP}%.",
            "terms": f"Ответственный: руководитель ОО; срок: до{NBSP}20.10.2025; ожидаемый результат: доля растёт.",
        }
    ]
    assert context["control_number"] == "2"
    assert context["proposals_note"] == ""
    assert cells_of({"tables": [context["sheet"]]})[0][:2] == ["1", "Руководитель ОО"]


def test_accepted_points_come_first_and_proposals_are_marked_beside_them():
    rows = [advice(1, "edu1", urgency=3), advice(2, "edu1", "edited", urgency=1)]
    context = made(ORDER, recommendations=rows)["edu1"]
    assert [point["text"] for point in context["points"]] == [
        f"1. Сделать дело 2: доля 12,5{NBSP}%.",
        f"2. Сделать дело 1: доля 12,5{NBSP}%. [предложение]",
    ]
    assert context["proposals_note"].startswith(f"1{NBSP}пункт помечен словом «предложение»")


def test_an_order_of_proposals_alone_says_so_once():
    context = made(ORDER, recommendations=[advice(1, "edu1")])["edu1"]
    assert "[предложение]" not in context["points"][0]["text"]
    assert context["proposals_note"].startswith("Все пункты предложены")


def test_what_is_rejected_held_back_decided_or_addressed_outside_is_no_point():
    rows = [
        advice(1, "edu1", "rejected"),
        advice(2, "edu1", is_held_back=True),
        advice(3, "edu1", "accepted"),
        advice(4, "edu1", addressee="department"),
        advice(5, "edu2"),
    ]
    contexts = made(ORDER, recommendations=rows, decision_drafts=[drafted(3, "edu1", is_decided=True)])
    assert list(contexts) == ["edu2"]


def test_the_most_urgent_come_first_then_the_firmest():
    rows = [
        advice(1, "edu1", urgency=1, strength="strong"),
        advice(2, "edu1", urgency=3, strength="weak"),
        advice(3, "edu1", urgency=3, strength="strong"),
        advice(4, "edu1", urgency=None, strength=None),
    ]
    points = made(ORDER, recommendations=rows)["edu1"]["points"]
    assert [point["text"].split(":")[0] for point in points] == [
        "1. Сделать дело 3",
        "2. Сделать дело 2",
        "3. Сделать дело 1",
        "4. Сделать дело 4",
    ]


def test_the_basis_counts_findings():
    rows = {
        "recommendations": [advice(1, "edu1")],
        "findings": [finding(1, "edu1"), finding(2, "edu1", strength="weak")],
    }
    assert made(ORDER, **rows)["edu1"]["basis"] == " (выводов: 2, из них надёжных: 1)"
    assert made(ORDER, recommendations=[advice(1, "edu1")])["edu1"]["basis"] == ""


def test_an_order_reads_as_an_order():
    words = words_of(ORDER, made(ORDER, recommendations=[advice(1, "edu1")])["edu1"])
    for text in ("ПРОЕКТ", "ПРИКАЗ", "ПРИКАЗЫВАЮ:", "2. Контроль за исполнением приказа оставляю за собой."):
        assert text in words
    assert "Директор ____________________ / ____________________ /" in words


def test_a_letter_holds_what_nobody_has_answered_by_addressee():
    rows = [
        advice(1, "edu1"),
        advice(2, "edu1", addressee="teachers", urgency=3),
        advice(3, "edu1", "accepted"),
        advice(4, "edu2", "accepted"),
    ]
    contexts = made(LETTER, recommendations=rows)
    assert list(contexts) == ["edu1"]
    context = contexts["edu1"]
    assert context["summary"]["text"] == [f"Для Вашей организации — 2{NBSP}рекомендации."]
    assert context["summary"]["points"] == [f"Сначала: дело 2 — до{NBSP}20.10.2025."]
    assert [line[0] for line in cells_of(context["recommendations"])] == ["Педагоги", "1", "Руководители ОО", "2"]
    words = words_of(LETTER, context)
    assert any(f"до 4{NBSP}июля 2025{NBSP}г." in text for text in words)


def test_a_protocol_has_a_question_a_direction():
    rows = {
        "recommendations": [advice(1, "edu1", direction="career"), advice(2, "edu1", "accepted")],
        "findings": [
            finding(1, "edu1", n_count=20),
            finding(2, "edu1", n_count=90),
            finding(3, "edu1", direction="heads"),
        ],
    }
    context = made(PROTOCOL, **rows)["edu1"]
    assert context["agenda"] == [
        "1. Качество подготовки обучающихся: итоги года и решения.",
        "2. Самоопределение и профориентация: итоги года и решения.",
    ]
    first, second = context["questions"]
    assert [text.split(":")[0] for text in first["heard"]] == ["Вывод 2", "Вывод 1"]
    assert first["decided"][0]["text"] == f"1.1. Сделать дело 2: доля 12,5{NBSP}%."
    assert second["heard"] == []
    assert second["decided"][0]["text"] == f"2.1. Сделать дело 1: доля 12,5{NBSP}%. [предложение]"
    assert "РЕШИЛИ:" in words_of(PROTOCOL, context)


def test_a_talk_says_how_sure_each_finding_is_and_what_to_do():
    rows = {
        "recommendations": [advice(1, "edu1")],
        "findings": [finding(1, "edu1"), finding(2, "edu1", direction="career", strength="weak", refutation_ru="")],
    }
    slides = made(TALK, **rows)["edu1"]["slides"]
    assert [slide["title"] for slide in slides] == [
        "Чем закончился 2024/2025 учебный год",
        "Качество подготовки обучающихся",
        "Самоопределение и профориентация",
        "Что решаем сегодня",
    ]
    assert slides[1]["points"] == [
        f"Вывод 1: доля 12,5{NBSP}% (надёжно).",
        f"Что делать: сделать дело 1: доля 12,5{NBSP}%.",
    ]
    assert slides[1]["note"] == "Если спросят о надёжности: вывод опровергнет новая работа."
    assert slides[2]["points"] == [f"Вывод 2: доля 12,5{NBSP}% (предварительно)."]
    assert slides[2]["note"] == ""
    assert made(TALK, recommendations=[advice(1, "edu1")]) == {}, "a talk without findings is no talk"


def test_numbers_of_quoted_texts_are_taken_down():
    figures = made(LETTER, recommendations=[advice(1, "edu1")])["edu1"]["figures"]
    quoted = [(one["text"], one["column"]) for one in figures if one["op"] == "quoted"]
    assert ("12,5", "text_ru") in quoted
    assert ("40", "basis_ru") in quoted
