"""What was found in files, kept beside them by their SHA-256: a file is judged once, whatever changes around it."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from resources.pool import WorkerPool
from resources.report_store import ReportStore

Task = TypeVar("Task")
Found = dict[str, list[str]]
"""What was found in a file, by what it breaks."""


@dataclass(slots=True)
class JudgedFiles:
    """What was found in some files: `known` from the judgement before, `kept` what stands from now on.

    `version` is the fingerprint of the rules: under other rules all files are judged anew.
    """

    store: ReportStore
    path: str
    version: str
    known: dict[str, Found]
    kept: dict[str, Found] = field(default_factory=dict[str, Found])

    @classmethod
    def read(cls, store: ReportStore, path: str, version: str) -> "JudgedFiles":
        """Read what was kept at `path` within the store; nothing when it is missing or of other rules."""
        file = store.path(path)
        try:
            said = json.loads(gzip.decompress(file.read_bytes())) if file.is_file() else {}
        except (OSError, EOFError, ValueError, zlib.error):
            # Half a file, as a cut of power leaves it: the files are judged anew.
            said = {}
        return cls(store, path, version, said.get("files", {}) if said.get("version") == version else {})

    def judge(
        self, pool: WorkerPool, judge: Callable[[Task], Found], tasks: Sequence[tuple[str, Task]]
    ) -> Iterator[tuple[Task, Found]]:
        """Yield what is found in files, by SHA-256 and task of each; the pool judges those that are not known."""
        new = {sha: task for sha, task in tasks if sha not in self.known}
        made = dict(zip(new, pool.map(judge, list(new.values())), strict=True))
        for sha, task in tasks:
            self.kept[sha] = found = self.known.get(sha) or made[sha]
            yield task, found

    def write(self) -> None:
        """Keep what stands now; files that are gone are forgotten."""
        if self.kept == self.known:
            return
        said = json.dumps({"version": self.version, "files": self.kept}, ensure_ascii=False, sort_keys=True)
        self.store.write(self.path, gzip.compress(said.encode(), 6, mtime=0))
