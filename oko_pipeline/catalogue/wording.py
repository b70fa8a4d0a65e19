"""Russian wording that all stages share: numbers with their nouns, decimals, shares, lists. Nothing about results.

Spaces that must not break a line (a number and its unit) are U+00A0; negative numbers carry the minus sign U+2212.
"""

import re
from collections.abc import Sequence
from typing import Final

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"
DASH: Final = "—"
_SPACES: Final = re.compile(rf"[^\S{NBSP}]+")


def plural(count: int, forms: tuple[str, str, str]) -> str:
    """Return the form of a noun that goes with `count`: (1 участник, 2 участника, 5 участников)."""
    tail = abs(count) % 100
    if 11 <= tail <= 14:
        return forms[2]
    last = tail % 10
    if last == 1:
        return forms[0]
    return forms[1] if 2 <= last <= 4 else forms[2]


def whole(count: int) -> str:
    """Return an integer with groups of thousands: 24917 → «24 917»; four digits are not split."""
    digits = str(abs(count))
    text = f"{abs(count):,}".replace(",", NBSP) if len(digits) > 4 else digits
    return f"{MINUS}{text}" if count < 0 else text


def counted(count: int, forms: tuple[str, str, str]) -> str:
    """Return a number with its noun, kept on one line: 22 → «22 участника»."""
    return f"{whole(count)}{NBSP}{plural(count, forms)}"


def decimal(value: float, digits: int = 1) -> str:
    """Return a number with a decimal comma, rounded half up as readers of a table expect."""
    scale = 10**digits
    rounded = int(abs(value) * scale + 0.5 + 1e-9) / scale
    text = f"{rounded:.{digits}f}".replace(".", ",")
    return f"{MINUS}{text}" if value < 0 and rounded > 0 else text


def percent(share: float, digits: int = 1) -> str:
    """Return a share (0 to 1) as a percentage: 0.1234 → «12,3 %»."""
    return f"{decimal(share * 100, digits)}{NBSP}%"


def points(difference: float, digits: int = 1) -> str:
    """Return the size of a difference of shares in percent points, without sign: «13,1 п. п.»."""
    return f"{decimal(abs(difference) * 100, digits)}{NBSP}п.{NBSP}п."


def signed(difference: float, digits: int = 1) -> str:
    """Return a difference of shares (0 to 1) in percent points with its sign: «+4,0», «−13,1»."""
    text = decimal(difference * 100, digits)
    return f"+{text}" if difference > 0 and any(c in "123456789" for c in text) else text


def school_year_words(school_year: str) -> str:
    """Return a school year for texts: 2020-2021 → «2020/2021»."""
    return school_year.replace("-", "/")


def listed(items: Sequence[str], limit: int | None = None) -> str:
    """Join items with commas and «и»; beyond `limit` says how many more there are."""
    if limit is not None and len(items) > limit:
        return f"{', '.join(items[:limit])} и ещё{NBSP}{len(items) - limit}"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} и{NBSP}{items[-1]}"


def quoted(text: str) -> str:
    """Put a text into «ёлочки»; inner ones become „лапки“."""
    return f"«{text.replace('«', '„').replace('»', '“')}»"


def shortened(text: str, length: int) -> str:
    """Cut a text at a word's end so that it takes at most `length` signs, the ellipsis included.

    What a no-break space holds together stays together: «1 234», «40 %».
    """
    clean = _SPACES.sub(" ", text).strip(" ")
    if len(clean) <= length:
        return clean
    kept = clean[: length - 1] if clean[length - 1] == " " else clean[: length - 1].rpartition(" ")[0]
    return (kept or clean[: length - 1]).rstrip(",;:. ") + "…"


def sentence_start(text: str) -> str:
    """Return the text with a capital first letter, the rest untouched."""
    return text[:1].upper() + text[1:]
