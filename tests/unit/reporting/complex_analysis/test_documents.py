"""Each kind is rendered with its own template and says in Word what its context says."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from docx import Document

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.complex_analysis.builders import BUILDERS
from oko_pipeline.reporting.word.render import Stamp, render_note
from tests.unit.reporting.complex_analysis.cases import (
    SPRING,
    YEAR,
    advice,
    card,
    contextual,
    data,
    deficit,
    exam,
    factor,
    group,
    pupil,
    summary,
)

STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1")
MATHEMATICS = f"{SPRING}:5:mathematics:base"
OGE = "oge:2025:mathematics:main"
ROWS = {
    "result_summary": [
        summary(MATHEMATICS, "municipality", "m1", (20, 30, 40, 10)),
        *(summary(MATHEMATICS, "school", code, (9, 9, 9, 3)) for code in ("edu1", "edu2")),
    ],
    "exam_summary": [exam(OGE, "municipality", "m1", 40, marks=(5, 20, 10, 5))],
    "contextual_results": [contextual("edu1", "below", -0.4), contextual("edu2", "above", 0.4)],
    "school_groups": [group(code) for code in ("edu1", "edu2", "edu3")],
    "skill_deficits": [
        deficit(MATHEMATICS, "m1", "Решать задачи", "1;2", level="municipality"),
        deficit(MATHEMATICS, "edu1", "Решать задачи", "1;2"),
    ],
    "risk_cards": [card("edu1", "risk", [factor("Доля «2» выше.")], adverse_count=1)],
    "recommendations": [
        advice(1, "edu1", "Помочь классу."),
        advice(2, "m1", "Провести семинар.", unit_level="municipality", addressee="methodical_center"),
    ],
    "pupils_support": [pupil("edu1", "0123456789abcdef" * 2)],
    "files": [{"school_year": YEAR, "path": "Протокол.xlsx", "file_sha256": "f" * 64}],
}


def context_of(kind):
    rows = {name: own for name, own in ROWS.items() if name in document_kinds()[kind].tables}
    return next(iter(BUILDERS[kind](data(kind, **rows)))).context


def charts_of(context):
    """Charts of a context; the bounds of an interval chart count as its values."""
    charts = [chart for part in context["sections"].values() if part for chart in part["charts"]]
    for chart in charts:
        for one in list(chart["series"]):
            chart["series"] += [{"values": one[name]} for name in ("low", "high") if name in one]
    return charts


def text_of(document):
    texts = [paragraph.text for paragraph in document.paragraphs]
    return "\n".join([*texts, *(cell.text for table in document.tables for row in table.rows for cell in row.cells)])


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("complex_analysis_municipality", ["Зоны риска", "Методическому центру", "Провести семинар.", "Решать задачи"]),
        ("complex_analysis_school", ["Помочь классу.", "Школа, сопоставимые ОО и муниципалитет", "Доля «2» выше."]),
        ("school_passport", ["Адресные рекомендации", "Помочь классу.", "Доля. Станет лучше."]),
        ("school_passport_annex", ["01234567", "Протокол.xlsx", "Как узнать обучающегося по коду"]),
        ("head_summary", ["Что известно", "Помочь классу.", "15.09.2025"]),
    ],
)
def test_a_kind_says_in_word_what_it_knows(kind, wanted):
    context = context_of(kind)
    document = Document(BytesIO(render_note(kind, context, STAMP)))
    text = text_of(document)
    for words in wanted:
        assert words in text
    assert "{{" not in text
    assert "None" not in text
    assert "nan" not in text.lower().split()
    titles = [table["title"] for part in context["sections"].values() if part for table in part["tables"]]
    for title in titles:
        assert title in text
    drawn = {round(value, 2) for chart in charts_of(context) for one in chart["series"] for value in one["values"]}
    unsaid = [figure for figure in context["figures"] if figure["text"] not in text]
    assert all(float(figure["text"].replace(",", ".").replace("−", "-")) in drawn for figure in unsaid)
