"""How exams were prepared and held: trial exams beside the exam, observers, violations, theses."""

from tests.unit.reporting.exams.conftest import AREA, YEAR, oge, rows_of, said

KIND = "exam_preparation_note"


def record(school, number, **values):
    return {
        "school_year": YEAR, "record_id": f"{school}{number}", "school_code": school, "school_key": school,
        "file_sha256": "f", "source_sheet": "s", "source_row": number,
    } | values  # fmt: skip


def trial(school, number, n, below, **more):
    return record(
        school, number, procedure="mock_exams", title="Пробный", work_subject="russian", grade=9, participants_count=n,
        below_base_count=below, held_on="2026-02-01",
    ) | more  # fmt: skip


def violation(school, number, **more):
    return record(
        school, number, procedure="oge", violation_number=str(number), kind="phone", held_on="2026-06-01",
        committed_by="participant", consequence="result_cancelled", cases_count=1,
    ) | more  # fmt: skip


def test_a_trial_exam_stands_beside_the_exam(contexts):
    trials = [trial("edu1", 1, 20, 5), trial("edu2", 2, 20, 5), trial("edu1", 3, 20, 9, grade=5)]
    exam = [oge(("municipality", AREA), (8, 12, 12, 8))]
    note = contexts(KIND, diagnostics_summary=trials, exam_summary=exam)[AREA, ""]
    assert rows_of(note["trials"]) == [["9", "Русский язык", "2", "40", "10", "25,0\u00a0(14–40)", "20,0\u00a0(10–35)"]]
    assert "40\u00a0результатов, ниже минимума — 10." in said(note)["Пробные экзамены"]


def test_a_small_trial_is_hidden(contexts):
    note = contexts(KIND, diagnostics_summary=[trial("edu1", 1, 4, 1)])[AREA, ""]
    assert rows_of(note["trials"])[0][-1] == "Участников меньше 5, числа скрыты"
    assert "Пробные экзамены" not in said(note)


def test_violations_are_told_by_procedure_without_names_of_people(contexts):
    found = [violation("edu2", 1), violation("edu1", 2), violation("edu1", 3, procedure="vpr")]
    note = contexts(KIND, violations=found)[AREA, ""]
    assert rows_of(note["violations"]) == [["ОГЭ"], ["Средства связи", "2", "2", "Участник", "Результат аннулирован"]]
    assert note["violations"]["text"] == ["Где допущены: Школа № 1 и\u00a0Школа № 2."]
    assert said(note)["Проведение"].startswith("2\u00a0нарушения порядка в реестре; результат аннулирован в\u00a02")


def test_theses_of_the_talk_tell_what_the_note_tells(contexts):
    exam = [oge(("municipality", AREA), (8, 12, 12, 8))]
    note = contexts(KIND, violations=[violation("edu1", 1)], exam_summary=exam)[AREA, ""]
    theses = note["talk"]["points"]
    assert any("8 из 40\u00a0участников" in one for one in theses)
    assert not any(one.endswith(":") for one in theses)


def test_a_municipality_without_registers_gets_no_note(contexts):
    assert contexts(KIND, exam_summary=[oge(("municipality", AREA), (8, 12, 12, 8))]) == {}


def test_measures_and_documents_about_exams_are_listed(contexts):
    measures = [
        record("edu1", 1, measure_number="М-1", title="Консультации к ОГЭ", status="done", kind="methodical"),
        record("edu1", 2, measure_number="М-2", title="Ремонт", status="done", kind="methodical"),
    ]
    documents = [
        record("edu2", 1, document_number="Д-1", title="О подготовке", kind="order", procedure="oge", act_number="12"),
        record("edu2", 2, document_number="Д-2", title="О ВПР", kind="order", procedure="vpr", act_number="13"),
    ]
    note = contexts(KIND, measures=measures, evidence_documents=documents)[AREA, ""]
    assert [row[2] for row in rows_of(note["measures"])] == ["Консультации к ОГЭ"]
    assert [row[2] for row in rows_of(note["documents"])] == ["О подготовке"]


def test_the_note_is_rendered_and_read_back(contexts, opened):
    note = contexts(KIND, violations=[violation("edu1", 1)], diagnostics_summary=[trial("edu1", 1, 20, 5)])[AREA, ""]
    document = opened(KIND, note)
    headings = [one.text for one in document.paragraphs if one.style.name == "Heading 1"]
    assert headings[:3] == ["Главное", "Пробные экзамены", "Нарушения порядка"]
