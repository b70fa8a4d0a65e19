"""The keys of pseudonyms: the first one, and every key it was changed to since.

A pseudonym under the first key goes through each later one: `rekeyed(key, pseudonym)`. So what stands in the stores can
be brought under a new key without the names behind it, and a file that is read later gives the same pseudonyms. Whoever
knows the earlier keys of a chain and not its last one can tell nobody.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

MINIMUM_BYTES: Final = 16
_HEADING: Final = "oko-keys 1"
"""First line of a file that holds a chain; a file without it holds one key, its whole content."""
_LAYER: Final = b"oko pseudonym layer\x1f"
_CHECK: Final = b"oko backup key check"


def rekeyed(key: bytes, pseudonym: str) -> str:
    """Return a pseudonym under one more key: as many hexadecimal digits as it had."""
    return hmac.new(key, _LAYER + pseudonym.encode(), hashlib.sha256).hexdigest()[: len(pseudonym)]


def rekeyed_all(keys: Iterable[bytes], pseudonyms: Iterable[str]) -> dict[str, str]:
    """Return, for each pseudonym, the one under some more keys, applied in their order."""
    chain = tuple(keys)
    found: dict[str, str] = {}
    for pseudonym in pseudonyms:
        made = pseudonym
        for key in chain:
            made = rekeyed(key, made)
        found[pseudonym] = made
    return found


def key_check(key: bytes) -> str:
    """Return what tells one key from another and nothing else: 16 hexadecimal digits."""
    return hmac.new(key, _CHECK, hashlib.sha256).hexdigest()[:16]


def key_checks(keys: Iterable[bytes]) -> list[str]:
    """Return the checks of a chain, the first key's first."""
    return [key_check(key) for key in keys]


def new_key() -> bytes:
    """Return a key of 256 random bits, as text that can be kept in a file."""
    return secrets.token_hex(32).encode()


def parse_keys(content: str) -> tuple[bytes, ...]:
    """Return the keys of a key file.

    Raises:
        ValueError: when a line of a chain is no key.
    """
    heading, _, rest = content.strip().partition("\n")
    if heading.strip() != _HEADING:
        return (content.strip().encode(),)
    keys = tuple(bytes.fromhex(line.strip()) for line in rest.splitlines() if line.strip())
    if not keys:
        raise ValueError("no key")
    return keys


def format_keys(keys: Iterable[bytes]) -> str:
    """Return the content of a key file."""
    return "\n".join([_HEADING, *(key.hex() for key in keys)]) + "\n"


def write_key_file(path: Path, content: str) -> None:
    """Write a key file for its owner alone, whole or not at all; one that stands is not written over.

    Raises:
        FileExistsError: when the file exists.
        OSError: when it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
