import pytest

from oko_pipeline.catalogue.metasubject import is_metasubject_chapter, metasubject_flags


@pytest.mark.parametrize("title", ["Метапредметные", " МЕТАПРЕДМЕТНЫЕ результаты:", "Мета-предметные умения"])
def test_the_chapter(title):
    assert is_metasubject_chapter(title)


@pytest.mark.parametrize("title", ["Предметные", "Металлы", "освоение метапредметных понятий", ""])
def test_other_titles(title):
    assert not is_metasubject_chapter(title)


def test_codes_below_the_chapter_are_metasubject():
    assert metasubject_flags(["1", "1.1", "2", "2.1", "12"], ["Предметные", "а", "Метапредметные", "б", "в"]) == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_codifier_without_the_chapter_says_nothing():
    assert metasubject_flags(["1", "1.1"], ["Умение определять понятия", "Различать"]) == [None, None]
    assert metasubject_flags([], []) == []
