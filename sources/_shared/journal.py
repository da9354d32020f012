"""The pages of a first read, kept on disk until it has ended, so that it goes on where it was broken off.

Only first reads: no later read has moved anything then, so pages from before the break are as good as new,
and the mark that follows is the moment the first of them was asked for.
"""

import struct
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from sources._shared.mark import Window, earlier
from sources._shared.records import Keys, Page, keys_of
from sources._shared.result import ReadResult

FORM = 3
"""Goes up when frames change, so that another version's journal is not read."""

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class _Head:
    """What was asked: a journal is no use to another question."""

    scope: str
    started_at: datetime
    form: int = FORM


@dataclass(frozen=True)
class _Frame:
    page: Page | None
    """None says that the read came to its end."""


class Journal:
    """Pages in a file, in order. A frame that a dying process left half written is dropped.

    Args:
        path: where; None for a temporary file, which is gone with the process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.started_at: datetime | None = None
        """When the read that the journal holds began; None while there is none."""
        self.is_complete = False
        """Whether the read had come to its end."""
        self.last_position: object = None
        """Where the read goes on."""

    def open(self, scope: str, now: datetime) -> None:
        """Opens the journal, empty unless it holds a read of the same scope."""
        if self._path is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by close(), or with the journal
            weakref.finalize(self, self._file.close)
        else:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._file = self._path.open("r+b")
        head = self._read_head()
        if head is None or (head.scope, head.form) != (scope, FORM):
            head = _Head(scope, datetime.fromisoformat(now.isoformat()))  # a plain one, whatever came
            self._file.seek(0)
            self._file.truncate()
            self._write(msgspec.msgpack.encode(head))
        self.started_at = head.started_at

    @property
    def is_open(self) -> bool:
        """Whether it was opened and not closed since."""
        return self._file is not None

    def pages(self) -> Iterator[Page]:
        """The pages it holds, oldest first. Read to the end before anything is appended."""
        if self._file is None:
            return
        self._file.seek(0)
        self._next()
        while True:
            end = self._file.tell()
            raw = self._next()
            if raw is None:
                self._file.seek(end)
                self._file.truncate()
                return
            page = _decode_frame(raw).page
            if page is None:
                self.is_complete = True
                return
            self.last_position = page.position
            yield page

    def append(self, page: Page) -> None:
        """Keeps one more page."""
        self._write(msgspec.msgpack.encode(_Frame(page)))

    def complete(self) -> None:
        """Notes that the read came to its end."""
        self._write(msgspec.msgpack.encode(_Frame(None)))

    def close(self) -> None:
        """Closes the file; it stays, unless it was temporary."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Closes the file and removes it."""
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _read_head(self) -> _Head | None:
        raw = self._next()
        if raw is None:
            return None
        try:
            return msgspec.msgpack.decode(raw, type=_Head)
        except msgspec.MsgspecError:
            return None

    def _next(self) -> bytes | None:
        if self._file is None:
            return None
        length = self._file.read(_LENGTH.size)
        if len(length) < _LENGTH.size:
            return None
        raw = self._file.read(_LENGTH.unpack(length)[0])
        return raw if len(raw) == _LENGTH.unpack(length)[0] else None

    def _write(self, raw: bytes) -> None:
        if self._file is None:
            return
        self._file.write(_LENGTH.pack(len(raw)) + raw)
        self._file.flush()


def journal_of(folder: Path | None, resource: str) -> Journal:
    """Where a resource's first read keeps its pages; of nowhere, a temporary one."""
    return Journal(folder / f"{resource}.journal" if folder else None)


def resumed(
    journal: Journal, result: ReadResult, window: Window, pages: Callable[[Window], Iterator[Page]]
) -> Iterator[Page]:
    """A first read: what an earlier run fetched of it, then the rest, kept page by page."""
    read_before: set[Keys] = set()
    first_answered_at: datetime | None = None
    for page in journal.pages():
        result.resumed_from = journal.started_at
        read_before |= keys_of(page.records)
        first_answered_at = earlier(first_answered_at, page.answered_at)
        yield page
    if journal.is_complete:
        return
    rest = replace(
        window,
        position=journal.last_position,
        read_before=frozenset(read_before),
        first_answered_at=first_answered_at,
    )
    for page in pages(rest):
        journal.append(page)
        yield page
    journal.complete()


_decode_frame = msgspec.msgpack.Decoder(_Frame).decode
