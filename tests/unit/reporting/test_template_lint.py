from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document

from oko_pipeline.errors import TemplateError
from oko_pipeline.reporting.defaults.book import build, write_templates
from oko_pipeline.reporting.vpr.contexts import municipality_note, school_note
from oko_pipeline.reporting.word.render import render_note
from oko_pipeline.reporting.word.template_lint import check_template, lint_template
from oko_pipeline.reporting.word.templates import template_bytes


@pytest.fixture(scope="module")
def context(request):
    return school_note(request.getfixturevalue("spring"), "edu990401")


def edited(old, new):
    """The default template with a paragraph's text replaced."""
    document = Document(BytesIO(build("school_note")))
    paragraph = next(p for p in document.paragraphs if old in p.text)
    paragraph.text = paragraph.text.replace(old, new)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["school_note", "municipality_note"])
def test_templates_of_the_project_are_clean(spring, kind):
    context = {
        "school_note": school_note(spring, "edu990401"),
        "municipality_note": municipality_note(spring, "reg99_m101"),
    }
    assert lint_template(template_bytes(kind, None)[1], context[kind]) == []
    check_template(kind, context[kind])


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{{ unit_name }}", "{{ unit_nam }}", "«unit_nam» нет в данных; возможно, «unit_name»"),
        ("{{ work.facts }}", "{{ work.fact }}", "«work.fact» нет в данных; возможно, «facts»"),
        ("{{ work.title }}", "{{ work.title }", "скобки метки не закрыты"),
        ("{%p if work.histogram %}", "", "«endif» без своего «if»"),
        ("{%p for work in works %}", "{%p for work of works %}", "«for» пишется так"),
        ("{%p for work in works %}", "{%p for work in title %}", "«title» — не список"),
        ("{{p work.histogram }}", "{{ work.histogram }}", "с буквой p"),
        ("{{p work.histogram }}", "Рис. {{p work.histogram }}", "в абзаце одна"),
        ("{{ marks.text }}", "{{p marks.text }}", "без буквы p"),
        ("{%p if campaign_note %}", "{%p while campaign_note %}", "неизвестная команда «while»"),
        ("{{ quality.text }}", "", "нет обязательной метки «{{ quality.text }}»"),
        ("{{p sources }}", "{{ (sources }}", "не читается"),
    ],
)
def test_fault_is_named_with_its_paragraph(context, old, new, fault):
    faults = lint_template(edited(old, new), context)
    assert any(fault in text for text in faults), faults
    assert all("абзац" in text or "нет обязательной метки" in text for text in faults)


def test_unclosed_loop_names_where_it_was_opened(context):
    document = Document(BytesIO(build("school_note")))
    last = [p for p in document.paragraphs if p.text == "{%p endfor %}"][-1]
    last._p.getparent().remove(last._p)
    stream = BytesIO()
    document.save(stream)
    assert any("не закрыт" in text and "«for»" in text for text in lint_template(stream.getvalue(), context))


def test_footer_is_read_too(context):
    document = Document(BytesIO(build("school_note")))
    document.sections[-1].footer.paragraphs[0].text = "{{ footer_text }}"
    stream = BytesIO()
    document.save(stream)
    assert any(text.startswith("нижний колонтитул, абзац 1") for text in lint_template(stream.getvalue(), context))


def test_rendering_a_faulty_template_fails_with_the_same_words(context, stamp, tmp_path):
    (tmp_path / "school_note.docx").write_bytes(edited("{{ unit_name }}", "{{ unit_nam }}"))
    with pytest.raises(TemplateError, match=r"school_note\.docx: 1\u00a0ошибка\.\n.*абзац \d+.*unit_nam"):
        render_note("school_note", context, stamp, tmp_path)
    with pytest.raises(TemplateError, match="возможно, «unit_name»"):
        check_template("school_note", context, tmp_path)


def test_what_is_no_document_is_said(context):
    assert lint_template(b"PK", context)[0].startswith("файл не открывается")


def test_shipped_templates_are_those_that_the_builder_restores(tmp_path):
    written = {path.name: path.read_bytes() for path in write_templates(tmp_path)}
    folder = Path(str(files("report_templates")))
    assert written == {path.name: path.read_bytes() for path in folder.glob("*.docx")}
