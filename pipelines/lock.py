"""One run at a time: the lock of a home folder. The kernel lets go of it when its holder dies."""

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipelines.errors import ConfigurationError, LockedError
from pipelines.stopping import last_words


@contextmanager
def run_lock(home: Path, command: str) -> Iterator[None]:
    """Holds the home folder for one command.

    Raises:
        LockedError: another command holds it; says which, since when and where.
        ConfigurationError: the folder cannot be made or written to.
    """
    lock = FileLock(home / "run.lock")
    note = home / "run.json"
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=1)  # `status` holds it for the blink of an eye
    except Timeout:
        holder = holder_of(home) or {}
        raise LockedError(
            f"{home}: another run holds the lock (stocktake {holder.get('command', '?')}, process"
            f" {holder.get('pid', '?')} on {holder.get('host', '?')}, since {holder.get('since', '?')})."
            " Wait for it, or end that process; its work is finished by the next run."
        ) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ConfigurationError(
            f"{home} cannot be written to ({error.strerror}). Set stocktake.home to a folder that this user"
            " may write to, or give this user the right to."
        ) from None
    try:
        note.write_text(
            json.dumps(
                {
                    "command": command,
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "since": datetime.now(UTC).isoformat(),
                }
            ),
            encoding="utf-8",
        )
        with last_words(lambda: note.unlink(missing_ok=True)):
            yield
    finally:
        note.unlink(missing_ok=True)  # a note that is still there tells of a process that was killed
        lock.release()


def holder_of(home: Path) -> dict[str, Any] | None:
    """Who holds the lock, as far as is known; a note that outlived its holder tells of a run that died."""
    try:
        note = json.loads((home / "run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return note if isinstance(note, dict) else None


def is_locked(home: Path) -> bool:
    """Whether a command is at work now."""
    if not (home / "run.lock").exists():
        return False
    lock = FileLock(home / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
