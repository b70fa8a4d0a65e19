"""Every kind of the cycle rendered and read back: each number that it took down stands in the document."""

import re
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest

from oko_pipeline.reporting.cycle.builders import BUILDERS
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.template_lint import lint_template
from oko_pipeline.reporting.word.templates import template_bytes
from tests.unit.reporting.cycle import tables as t

UNITS = ("m1", "edu1", "edu2")
ROWS = {
    "quality_findings": [
        {"finding_id": f"f{number}", "severity": severity, "rule_id": "work.sum_mismatch", "file_path": "ВПР.xlsx",
         "file_sha256": "a" * 64, "sheet": "Лист", "row": number, "cell": f"N{number}", "message": f"Итог {number}.",
         "mend": "Сверьте.", "school_code": "edu1"}
        for number, severity in enumerate(("error", "warning", "warning"), start=11)
    ],
    "self_assessment": [t.criterion(number, unit, facts=f"записей: {number}") for number in (1, 10) for unit in UNITS]
    + [t.criterion(9, unit, verdict="contradicted", is_met=False) for unit in UNITS],
    "roadmap_execution": [t.duty("acts", unit, "done") for unit in UNITS]
    + [t.duty("goals", unit, "overdue", missing="Меры; Приказы") for unit in UNITS]
    + [t.duty("rest", unit, "partly", direction="attainment", missing="Меры") for unit in UNITS],
    "roadmap_levels": [t.level_of("acts", "Положение"), t.level_of("goals", "Цели")],
    "indicator_values": [
        {"indicator_code": code, "breakdown": "", "unit_level": "municipality", "unit_code": "m1", "state": "computed",
         "value": 41.25, "value_low": 35.05, "value_high": 45.0, "n": 12345, "previous_value": 39.0}
        for code in ("attainment.vpr_good_share", "attainment.vpr_below_share")
    ],
    "indicator_changes": [
        {"municipality_code": "m1", "indicator_code": "attainment.vpr_good_share", "norm_value": 30.5, "record_id": "r"}
    ],
    "recommendations": [t.advice(number, unit) for number in (1, 2) for unit in UNITS]
    + [t.advice(3, unit, "accepted") for unit in UNITS],
    "decision_drafts": [
        {"unit_level": "school", "unit_code": "edu1", "draft_kind": "plan", "point_number": 1, "direction": "career",
         "text_ru": "Провести 4 пробы", "responsible_role": "deputy_head", "recommendation_id": "R2025-9"}
    ],
    "findings": [t.finding(number, unit) for number in (1, 2) for unit in UNITS],
    "measure_effects": [t.effect(number, unit, effect=-3.25 * number) for number in (1, 2) for unit in UNITS]
    + [t.effect(3, unit, **t.UNKNOWN_EFFECT, stated_conclusion="partly") for unit in UNITS],
    "year_conclusions": [
        t.conclusion(f"{unit}{kind}", unit, kind, "keep", previous_target=60.0, text_ru="Цель 60, значение 41,3.")
        for unit in UNITS
        for kind in ("goal", "indicator", "measure", "roadmap_row", "recommendation")
    ],
}  # fmt: skip


def parts_of(content):
    """Return the text of a document and of its charts."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}
    plain = re.sub(r"<[^>]+>", "\n", texts["word/document.xml"])
    return plain, "".join(text for name, text in texts.items() if name.startswith("word/charts/"))


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_every_number_that_was_taken_down_stands_in_the_document(kind):
    contexts = t.made(kind, **ROWS)
    assert contexts
    for context in contexts.values():
        assert context["figures"]
        text, charts = parts_of(render_note(kind, context, Stamp(datetime(2025, 6, 20, tzinfo=UTC), "1.0")))
        drawn = {float(value) for value in re.findall(r"<c:v>(-?\d+(?:\.\d+)?)</c:v>", charts)}
        for figure in context["figures"]:
            number = figure["text"].replace("\u00a0", "").replace("−", "-").replace(",", ".").rstrip("%")
            assert figure["text"] in text or float(number) in drawn, figure


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_templates_have_no_wrong_tag(kind):
    for context in t.made(kind, **ROWS).values():
        assert lint_template(template_bytes(kind, None)[1], context) == []


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_nothing_is_made_of_nothing(kind):
    assert t.made(kind) == {}
