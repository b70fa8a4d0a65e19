"""A chart preview as SVG: shares of marks of a school's works, each with its number of participants.

Works stand in the order campaign, grade, subject; the same numbers stand in a table beside the picture.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from oko_pipeline.catalogue.wording import counted, decimal

MARKS: Final = (2, 3, 4, 5)
PARTICIPANTS: Final = ("участник", "участника", "участников")
_COLOURS: Final = {2: "#b5532a", 3: "#f1ddb0", 4: "#7fafd4", 5: "#1f4e79"}
_INKS: Final = {2: "#ffffff", 3: "#1c1c1c", 4: "#1c1c1c", 5: "#ffffff"}
_LABEL, _BAR, _ROW, _HEAD, _WIDTH = 300, 460, 30, 44, 900


def marks_chart(rows: Sequence[Mapping[str, Any]], titles: Sequence[str], hide_below: int) -> str:
    """Return the SVG of a school's marks; works with fewer than `hide_below` participants show no shares."""
    height = _HEAD + _ROW * max(1, len(rows)) + 14
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">'
    )
    parts = [
        opening,
        "<title>Доли отметок по работам, %</title>",
        *_legend(),
    ]
    for place, (row, title) in enumerate(zip(rows, titles, strict=True)):
        parts += _bar(row, title, _HEAD + _ROW * place, hide_below)
    if not rows:
        parts.append(f'<text x="{_WIDTH // 2}" y="{_HEAD + 18}" text-anchor="middle">Отметок нет</text>')
    return "".join([*parts, "</svg>"])


def _legend() -> list[str]:
    parts: list[str] = []
    for place, mark in enumerate(MARKS):
        x = _LABEL + place * 70
        parts.append(f'<rect x="{x}" y="12" width="16" height="16" fill="{_COLOURS[mark]}" stroke="#404040"/>')
        parts.append(f'<text x="{x + 22}" y="25">«{mark}»</text>')
    return parts


def _bar(row: Mapping[str, Any], title: str, top: int, hide_below: int) -> list[str]:
    count = int(row["marked_count"])
    parts = [f'<text x="{_LABEL - 10}" y="{top + 17}" text-anchor="end">{escape(_short(title))}</text>']
    told = counted(count, PARTICIPANTS)
    if count < hide_below:
        parts.append(f'<text x="{_LABEL}" y="{top + 17}" fill="#595959">{told}: доли скрыты</text>')
        return parts
    x = float(_LABEL)
    for mark in MARKS:
        share = float(row[f"mark_{mark}_share"] or 0)
        width = share * _BAR
        parts.append(
            f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="22" fill="{_COLOURS[mark]}" stroke="#404040"/>'
        )
        if width > 34:
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="{top + 16}" text-anchor="middle" fill="{_INKS[mark]}">'
                f"{decimal(share * 100, 0)}</text>"
            )
        x += width
    parts.append(f'<text x="{_LABEL + _BAR + 10}" y="{top + 17}">{told}</text>')
    return parts


def _short(title: str) -> str:
    return title if len(title) <= 42 else f"{title[:41]}…"
