"""Where a note's template comes from and what every template must bring. Reading its tags is in `template_lint`."""

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
