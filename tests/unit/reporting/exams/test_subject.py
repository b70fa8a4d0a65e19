"""Analysis of an exam by tasks: hard ones, how points are lost, what each group can and where its reserve is."""

from tests.unit.reporting.exams.conftest import AREA, oge, rows_of, said, task

MUNICIPALITY = ("municipality", AREA)
KIND = "exam_subject_analysis"
TOPIC = "oge_russian_main"
GROUPS = (("mark_2", 30), ("mark_3", 60), ("mark_4", 60), ("mark_5", 5))


def test_a_change_over_years_is_told_as_in_the_note(contexts):
    now = oge(MUNICIPALITY, (30, 60, 60, 5))
    before = oge(MUNICIPALITY, (90, 40, 20, 5), code="oge:2025:russian:main", year="2024-2025")
    rows = {"exam_summary": [now, before], "exam_task_results": paper(SOLVED)}
    own = rows_of(contexts(KIND, **rows)[AREA, TOPIC]["dynamics"])
    rows.pop("exam_task_results")
    assert own == rows_of(contexts("oge_note_municipality", **rows)[AREA, ""]["dynamics"])
    assert own[0][-1].endswith("лучше")


def test_categories_stand_side_by_side_where_there_are_several(contexts):
    now = oge(MUNICIPALITY, (30, 60, 60, 5))
    rows = [now, now | {"category": "graduate"}, oge(MUNICIPALITY, (1, 1, 1, 0), category="special")]
    found = contexts(KIND, exam_summary=rows, exam_task_results=paper(SOLVED))[AREA, TOPIC]["categories"]
    assert [row[0] for row in rows_of(found)] == ["Выпускники текущего года", "Участники с ОВЗ"]
    assert rows_of(found)[1][-1] == "Участников меньше 5, числа скрыты"
    assert analysis(contexts)["categories"] is None


def paper(solved):
    """Return tasks for all and by groups: `solved` maps (part, position) to shares of all, «2», «3», «4», «5»."""
    rows = []
    for (part, position), (whole, *by_group) in solved.items():
        more = {"maximum_score": 1 if part == "short" else 2}
        rows.append(task(MUNICIPALITY, part, position, whole, 155, **more))
        rows += [
            task(MUNICIPALITY, part, position, share, n, score_group=group, **more)
            for (group, n), share in zip(GROUPS, by_group, strict=True)
        ]
    return rows


SOLVED = {
    ("short", 1): (0.9, 0.7, 0.9, 1.0, 1.0),
    ("short", 2): (0.3, 0.1, 0.3, 0.5, 0.9),
    ("short", 10): (0.65, 0.2, 0.7, 0.9, 1.0),
    ("extended", 1): (0.1, 0.0, 0.05, 0.2, 0.8),
}


def analysis(contexts, solved=None):
    rows = [oge(MUNICIPALITY, (30, 60, 60, 5))]
    return contexts(KIND, exam_summary=rows, exam_task_results=paper(solved or SOLVED))[AREA, TOPIC]


def test_hard_tasks_are_those_whose_upper_bound_is_below_the_threshold(contexts):
    told = said(analysis(contexts))["Трудные задания"]
    assert "2\u00a0задания из 4" in told
    assert "Краткий ответ: №\u00a02 (30,0\u00a0%)." in told
    assert "Развёрнутый ответ: №\u00a0Р1 (10,0\u00a0%)." in told


def test_tasks_stand_by_part_and_number_not_by_text(contexts):
    names = [row[0] for row in rows_of(analysis(contexts)["tasks"])]
    assert names == ["Задания с кратким ответом", "1", "2", "10", "Задания с развёрнутым ответом", "Р1"]


def test_groups_below_the_bound_are_not_shown(contexts):
    context = analysis(contexts)
    titles = [column["title"] for column in context["tasks"]["tables"][0]["columns"]]
    assert "«4»" in titles
    assert "«5»" not in titles
    assert len(context["groups"]["charts"][0]["series"]) == 3


def test_the_nearest_reserve_is_where_the_next_group_is_furthest_ahead(contexts):
    rows = rows_of(analysis(contexts)["reserves"])
    assert rows[0][0] == "«2»"
    assert rows[0][2] == "№\u00a01"
    assert rows[0][3].startswith("№\u00a010 (20 и 70\u00a0%)")
    assert rows[1][2] == "№\u00a01 и\u00a010"
    assert rows[2][3] == "—"


def test_no_hard_tasks_is_said_once(contexts):
    told = said(analysis(contexts, {("short", 1): (0.9, 0.7, 0.9, 1.0, 1.0)}))
    assert told["Трудные задания"].startswith("Ни одно задание")


def test_exams_without_masks_or_with_few_participants_are_left_out(contexts):
    assert contexts(KIND, exam_summary=[oge(MUNICIPALITY, (30, 60, 60, 5))]) == {}
    few = [task(MUNICIPALITY, "short", 1, 0.5, 6)]
    assert contexts(KIND, exam_summary=[oge(MUNICIPALITY, (1, 2, 2, 1))], exam_task_results=few) == {}


def test_the_analysis_is_rendered_and_read_back(contexts, opened):
    context = analysis(contexts)
    document = opened(KIND, context)
    assert document.core_properties.title == "Анализ результатов: ОГЭ по\u00a0русскому языку: Учебный район"
    cells = [cell.text for table in document.tables for cell in table._cells]
    assert "30,0\u00a0(20–40)" in cells
    assert "ниже порога" in cells
