"""A chart preview as SVG: shares of marks of a school's works, each with its number of participants.

Works stand in the order campaign, grade, subject; the same numbers stand in a table beside the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from oko_pipeline.catalogue.wording import counted, decimal

MARKS: Final = (2, 3, 4, 5)
PARTICIPANTS: Final = ("участник", "участника", "участников")
_COLOURS: Final = {2: "#b5532a", 3: "#f1ddb0", 4: "#7fafd4", 5: "#1f4e79"}
_INKS: Final = {2: "#ffffff", 3: "#1c1c1c", 4: "#1c1c1c", 5: "#ffffff"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand in a picture, in its units: `bar_x` and `bar_y` from the left and from the top of a row."""

    width: int
    row: int
    bar_x: int
    bar_y: int
    bar: int
    longest_title: int

    @property
    def is_stacked(self) -> bool:
        """Tell whether titles stand above the bars."""
        return self.bar_y > 0


WIDE: Final = Layout(900, 30, 300, 0, 460, 42)
NARROW: Final = Layout(360, 54, 4, 20, 352, 34)
_HEAD: Final = 44


def marks_chart(
    rows: Sequence[Mapping[str, Any]], titles: Sequence[str], hide_below: int, layout: Layout = WIDE
) -> str:
    """Return the SVG of a school's marks; works with fewer than `hide_below` participants show no shares."""
    height = _HEAD + layout.row * max(1, len(rows)) + 14
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {layout.width} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">'
    )
    parts = [
        opening,
        "<title>Доли отметок по работам, %</title>",
        *_legend(layout),
    ]
    for place, (row, title) in enumerate(zip(rows, titles, strict=True)):
        parts += _bar(row, title, _HEAD + layout.row * place, hide_below, layout)
    if not rows:
        parts.append(f'<text x="{layout.width // 2}" y="{_HEAD + 18}" text-anchor="middle">Отметок нет</text>')
    return "".join([*parts, "</svg>"])


def _legend(layout: Layout) -> list[str]:
    parts: list[str] = []
    for place, mark in enumerate(MARKS):
        x = layout.bar_x + place * 70
        parts.append(f'<rect x="{x}" y="12" width="16" height="16" fill="{_COLOURS[mark]}" stroke="#404040"/>')
        parts.append(f'<text x="{x + 22}" y="25">«{mark}»</text>')
    return parts


def _bar(row: Mapping[str, Any], title: str, top: int, hide_below: int, layout: Layout) -> list[str]:
    count = int(row["marked_count"])
    told = counted(count, PARTICIPANTS)
    shown = escape(_short(title, layout.longest_title))
    if layout.is_stacked:
        parts = [f'<text x="{layout.bar_x}" y="{top + 14}">{shown}</text>']
        beside = f'<text x="{layout.width - 4}" y="{top + 14}" text-anchor="end" fill="#595959">{count}</text>'
    else:
        parts = [f'<text x="{layout.bar_x - 10}" y="{top + 17}" text-anchor="end">{shown}</text>']
        beside = f'<text x="{layout.bar_x + layout.bar + 10}" y="{top + 17}">{told}</text>'
    top += layout.bar_y
    if count < hide_below:
        return [*parts, f'<text x="{layout.bar_x}" y="{top + 17}" fill="#595959">{told}: доли скрыты</text>']
    x = float(layout.bar_x)
    for mark in MARKS:
        share = float(row[f"mark_{mark}_share"] or 0)
        width = share * layout.bar
        parts.append(
            f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="22" fill="{_COLOURS[mark]}" stroke="#404040"/>'
        )
        if width > 34:
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="{top + 16}" text-anchor="middle" fill="{_INKS[mark]}">'
                f"{decimal(share * 100, 0)}</text>"
            )
        x += width
    return [*parts, beside]


def _short(title: str, longest: int) -> str:
    return title if len(title) <= longest else f"{title[: longest - 1]}…"
