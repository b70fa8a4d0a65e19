"""Appends paragraphs, tags, fields, captions and section breaks to a default template.

What stands where in a document is written in the template, an ordinary Word file; these are only the pieces that all
default templates share: title page, sections, appendix about the sources, signature, footer.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

_REFERENCE: Final = re.compile(r"\{ref:(\w+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """How a default template is written, and the text of its footer beside the page number."""

    write: Callable[["Writer"], None]
    footer: str = "{{ title }}. {{ unit_name }}"


class Writer:
    """Appends paragraphs, tags, fields and section breaks to the template."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._bookmarks = 0

    def add(self, text: str, style: str) -> Any:
        """Append a paragraph and return it."""
        return self._document.add_paragraph(text, style=style)

    def lead(self, title: str, text: str, style: str = "ОКО Ввод") -> None:
        """Append a paragraph that begins with bold words."""
        paragraph = self._document.add_paragraph(style=style)
        paragraph.add_run(title).bold = True
        paragraph.add_run(text)

    def tag(self, statement: str) -> None:
        """Append a control tag: if, for, endif, endfor."""
        self.add(f"{{%p {statement} %}}", "ОКО Тег")

    def block(self, name: str) -> None:
        """Append the place of a table or a chart."""
        self.add(f"{{{{p {name} }}}}", "ОКО Тег")

    def table_caption(self, text: str, bookmark: str = "") -> None:
        """Append a numbered caption that stays with the table below; references in texts go to `bookmark`."""
        self._caption("Таблица", text, bookmark, keep_next=True)

    def figure_caption(self, text: str, bookmark: str = "") -> None:
        """Append a numbered caption of the chart above; references in texts go to `bookmark`."""
        self._caption("Рисунок", text, bookmark, keep_next=False)

    def referring(self, text: str, style: str = "ОКО Текст") -> None:
        """Append a paragraph in which `{ref:tbl_marks}` is the number of the caption with that bookmark.

        Texts of a context refer by `reporting.sections.reference` to tables and charts that have a name.
        """
        paragraph = self.add("", style)
        for place, piece in enumerate(_REFERENCE.split(text)):
            if place % 2:
                add_field(paragraph, f"REF {piece} \\h", "1")
            elif piece:
                paragraph.add_run(piece)

    def _caption(self, word: str, text: str, bookmark: str, *, keep_next: bool) -> None:
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = self.add("", "Caption" if keep_next else "ОКО Подпись рисунка")
        paragraph.add_run(f"{word}\u00a0")
        if bookmark:
            self._bookmarks += 1
            start = OxmlElement("w:bookmarkStart", {qn("w:id"): str(self._bookmarks), qn("w:name"): bookmark})
            paragraph._p.append(start)  # noqa: SLF001 - python-docx has no API for bookmarks
        add_field(paragraph, f"SEQ {word} \\* ARABIC", "1")
        if bookmark:
            paragraph._p.append(OxmlElement("w:bookmarkEnd", {qn("w:id"): str(self._bookmarks)}))  # noqa: SLF001
        paragraph.add_run(f" — {text}")

    def contents(self) -> None:
        """Append the table of contents of headings of levels 1 and 2."""
        paragraph = self.add("", "TOC 1")
        add_field(paragraph, 'TOC \\o "1-2" \\h \\z \\u', "Содержание появится в готовом документе")

    def end_section(self, *, landscape: bool) -> None:
        """End a section of the given orientation; the break has a paragraph of its own, one point high."""
        last = self.add("", "ОКО Разрыв")
        properties = deepcopy(self._document.element.body.sectPr)
        _turn(properties, landscape=landscape)
        last._p.get_or_add_pPr().append(properties)  # noqa: SLF001 - no API for a break in a given paragraph

    def title_page(self, unit_line: str, *lines: str, contents: bool = True) -> None:
        """Write the title page: authority, approval block, title, unit, `lines`, contents; it is a section."""
        self.letterhead()
        for line in (
            "УТВЕРЖДАЮ",
            "{{ approval_position }}",
            "____________ / ____________________ /",
            "«____» ______________ 20___ г.",
        ):
            self.add(line, "ОКО Гриф")
        self.add("{{ title }}", "Title")
        self.add(unit_line, "Subtitle")
        for line in lines:
            self.add(line, "ОКО Титул")
        if contents:
            self.add("Содержание", "TOC Heading")
            self.contents()
        self.end_section(landscape=False)

    def letterhead(self) -> None:
        """Write the authority and, where it is set, the territory."""
        self.add("{{ authority }}", "ОКО Титул")
        self.tag("if territory")
        self.add("{{ territory }}", "ОКО Титул")
        self.tag("endif")

    def outgoing(self, *addressee: str) -> None:
        """Write the head of a letter: authority, place for date and number, addressee."""
        self.letterhead()
        self.add("«____» ______________ 20___ г. № ________", "Normal")
        for line in addressee:
            self.add(line, "ОКО Гриф")

    def section(self, name: str, heading: str, *, level: int = 1, wide: bool = False) -> None:
        """Write a section of the context (`reporting.sections`) under a heading; absent sections leave no trace.

        Args:
            name: where the context keeps the section, such as `sections.tasks`.
            heading: text of the heading; may hold tags.
            level: level of the heading, 1 or 2; 0 writes no heading.
            wide: a section with tables stands on landscape pages, its heading and texts too.
        """
        self.tag(f"if {name}")
        if wide:
            self.tag(f"if {name}.tables")
            self.end_section(landscape=False)
            self.tag("endif")
        if level:
            self.add(heading, f"Heading {level}")
        self.loop(name, "text", "{{ paragraph }}", "ОКО Текст")
        self.loop(name, "points", "{{ paragraph }}", "List Bullet")
        self.tag(f"for chart in {name}.charts")
        self.block("chart")
        self.figure_caption("{{ chart.caption }}")
        self.tag("endfor")
        self.tag(f"for table in {name}.tables")
        self.table_caption("{{ table.title }}")
        self.block("table")
        self.tag("endfor")
        self.tag(f"if {name}.note")
        self.add(f"{{{{ {name}.note }}}}", "ОКО Примечание")
        self.tag("endif")
        if wide:
            self.tag(f"if {name}.tables")
            self.end_section(landscape=True)
            self.tag("endif")
        self.tag("endif")

    def landscape(self, *sections: tuple[str, str]) -> None:
        """Write sections, each a name and a heading, one after another on landscape pages, headings and texts too.

        Sections with wide tables that follow each other then share their pages, and no page is turned for a heading.
        """
        self.tag(f"if {' or '.join(name for name, _ in sections)}")
        self.end_section(landscape=False)
        for name, heading in sections:
            self.section(name, heading)
        self.end_section(landscape=True)
        self.tag("endif")

    def loop(self, name: str, part: str, text: str, style: str) -> None:
        """Write a paragraph for each item of a list; the item is called `paragraph`."""
        self.tag(f"for paragraph in {name}.{part}")
        self.add(text, style)
        self.tag("endfor")

    def provenance(self) -> None:
        """Write the appendix about where the numbers come from and what changed since the last issue."""
        self._changes("Heading 1")
        # Not an appendix of its own page: after a signature alone on its page it would cost another.
        self.add("Происхождение данных", "ОКО Приложение").paragraph_format.page_break_before = False
        self.add(
            "{{ school_year }} учебный год. Выпуск {{ stamp.issue }}, составлен {{ stamp.rendered_at }} программой "
            "oko-pipeline версии {{ stamp.code_version }}; отпечаток содержания {{ stamp.context_sha256 }}.",
            "ОКО Текст",
        )
        self.tag("if provenance")
        self.add("{{ provenance.text }}", "ОКО Текст")
        self.tag("if provenance.table")
        self.table_caption("{{ provenance.table.title }}")
        self.block("provenance.table")
        self.tag("endif")
        self.tag("endif")

    def provenance_note(self) -> None:
        """Write the sources of the numbers as a note at the end, for letters and drafts that have no appendices."""
        self._changes("ОКО Группа")
        self.add(
            "Выпуск {{ stamp.issue }}, составлен {{ stamp.rendered_at }} программой oko-pipeline версии "
            "{{ stamp.code_version }}; отпечаток содержания {{ stamp.context_sha256 }}."
            "{% if provenance %} {{ provenance.text }}{% endif %}",
            "ОКО Примечание",
        )

    def _changes(self, style: str) -> None:
        """Write what changed since the last issue under a heading of a style."""
        self.tag("if changes")
        self.add("Что изменилось с прошлого выпуска", style)
        self.loop("changes", "text", "{{ paragraph }}", "ОКО Текст")
        self.tag("for table in changes.tables")
        self.table_caption("{{ table.title }}")
        self.block("table")
        self.tag("endfor")
        self.tag("endif")

    def signature(
        self, text: str = "Составил: ____________________ / ____________________ /", *, keeps_next: bool = False
    ) -> None:
        """Write the line for the signature; with `keeps_next` on one page with what follows: another line, a note."""
        self.add(text, "ОКО Подпись").paragraph_format.keep_with_next = keeps_next or None


