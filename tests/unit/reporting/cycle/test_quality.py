"""Letters about what to mend in files."""

from tests.unit.reporting.cycle.tables import NBSP, cells_of, made, words_of

KIND = "quality_letter"


def finding(number, school=None, **values):
    return {
        "finding_id": f"f{number}", "severity": "warning", "rule_id": "work.sum_mismatch",
        "file_path": "ВПР/4 класс.xlsx", "file_sha256": "a" * 64, "sheet": "Протокол", "row": number, "column": "N",
        "cell": f"N{number}", "message": f"Итог {number}, а сумма 1.", "mend": "Сверьте баллы.", "school_code": school,
    } | values  # fmt: skip


def accepted(path, sha, key=None):
    return {"path": path, "file_sha256": sha, "document_key": key, "status": "accepted"}


def test_only_schools_with_something_to_mend_get_a_letter():
    findings = [finding(5, "edu1"), finding(6, "edu2", severity="note"), finding(7), finding(8, "edu9")]
    assert list(made(KIND, quality_findings=findings)) == ["edu1"]


def test_findings_in_a_form_belong_to_the_school_whose_form_it_is():
    form = {"file_path": "Формы/Кадры, edu2.xlsx", "file_sha256": "b" * 64, "rule_id": "record.not_in_list"}
    files = [accepted(form["file_path"], "b" * 64, "staff:edu2"), accepted("ВПР/4 класс.xlsx", "a" * 64)]
    letters = made(KIND, quality_findings=[finding(5, **form), finding(6)], files=files)
    assert list(letters) == ["edu2"]
    assert "1\u00a0предупреждение в 1\u00a0файле" in letters["edu2"]["summary"]["text"][0]


def test_a_finding_in_a_form_that_names_the_school_too_counts_once():
    path = {"file_path": "Формы/Кадры, edu2.xlsx"}
    files = [accepted(path["file_path"], "a" * 64, "staff:edu2")]
    letters = made(KIND, quality_findings=[finding(5, "edu2", **path), finding(6, **path)], files=files)
    assert "2\u00a0предупреждения в 1\u00a0файле" in letters["edu2"]["summary"]["text"][0]
    assert cells_of(letters["edu2"]["findings"])[1][2] == "2"


def test_cells_of_one_rule_stand_together_in_the_order_of_the_sheet():
    findings = [finding(number, "edu1") for number in (30, 4, 12, 8, 9, 10, 11, 13)]
    context = made(KIND, quality_findings=findings)["edu1"]
    heading, line = cells_of(context["findings"])
    assert heading == ["4 класс.xlsx"]
    assert line[0] == "Протокол"
    assert line[2] == "8"
    assert line[3] == f"N4, N8, N9, N10, N11, N12 и ещё{NBSP}2"


def test_errors_come_first_and_are_named_before_the_rest():
    errors = {
        "severity": "error",
        "rule_id": "row.code_unusable",
        "cell": None,
        "message": "Нет кода.",
        "mend": "Впишите.",
    }
    context = made(KIND, quality_findings=[finding(5, "edu1"), finding(7, "edu1", **errors)])["edu1"]
    assert context["summary"]["text"][1] == f"Сначала исправьте ошибки: «В строке нет кода участника»{NBSP}(1)."
    _, first, second = cells_of(context["findings"])
    assert first[1:4] == ["Ошибка. Нет кода.", "1", f"строка{NBSP}7"]
    assert second[1] == "Итог 5, а сумма 1."


def test_the_annotated_workbook_of_a_file_is_named():
    documents = [
        {"document_id": f"annotated_workbook:{'a' * 64}:edu1", "kind": "annotated_workbook", "unit_level": "school",
         "unit_code": "edu1", "path": "2024-2025/Замечания/edu1/Математика, 4 класс (aaaaaaaa).xlsx"},
    ]  # fmt: skip
    context = made(KIND, quality_findings=[finding(5, "edu1")], documents=documents)["edu1"]
    assert context["workbooks"]["points"] == ["«Математика, 4 класс (aaaaaaaa).xlsx» — к файлу «4 класс.xlsx»"]
    assert made(KIND, quality_findings=[finding(5, "edu1")])["edu1"]["workbooks"] is None


def test_the_letter_says_until_when_and_to_whom():
    words = words_of(KIND, made(KIND, quality_findings=[finding(5, "edu1")])["edu1"])
    assert "Школа № 1" in words
    # Ten working days after Friday 20 June 2025.
    assert any(f"до 4{NBSP}июля 2025{NBSP}г." in text for text in words)
    assert "Сверьте баллы." in words
