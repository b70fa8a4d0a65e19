"""A folder by URL (s3://, sftp://, file:// and others that fsspec knows): whole files only, no passwords shown.

SQLite and the Parquet stores never live here: they need locks and renames of a real file system.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from oko_pipeline.errors import SettingsError, StorageError

_PUT_WHOLE: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss"})
"""Stores in which an object appears when all of it is there; elsewhere a file is written aside and renamed."""
_MARKS: Final = ("ETag", "etag", "md5Hash", "checksum", "LastModified", "last_modified", "mtime", "modify", "created")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a remote folder: its path from the folder, size, and what changes whenever it does."""

    path: str
    size_bytes: int
    mark: str


class RemoteFolder:
    """A folder of a remote store.

    Args:
        url: of the folder, such as s3://bucket/inbox.
        options: what fsspec's file system takes: endpoint_url, key, secret…

    Raises:
        SettingsError: when the kind of store is unknown or its library is not installed.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        import fsspec  # noqa: PLC0415 (slow, and needed by few)

        parts = urlsplit(url)
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        self._secrets = [str(value) for value in options.values() if isinstance(value, str) and len(value) > 3]
        self._secrets += [text for text in (parts.password, parts.username) if text]
        try:
            self._system, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        except ImportError as error:
            raise SettingsError(
                f"Для хранилища {self.shown} нужна библиотека, которой нет: {error}. "
                "Для s3:// поставьте: pip install .[remote]."
            ) from error
        except (ValueError, TypeError) as error:
            raise SettingsError(f"Хранилище {self.shown} не открывается: {self._told(error)}") from error
        self._root = root.rstrip("/")
        protocol = self._system.protocol
        self.is_whole = bool(_PUT_WHOLE & ({protocol} if isinstance(protocol, str) else set(protocol)))

    def files(self) -> list[RemoteFile]:
        """List all files in the order of their paths; an absent folder is a `StorageError`, not an empty one."""
        with self._speaking("прочитать список файлов"):
            self._system.invalidate_cache()
            found = self._system.find(self._root, detail=True)
            if not found and not self.is_whole and not self._system.isdir(self._root):
                raise FileNotFoundError("папки нет")
        base = PurePosixPath(self._root)
        listed = [
            RemoteFile(PurePosixPath(name).relative_to(base).as_posix(), int(facts.get("size") or 0), _mark(facts))
            for name, facts in found.items()
            if facts.get("type") == "file" and not name.endswith("/")
        ]
        return sorted(listed, key=lambda file: file.path)

    def fetch(self, path: str, target: Path) -> None:
        """Copy a remote file to a local one, which is written in place: give a name that nobody reads."""
        with self._speaking(f"получить «{path}»"):
            self._system.get_file(self._at(path), str(target))

    def mark(self, path: str) -> str | None:
        """Return what changes whenever a file does; None when there is none."""
        with self._speaking(f"узнать о «{path}»"):
            self._system.invalidate_cache()
            try:
                return _mark(self._system.info(self._at(path)))
            except FileNotFoundError:
                return None

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None when there is none."""
        with self._speaking(f"прочитать «{path}»"):
            self._system.invalidate_cache()
            try:
                content: bytes = self._system.cat_file(self._at(path))
            except FileNotFoundError:
                return None
        return content

    def write(self, path: str, content: bytes) -> None:
        """Write a file. A reader sees the former one or the whole new one, never a part."""
        target = self._at(path)
        with self._speaking(f"записать «{path}»"):
            if self.is_whole:
                self._system.pipe_file(target, content)
                self._require_size(target, len(content))
                return
            folder, _, name = target.rpartition("/")
            self._system.makedirs(folder, exist_ok=True)
            partial = f"{folder}/.{name}.{secrets.token_hex(6)}.partial"
            try:
                self._system.pipe_file(partial, content)
                self._require_size(partial, len(content))
                self._system.mv(partial, target)
            except BaseException:
                if self._system.exists(partial):
                    self._system.rm_file(partial)
                raise

    def remove(self, path: str) -> None:
        """Remove a file; none is no error."""
        with self._speaking(f"удалить «{path}»"):
            try:
                self._system.rm_file(self._at(path))
            except FileNotFoundError:
                return

    def _require_size(self, target: str, size: int) -> None:
        self._system.invalidate_cache()
        stored = self._system.info(target)["size"]
        if stored != size:
            raise OSError(f"записано {stored} из {size} байт")

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _speaking(self, action_ru: str) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        # Each kind of store has errors of its own library, with no common ancestor.
        except Exception as error:  # noqa: BLE001
            raise StorageError(f"Хранилище {self.shown}: не удалось {action_ru}: {self._told(error)}") from None

    def _told(self, error: Exception) -> str:
        text = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text


def _mark(facts: Mapping[str, Any]) -> str:
    return "|".join([str(facts.get("size"))] + [str(facts[name]) for name in _MARKS if facts.get(name) is not None])


def is_plain_path(path: str) -> bool:
    """Tell whether a path from a remote store may be taken for a path below a local folder."""
    parts = PurePosixPath(path).parts
    is_odd = "\\" in path or ":" in path or any(ord(sign) < 32 for sign in path) or len(path) > 1000
    return bool(parts) and not is_odd and not path.startswith("/") and ".." not in parts