def _turn(section_properties: Any, *, landscape: bool) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    size = section_properties.get_or_add_pgSz()
    size.w, size.h = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    size.orient = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT


def add_field(paragraph: Any, instruction: str, result: str) -> None:
    """Append a field and the text to show until it is brought up to date."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    def mark(kind: str) -> None:
        run = paragraph.add_run()
        run._r.append(OxmlElement("w:fldChar", {qn("w:fldCharType"): kind}))  # noqa: SLF001 - no API for fields

    mark("begin")
    text = OxmlElement("w:instrText", {qn("xml:space"): "preserve"})
    text.text = f" {instruction} "
    paragraph.add_run()._r.append(text)  # noqa: SLF001
    mark("separate")
    paragraph.add_run(result)
    mark("end")


def write_footer(document: Any, text: str) -> None:
    """Put the page's number above (ГОСТ Р 7.0.97: in the middle of the upper margin) and `text` below.

    The first page has neither. Each section names them itself: a section that a tag leaves out must not take those of
    the rest with it.
    """
    sections = list(document.sections)
    last = sections[-1]
    for part, style in ((last.header, "Header"), (last.footer, "Footer")):
        part.is_linked_to_previous = False
        part.paragraphs[0].style = document.styles[style]
    add_field(last.header.paragraphs[0], "PAGE", "2")
    last.footer.paragraphs[0].add_run(text)
    properties = last._sectPr  # noqa: SLF001 - python-docx would make new parts a section
    references = [*properties.headerReference_lst, *properties.footerReference_lst]
    for section in sections[:-1]:
        for place, reference in enumerate(references):
            section._sectPr.insert(place, deepcopy(reference))  # noqa: SLF001
    sections[0].different_first_page_header_footer = True
