"""The lint of templates learns the tags of any kind from a context, and says where in the document a fault is."""

import re
from io import BytesIO

import pytest
from docx import Document
from docx.oxml import OxmlElement

from oko_pipeline.errors import TemplateError
from oko_pipeline.reporting.defaults.look import prepare
from oko_pipeline.reporting.vpr.contexts import school_note
from oko_pipeline.reporting.word.render import render_note
from oko_pipeline.reporting.word.template_lint import known_tags, lint_template, unused_tags
from oko_pipeline.reporting.word.templates import template_bytes


def saved(document):
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def edited(old, new):
    """The shipped template of the school note with a paragraph's text replaced."""
    document = Document(BytesIO(template_bytes("school_note", None)[1]))
    paragraph = next(p for p in document.paragraphs if old in p.text)
    paragraph.text = paragraph.text.replace(old, new)
    return saved(document)


def letter(*texts):
    document = Document()
    prepare(document)
    for text in texts:
        document.add_paragraph(text)
    return saved(document)


def test_a_fault_says_on_which_page_and_under_which_heading(spring):
    context = school_note(spring, "edu990401")
    faults = lint_template(edited("{{ marks.text }}", "{{ markz.text }}"), context)
    assert len(faults) == 1
    assert re.match(r"стр\. 2 или дальше, абзац \d+, раздел «Отметки» \(«\{\{ markz\.text \}\}»\)", faults[0])


def test_pages_that_word_laid_out_are_counted_as_it_did(spring):
    document = Document(BytesIO(edited("{{ marks.text }}", "{{ markz.text }}")))
    for paragraph in document.paragraphs[:3]:
        paragraph.runs[0]._r.insert(0, OxmlElement("w:lastRenderedPageBreak"))
    faults = lint_template(saved(document), school_note(spring, "edu990401"))
    assert faults[0].startswith("стр. 4, абзац")


def test_any_kind_teaches_its_tags():
    context = {
        "title": "Письмо", "unit_name": "ОО", "school_year": "2020/21", "figures": [], "advice": {"text": ["а"]},
        "steps": [{"what": "Сделать", "when": "в мае"}], "empty": None,
        "plan": {"tables": [{"block": "table"}], "chart": {"block": "chart"}},
    }  # fmt: skip
    assert known_tags(context) == {
        "title": "текст", "unit_name": "текст", "school_year": "текст", "advice.text": "список текстов",
        "steps": "список; у каждого: what, when", "empty": "бывает пусто", "plan.tables": "список: таблица",
        "plan.chart": "рисунок",
    }  # fmt: skip
    xml = letter(
        "{{ title }}", "{{ unit_name }}", "{{ school_year }}", "{{ stamp.rendered_at }}{{ stamp.code_version }}"
    )
    assert lint_template(xml, context) == []
    assert unused_tags(xml, context) == ["advice", "steps", "empty", "plan"]
    assert lint_template(letter("{{ advise.text }}"), context)[0].endswith("возможно, «advice»")
    assert "нет обязательной метки «{{ title }}»" in lint_template(letter("{{ unit_name }}"), context)
    assert "campaign_title" not in "".join(lint_template(letter("{{ unit_name }}"), context))


def test_one_cause_in_many_places_is_told_once(spring, tmp_path, stamp):
    (tmp_path / "school_note.docx").write_bytes(edited("{%p for work in works %}", "{%p for work in works"))
    with pytest.raises(TemplateError) as raised:
        render_note("school_note", school_note(spring, "edu990401"), stamp, tmp_path)
    lines = str(raised.value).splitlines()
    assert lines[0].endswith(f"{len(lines) - 1}\u00a0ошибки.")
    assert "скобки метки не закрыты" in lines[1]
    assert re.search(r"возможно, «works»; так же ещё в \d+\u00a0абзацах$", lines[2])


def test_a_table_amid_a_text_is_no_document(spring, tmp_path, stamp):
    (tmp_path / "school_note.docx").write_bytes(edited("{{p work.histogram }}", "См. {{ work.histogram }}"))
    with pytest.raises(TemplateError, match=r"ставятся меткой «\{\{p work\.histogram \}\}»"):
        render_note("school_note", school_note(spring, "edu990401"), stamp, tmp_path)
