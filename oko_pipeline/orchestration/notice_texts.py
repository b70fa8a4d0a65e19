"""Texts of notices: Russian templates of the package, or a territory's own of the same name; never personal data.

A template's first line is the subject, the rest the text. Templates get counts, codes and titles of our own catalogue
alone: no message of an error, no cell of a file. What still looks like a person is taken out line by line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from oko_pipeline.catalogue.wording import counted
from oko_pipeline.errors import SettingsError
from oko_pipeline.errors import TemplateError as OkoTemplateError
from oko_pipeline.validation.personal_data import scan_frame

NoticeKind = Literal[
    "run_failed", "checks_failed", "sources_overdue", "reminders", "documents_ready", "documents_changed", "old_issues"
]
KINDS_RU: Final[dict[NoticeKind, str]] = {
    "run_failed": "запуск не удался",
    "checks_failed": "год остановлен проверкой",
    "sources_overdue": "источники просрочены",
    "reminders": "сроки программ близки или прошли",
    "documents_ready": "документы готовы",
    "documents_changed": "выпущенные документы изменились",
    "old_issues": "у кого прежний выпуск документа",
}
HIDDEN_RU: Final = "[строка скрыта: похоже на персональные данные]"
MOST_SIGNS: Final = 3500
"""Bots take no more than 4096 signs."""
_SUBJECT_SIGNS: Final = 150
_SUFFIX: Final = ".txt.jinja"


@dataclass(frozen=True, slots=True)
class Notice:
    """A text to be sent. `key` is what makes it one of its kind; `items` are the things it tells of, each told once."""

    kind: NoticeKind
    key: str
    subject: str
    body: str
    items: tuple[str, ...] = ()


def wanted_kinds(setting: str) -> frozenset[NoticeKind]:
    """Return the kinds that a territory asked for; raises `SettingsError` for an unknown one."""
    names = {name.strip() for name in setting.split(",") if name.strip()}
    if names <= {"all"}:
        return frozenset(KINDS_RU) if names else frozenset()
    if names == {"none"}:
        return frozenset()
    unknown = sorted(names - set(KINDS_RU))
    if unknown:
        raise SettingsError(f"OKO_NOTICES: видов извещений {unknown} нет; есть: all, none, {', '.join(KINDS_RU)}.")
    return frozenset(kind for kind in KINDS_RU if kind in names)


def write_notice(
    kind: NoticeKind, key: str, facts: Mapping[str, Any], folder: Path | None = None, items: tuple[str, ...] = ()
) -> Notice:
    """Return the notice of some facts.

    Args:
        kind: which template.
        key: of the notice.
        facts: what the template names.
        folder: a territory's own templates: `<kind>.txt.jinja`.
        items: the things that the notice tells of.

    Raises:
        oko_pipeline.errors.TemplateError: when a template is faulty or asks for what there is not.
    """
    own = None if folder is None else folder.expanduser() / f"{kind}{_SUFFIX}"
    try:
        if own is not None and own.is_file():
            source = own.read_text("utf-8-sig")
        else:
            package = files("oko_pipeline.orchestration").joinpath("notice_templates")
            source = package.joinpath(f"{kind}{_SUFFIX}").read_text("utf-8")
        text = _environment().from_string(source).render(facts)
    except (TemplateError, OSError, UnicodeDecodeError) as error:
        raise OkoTemplateError(f"Шаблон извещения {kind}{_SUFFIX}: {error}.") from error
    subject, _, body = without_people(text).strip().partition("\n")
    return Notice(kind, key, _one_line(subject), shortened(body.strip()), items)


def without_people(text: str) -> str:
    """Return a text whose lines that look like personal data are replaced; the others stand."""
    lines = text.splitlines()
    hits = [bool(scan_frame(pd.DataFrame({"text": [line]}), "notices")) if line.strip() else False for line in lines]
    return "\n".join(HIDDEN_RU if hit else line for line, hit in zip(lines, hits, strict=True))


def shortened(text: str) -> str:
    """Return a text that every channel takes."""
    if len(text) <= MOST_SIGNS:
        return text
    return text[:MOST_SIGNS].rsplit("\n", 1)[0] + "\n…"


def _one_line(text: str) -> str:
    """Return a subject: one line, no control signs (they would begin another header)."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()[:_SUBJECT_SIGNS]


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False, autoescape=False
    )
    environment.filters["день"] = _day
    environment.filters["сколько"] = _counted
    return environment


def _day(value: str | date) -> str:
    day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    return day.strftime("%d.%m.%Y")


def _counted(count: int, one: str, few: str, many: str) -> str:
    return counted(count, (one, few, many))
