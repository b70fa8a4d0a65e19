"""Numbers of effects and targets in Russian: a decimal comma, a true minus, no more digits than they deserve."""

import math


def number_ru(value: float) -> str:
    """Return a number with at most one decimal: 62,5; 70; −3."""
    if math.isnan(value):
        return "—"
    text = f"{abs(value):.1f}".removesuffix(".0").replace(".", ",")
    return f"−{text}" if value < 0 and text != "0" else text


def signed_ru(value: float) -> str:
    """Return a change with its sign and one decimal: +4,2; −1,0; 0."""
    text = f"{abs(value):.1f}".replace(".", ",")
    if text == "0,0":
        return "0"
    return f"{'+' if value > 0 else '−'}{text}"
