"""The guide to templates names every tag of every shipped template, under the heading where the document shows it."""

import io
import re
import zipfile
from importlib.resources import files

import pytest

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.defaults.tags_page import tags_page, template_tags
from oko_pipeline.reporting.word.templates import STYLE_NAMES, template_bytes


@pytest.fixture(scope="module")
def page():
    return tags_page()


def kinds_with_templates():
    folder = files("report_templates")
    return [kind for kind in document_kinds() if folder.joinpath(f"{kind}.docx").is_file()]


def test_the_guide_tells_how_to_change_and_what_a_broken_tag_says(page):
    for words in ("OKO_TEMPLATES", "бланк", "стиль", "порядок", "Если метка сломана", "возможно, «marks»"):
        assert words in page
    assert all(name in page for name in STYLE_NAMES.values())


@pytest.mark.parametrize("kind", kinds_with_templates())
def test_every_tag_of_a_template_is_in_the_guide(page, kind):
    part = page.partition(f"`{kind}.docx`")[2].partition("\n### ")[0]
    assert part
    with zipfile.ZipFile(io.BytesIO(template_bytes(kind, None)[1])) as archive:
        text = re.sub(r"<[^>]+>", "", archive.read("word/document.xml").decode())
    for name in set(re.findall(r"\{\{p? *([a-z_]+)", text)) | set(re.findall(r"\{%p if ([a-z_]+)", text)):
        is_loop = re.search(rf"for {name} in", text) is not None
        assert is_loop or f"`{name}" in page, name


def test_a_section_stands_beside_its_heading():
    tags = template_tags(template_bytes("complex_analysis_school", None)[1])
    assert ("sections.risks", "Зона риска") in tags.sections
    assert any(one.startswith("`advice` (у каждого: `title`") for one in tags.others)
