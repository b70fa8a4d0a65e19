import numpy as np
import pytest

from oko_pipeline.catalogue.scales import (
    Scale,
    bound_faults,
    load_scales,
    official_maximum,
    parse_ranges,
    scale_for,
    scales,
)
from oko_pipeline.errors import CatalogueError

HEADER = "year,paper_grade,subject_code,level,minimum_3,minimum_4,minimum_5,maximum_score,source\n"


def test_official_scale_of_mathematics_in_grade_4():
    scale = scale_for(2021, 4, "mathematics")
    assert scale is not None
    assert [scale.mark(score) for score in (0, 5, 6, 9, 10, 14, 15, 20)] == [2, 2, 3, 3, 4, 4, 5, 5]
    assert scale.marks(np.array([-1, 5, 6, 20, 21])).tolist() == [0, 2, 3, 5, 0]
    assert scale.ranges_ru() == "«2» 0–5, «3» 6–9, «4» 10–14, «5» 15–20"


@pytest.mark.parametrize("score", [-1, 21])
def test_a_score_outside_the_scale_has_no_mark(score):
    scale = scale_for(2021, 4, "mathematics")
    assert scale is not None
    with pytest.raises(ValueError, match="вне шкалы 0–20"):
        scale.mark(score)


def test_geography_of_grade_8_and_autumn_2020_have_no_scale():
    assert scale_for(2021, 8, "geography") is None
    assert scale_for(2020, 4, "mathematics") is None
    assert official_maximum(2021, 8, "geography") == 40


def test_the_catalogue_holds_the_thirty_scales_of_2021():
    assert len(scales()) == 30
    assert official_maximum(2021, 7, "german") == 30
    assert official_maximum(2021, 11, "physics") == 26
    assert official_maximum(2021, 9, "physics") is None


def test_vectorised_marks_agree_with_single_ones_on_every_scale():
    for scale in scales().values():
        scores = range(scale.maximum_score + 1)
        assert scale.marks(np.array(scores)).tolist() == [scale.mark(score) for score in scores]


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("0-5 6-9 10-14 15-20", (6, 10, 15, 20)),
        ("0–5; 6–9; 10–14; 15–20", (6, 10, 15, 20)),
        ("0 1 2 3", (1, 2, 3, 3)),
        (" 0 - 5 |6 - 9|10 - 14|15", (6, 10, 15, 15)),
    ],
)
def test_printed_ranges(text, bounds):
    assert parse_ranges(text) == bounds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0-12 13-26 27-35 35-40", "«4» 27–35 и «5» 35–40 пересекаются: балл 35 входит в оба"),
        ("0-12 10-26 27-34 35-40", "баллы 10–12 входят в оба"),
        ("0-5 7-9 10-14 15-20", "пропущен балл 6"),
        ("0-5 6-9 12-14 15-20", "пропущены баллы 10–11"),
        ("1-5 6-9 10-14 15-20", "начинается с 1, а не с 0"),
        ("0-5 9-6 10-14 15-20", "в обратном порядке"),
        ("0-5 6-9 10-20", "ожидалось четыре диапазона .*найдено 3"),
        ("см. приложение", "не диапазоны баллов"),
        ("", "найдено 0"),
    ],
)
def test_faulty_ranges_are_refused_in_russian(text, message):
    with pytest.raises(ValueError, match=message):
        parse_ranges(text)


@pytest.mark.parametrize(
    ("bounds", "count"), [((6, 10, 15, 20), 0), ((0, 10, 15, 20), 1), ((10, 10, 10, 9), 3), ((6, 5, 15, 20), 1)]
)
def test_bounds(bounds, count):
    assert len(bound_faults(*bounds)) == count


def test_a_scale_with_wrong_bounds_cannot_be_made():
    with pytest.raises(ValueError, match="границы должны возрастать"):
        Scale(2021, 4, "mathematics", "base", 6, 6, 15, 20, "")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("2021,4,alchemy,base,6,10,15,20,x\n2021,4,mathematics,middle,6,10,15,20,x\n", "alchemy(.|\n)*middle"),
        ("2021,4,mathematics,base,6,10,15,20,x\n" * 2, "повторена"),
        ("2021,4,mathematics,base,6,5,15,20,x\n", "строка 2"),
    ],
)
def test_the_loader_names_all_faulty_lines(lines, message):
    with pytest.raises(CatalogueError, match=message):
        load_scales(HEADER + lines)
