"""Fingerprint of what a document says."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

_BESIDE: Final = ("sources", "figures", "restricted_figures", "provenance", "changes")
"""Parts of a context that tell where its content comes from, not what it says."""

CONTENT_SIGNS: Final = 32
"""Signs of each half of a document's fingerprint: 128 bits; the first tells what it says."""


def context_sha256(context: Mapping[str, Any]) -> str:
    """Return the fingerprint of a context; the time of rendering has no part in it."""
    text = json.dumps(context, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def content_sha256(context: Mapping[str, Any]) -> str:
    """Return the fingerprint of what a document says, whatever files and rows it comes from.

    When a dump of many schools comes anew with one school corrected, the documents of the others say the same as before
    and are not issued again.
    """
    return context_sha256({name: value for name, value in context.items() if name not in _BESIDE})


def document_sha256(content: str, renderer: str) -> str:
    """Return the fingerprint of a document: half of what it says, half of what renders it.

    Code that only lays documents out anew changes the second half: they are written again within the same issue.

    Args:
        content: fingerprint of the content and of the texts of the template.
        renderer: fingerprint of the code and of the template that make the file.
    """
    return _half(content) + _half(renderer)


def says_the_same(written: str | None, now: str) -> bool:
    """Tell whether two documents by `document_sha256` say the same, however they are laid out."""
    return written is not None and content_part(written) == content_part(now)


def content_part(document: str) -> str:
    """Return the half of a document's fingerprint that tells what it says."""
    return document[:CONTENT_SIGNS]


def _half(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()[:CONTENT_SIGNS]
