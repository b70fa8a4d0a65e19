"""YAML of a territory: a few lines that make gigabytes in memory are refused before they are read."""

from typing import Final

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 40
_MOST: Final = 200_000
"""Values of a file with every alias written out; the largest catalogue of our own has a tenth of it."""


def require_plain(text: str) -> None:
    """Refuse a text whose aliases, written out, or whose nesting would take all the memory.

    Raises:
        yaml.YAMLError: when it is so, or the text is no YAML at all.
    """
    sizes: dict[str, int] = {}
    open_ones: list[tuple[str | None, int]] = [(None, 0)]
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                open_ones.append((event.anchor, 1))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, size = open_ones.pop()
                _add(open_ones, sizes, anchor, size)
            elif isinstance(event, yaml.AliasEvent):
                _add(open_ones, sizes, None, sizes.get(str(event.anchor), 1))
            elif isinstance(event, yaml.ScalarEvent):
                _add(open_ones, sizes, event.anchor, 1)
            if len(open_ones) > _DEEPEST or open_ones[-1][1] > _MOST:
                line = getattr(event.start_mark, "line", 0) + 1
                raise yaml.YAMLError(f"строка {line}: вложенность глубже {_DEEPEST} или значений больше {_MOST}")
    except RecursionError as error:
        raise yaml.YAMLError(f"вложенность глубже {_DEEPEST}") from error


def _add(open_ones: list[tuple[str | None, int]], sizes: dict[str, int], anchor: str | None, size: int) -> None:
    if anchor is not None:
        sizes[anchor] = size
    outer, count = open_ones[-1]
    open_ones[-1] = (outer, count + size)
