"""Every rule of accessibility lets a good document pass and names the place where a spoilt one breaks it."""

import io
import re
import zipfile
from datetime import UTC, datetime

import pytest

from oko_pipeline.reporting.vpr.contexts import municipality_note, school_note
from oko_pipeline.reporting.word.accessibility import ACCESSIBILITY_RULES, accessibility_faults, contrast
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.templates import template_bytes


@pytest.fixture(scope="module")
def note(request):
    spring = request.getfixturevalue("spring")
    stamp = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1.0")
    return render_note("school_note", school_note(spring, "edu990401"), stamp)


def rewritten(content, part, change):
    source = io.BytesIO(content)
    target = io.BytesIO()
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w") as written:
        for name in read.namelist():
            data = read.read(name)
            if name == part:
                changed = change(data.decode())
                assert changed != data.decode(), "the change found nothing to change"
                data = changed.encode()
            written.writestr(name, data)
    return target.getvalue()


def once(pattern, replacement):
    return lambda text: re.sub(pattern, replacement, text, count=1, flags=re.S)


def faults_of(content, rule):
    return [str(fault) for fault in accessibility_faults(content) if fault.rule == rule]


DOCUMENT = "word/document.xml"
HEADING = '<w:p><w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
SECTION_END = r"(<w:sectPr[^>]*>(?:(?!<w:sectPr).)*</w:sectPr></w:body>)"
CAPTION_OF_TABLE = r'<w:p><w:pPr><w:pStyle w:val="Caption"/>(?:(?!</w:p>).)*</w:p>(?=<w:tbl[ >])'
CELL_TEXT = r'(<w:tc>(?:(?!</w:tc>).)*<w:t xml:space="preserve">)[^<]*'
GROUND = (
    '<w:tr><w:tc><w:tcPr><w:shd w:val="clear" w:fill="{}"/></w:tcPr><w:p><w:r><w:t>5</w:t></w:r></w:p></w:tc></w:tr>'
)
COLOURED = (
    "<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr><w:tc><w:p><w:r><w:t>№</w:t></w:r></w:p></w:tc></w:tr>"
    f"{GROUND.format('F0C0B0')}{GROUND.format('FFFFFF')}</w:tbl>"
)
SPOILT = {
    "title": ("docProps/core.xml", once(r"<dc:title>.*?</dc:title>", "<dc:title></dc:title>"), "нет названия"),
    "language": ("word/styles.xml", once(r'w:val="ru-RU"', 'w:val="en-US"'), "en-US"),
    "heading_levels": (DOCUMENT, once(r'w:val="Heading1"', 'w:val="Heading2"'), "уровня 2 стоит первым"),
    "heading_content": (
        DOCUMENT,
        lambda text: re.sub(SECTION_END, HEADING.format(level=1, text="Итоги") + r"\1", text, flags=re.S),
        "кончается заголовком",
    ),
    "alternative_text": (DOCUMENT, once(r'descr="[^"]*"', 'descr="Диаграмма 1"'), "не говорит"),
    "figure_caption": (DOCUMENT, once(r'(</w:drawing></w:r></w:p>)<w:p>.*?</w:p>', r"\1"), "нет подписи"),
    "table_caption": (DOCUMENT, once(CAPTION_OF_TABLE, ""), "нет названия"),
    "caption_object": (DOCUMENT, once(r"<w:tbl[ >].*?</w:tbl>", ""), "без своей таблицы"),
    "repeated_header": (DOCUMENT, once(r"<w:tblHeader/>", ""), "не повторяется"),
    "merged_cells": (DOCUMENT, once(r"(<w:tcPr><w:tcW [^>]*/>)", r'\1<w:vMerge w:val="restart"/>'), "по вертикали"),
    "empty_cells": (DOCUMENT, once(CELL_TEXT, r"\1"), "пустые ячейки: 1"),
    "empty_paragraph": (DOCUMENT, once(r"(<w:tbl[ >])", r"<w:p/>\1"), "пустой абзац"),
    "contrast": ("word/styles.xml", once(r'(w:styleId="OkoText".*?<w:color w:val=")000000', r"\1C0C0C0"), "C0C0C0"),
    "colour_alone": (DOCUMENT, once("<w:tbl(?=[ >])", f"{COLOURED}<w:tbl"), "только в цвете"),
    "left_tags": (DOCUMENT, once(r"<w:t>", "<w:t>{{ title }}"), "метка шаблона"),
}  # fmt: skip


def test_a_good_note_breaks_no_rule(note):
    assert accessibility_faults(note) == []


def test_the_note_of_a_municipality_breaks_no_rule(spring, stamp):
    assert accessibility_faults(render_note("municipality_note", municipality_note(spring, "reg99_m101"), stamp)) == []


@pytest.mark.parametrize("rule", ACCESSIBILITY_RULES)
def test_each_rule_finds_what_breaks_it(note, rule):
    part, change, words = SPOILT[rule]
    found = faults_of(rewritten(note, part, change), rule)
    assert found
    assert any(words in fault for fault in found), found


def test_a_fault_says_where(note):
    found = faults_of(rewritten(note, DOCUMENT, once(r'descr="[^"]*"', 'descr=""')), "alternative_text")
    assert re.match(r"рисунок 1, абзац \d+ \(«Рисунок\s1 — ", found[0])


def test_the_same_text_for_two_charts_is_a_fault(note):
    same = 'descr="Доля базового уровня выросла на 5 п. п., отличие значимо"'
    found = faults_of(rewritten(note, DOCUMENT, lambda text: re.sub(r'descr="[^"]*"', same, text)), "alternative_text")
    assert "что у рисунка 1" in found[0]


def test_a_text_that_repeats_the_caption_is_a_fault(note):
    with zipfile.ZipFile(io.BytesIO(note)) as archive:
        text = archive.read(DOCUMENT).decode()
    after = text[text.index("</w:drawing>") :]
    caption = "".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", after[: after.index("</w:p>", 40)])).split(" — ", 1)[1]
    found = faults_of(rewritten(note, DOCUMENT, once(r'descr="[^"]*"', f'descr="{caption}"')), "alternative_text")
    assert "повторяет подпись" in found[0]


def test_a_row_to_be_filled_in_by_hand_may_be_empty(note):
    form = (
        '<w:tr><w:trPr><w:trHeight w:val="620" w:hRule="atLeast"/></w:trPr><w:tc><w:tcPr><w:gridSpan w:val="{span}"/>'
        "</w:tcPr><w:p/></w:tc></w:tr></w:tbl>"
    )

    def add(text):
        first = text[: text.index("</w:tbl>")]
        span = first[first.rindex("<w:tblGrid>") :].count("<w:gridCol ")
        return text.replace("</w:tbl>", form.format(span=span), 1)

    assert accessibility_faults(rewritten(note, DOCUMENT, add)) == []


def test_a_document_without_styles_or_body_is_no_document():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(KeyError):
        accessibility_faults(stream.getvalue())


def test_a_template_itself_has_tags_left():
    rules = {fault.rule for fault in accessibility_faults(template_bytes("school_note", None)[1])}
    assert "left_tags" in rules


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("000000", "FFFFFF", 21.0), ("FFFFFF", "FFFFFF", 1.0), ("777777", "FFFFFF", 4.48), ("FF0000", "FFFFFF", 4.0)],
)
def test_contrast_is_that_of_wcag(one, other, expected):
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)
