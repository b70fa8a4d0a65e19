import pytest

from oko_pipeline.catalogue.scales import official_maximum
from oko_pipeline.catalogue.task_maxima import load_task_maxima, task_maxima
from oko_pipeline.errors import CatalogueError

HEADER = "year,paper_grade,subject_code,level,position,task_code,maximum_score,difficulty_level\n"


def paper(*tasks):
    return HEADER + "".join(
        f"2021,5,history,base,{position},{code},{maximum},{level}\n" for position, code, maximum, level in tasks
    )


def test_fifteen_papers_sum_to_their_official_maximum():
    papers = load_task_maxima()
    assert len(papers) == 15
    for key, tasks in papers.items():
        assert sum(task.maximum_score for task in tasks) == official_maximum(*key)


def test_tasks_of_a_paper_in_order():
    tasks = task_maxima(2021, 4, "russian")
    assert [task.task_code for task in tasks][:4] == ["1К1", "1К2", "2", "3.1"]
    assert (tasks[13].task_code, tasks[13].maximum_score, tasks[13].difficulty_level) == ("12.1", 1, "П")
    assert task_maxima(2021, 4, "physics") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (paper((1, "1", 14, "Б")), "сумма максимумов заданий 14, а официальный максимум 15"),
        (paper((1, "1", 7, "Б"), (3, "2", 8, "Б")), "не идут подряд"),
        (paper((1, "1", 7, "Б"), (2, "1", 8, "Б")), "номер задания повторён"),
        (paper((1, "1K1", 15, "Б")), "не номер задания"),
        (paper((1, "1", 25, "Б")), "ожидалось от 1 до 20"),
        (paper((1, "1", 15, "X")), "ожидалось Б, П, В"),
        (paper((1, "1", 15, "Б")).replace("2021", "1999"), "официальный максимум работы неизвестен"),
    ],
)
def test_the_loader_refuses_faulty_papers(text, message):
    with pytest.raises(CatalogueError, match=message):
        load_task_maxima(text)
