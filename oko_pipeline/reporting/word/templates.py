"""Where a note's template comes from and what every template must bring. Reading its tags is in `template_lint`."""

import hashlib
import io
import re
import zipfile
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from oko_pipeline.errors import TemplateError

STYLE_NAMES: Final[dict[str, str]] = {
    "table": "ОКО Таблица",
    "cell": "ОКО Ячейка",
    "number": "ОКО Число",
    "header": "ОКО Шапка",
    "group": "ОКО Группа",
    "chart": "ОКО Рисунок",
}
"""Styles that tables and charts take from the template, found by name: Word may change ids when it saves."""


_TEXT: Final = re.compile(rb"<w:t(?:\s[^>]*)?>([^<]*)</w:t>")
_PRINTED: Final = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes)\.xml")


def template_texts_sha256(kind: str, templates: Path | None) -> str:
    """Return the fingerprint of the texts and tags of a template: what it says itself, without how it looks.

    Raises:
        TemplateError: when there is no template or it cannot be read.
    """
    path, content = template_bytes(kind, templates)
    try:
        return _texts_sha256(content)
    except (zipfile.BadZipFile, KeyError) as error:
        raise TemplateError(f"Шаблон {path} не открывается как документ Word: {error}.") from error


@lru_cache(maxsize=128)
def _texts_sha256(content: bytes) -> str:
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in sorted(filter(_PRINTED.fullmatch, parts.namelist())):
            # Word cuts a text into runs as it likes: whole paragraphs are compared.
            for paragraph in parts.read(name).split(b"</w:p>"):
                digest.update(b"".join(_TEXT.findall(paragraph)) + b"\n")
    return digest.hexdigest()


def template_bytes(kind: str, templates: Path | None) -> tuple[str, bytes]:
    """Return the name and content of a template: the territory's own file where there is one, ours otherwise.

    Raises:
        TemplateError: when there is none or it cannot be read.
    """
    file_name = f"{kind}.docx"
    own = None if templates is None else templates / file_name
    try:
        if own is not None and own.is_file():
            return str(own), own.read_bytes()
        return file_name, files("report_templates").joinpath(file_name).read_bytes()
    except OSError as error:
        raise TemplateError(f"Шаблон {file_name} не читается: {error}.") from error
