"""What a document says about its changed numbers."""

import json

from oko_pipeline.reporting.changes import changes_section, figure_changes
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.figures import Figures
from tests.unit.reporting.frames import filled

YEAR = "2024-2025"


def values(**by_unit):
    """Rows of an indicator by unit."""
    rows = [
        {"school_year": YEAR, "indicator_code": "attainment.gve_share", "breakdown": "", "unit_level": "school"}
        | {"unit_code": unit, "value": value}
        for unit, value in by_unit.items()
    ]
    return CycleData(YEAR, {"indicator_values": filled("indicator_values", rows)})


def told(data, *calls):
    """Return the figures as the next issue reads them: from a file."""
    figures = Figures()
    for call in calls:
        call(figures, data)
    return json.loads(json.dumps(figures.taken, default=str))


def value(unit):
    return lambda figures, data: figures.decimal(data.row("indicator_values", unit_code=unit), "value")


def test_equal_issues_have_no_changes():
    figures = told(values(edu1=1.0, edu2=2.0), value("edu1"), value("edu2"))
    assert figure_changes(figures, figures) == []
    assert changes_section([], 2) is None


def test_a_changed_a_new_and_a_gone_number_are_told():
    before = told(values(edu1=1.0, edu2=2.0), value("edu1"), value("edu2"))
    now = told(values(edu1=1.5, edu3=3.0), value("edu1"), value("edu3"))
    changes = figure_changes(before, now)
    assert [(one.was, one.became) for one in changes] == [("1,0", "1,5"), ("—", "3,0"), ("2,0", "—")]
    assert [one.place_ru.split(", ")[-1] for one in changes] == ["edu1", "edu3", "edu2"]
    assert changes[0].title_ru == "Значение в единицах показателя"
    assert "«Доля" in changes[0].place_ru, "the indicator is named, not coded"


def test_a_number_that_rounds_to_the_same_is_no_change():
    before = told(values(edu1=1.01), value("edu1"))
    assert figure_changes(before, told(values(edu1=1.04), value("edu1"))) == []


def test_a_worked_out_number_is_known_again_though_its_rows_are_others():
    def spread(figures, data):
        rows = data.rows("indicator_values")
        figures.computed(len(rows), "сколько единиц", rows, form="whole")

    changes = figure_changes(told(values(edu1=1.0, edu2=2.0), spread), told(values(edu1=1.0), spread))
    assert [(one.title_ru, one.was, one.became) for one in changes] == [("сколько единиц", "2", "1")]


def test_worked_out_numbers_of_several_rows_are_told_apart_by_their_rows():
    def each(figures, data):
        for row in data.rows("indicator_values"):
            figures.computed(row["value"], "вдвое", [row])

    before, now = told(values(edu1=1.0, edu2=2.0), each), told(values(edu1=1.0, edu2=5.0), each)
    assert [(one.was, one.became) for one in figure_changes(before, now)] == [("2,0", "5,0")]


def test_a_count_is_known_by_its_conditions_and_names_its_place():
    def count(figures, data):
        figures.count(data.rows("indicator_values", unit_level="school"), place_ru="все ОО")

    changes = figure_changes(told(values(edu1=1.0), count), told(values(edu1=1.0, edu2=2.0), count))
    assert [(one.place_ru, one.was, one.became) for one in changes] == [("все ОО", "1", "2")]
    assert changes[0].title_ru == "Строк: Показатели"


def test_the_section_shows_the_first_changes_and_says_how_many_there_are():
    before = told(values(**{f"edu{i}": 1.0 for i in range(45)}), *(value(f"edu{i}") for i in range(45)))
    now = told(values(**{f"edu{i}": 2.0 for i in range(45)}), *(value(f"edu{i}") for i in range(45)))
    section = changes_section(figure_changes(before, now), 3)
    assert section["text"][0].startswith("Это выпуск 3. С прошлого выпуска изменилось 45\u00a0чисел.")
    assert "первые 40" in section["text"][0]
    assert len(section["tables"][0]["rows"]) == 40
    assert section["tables"][0]["rows"][0]["cells"][2:] == ["1,0", "2,0"]
