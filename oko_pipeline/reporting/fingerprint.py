"""Fingerprint of what a document says."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

_BESIDE: Final = ("sources", "figures", "restricted_figures", "provenance", "changes")
"""Parts of a context that tell where its content comes from, not what it says."""


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
