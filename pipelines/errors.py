"""What ends a command, and with which exit code (design §6)."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

from sources._shared.errors import SourceError


class Exit(IntEnum):
    """The exit codes of `stocktake`."""

    DONE = 0
    FAILED = 1
    CONFIGURATION = 2
    PARTLY = 3
    LOCKED = 4
    TESTS_FAILED = 5


class CommandError(Exception):
    """A command cannot go on. The message is one clear sentence: where, what, what to do next."""

    exit_code = Exit.FAILED


class ConfigurationError(CommandError):
    """A setting is missing, unknown or mistyped. Raised before any request is made."""

    exit_code = Exit.CONFIGURATION


class LockedError(CommandError):
    """Another run holds the lock."""

    exit_code = Exit.LOCKED


class TestsFailedError(CommandError):
    """Loaded, but the models' tests failed: nothing was published."""

    exit_code = Exit.TESTS_FAILED

    def __init__(self, message: str, found: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.found = found
        """What failed: each begins with the test's name and a colon."""


FULL = ("No space left on device", "File too large", "Disk quota exceeded")
"""What systems say of a disk that takes no more; DuckDB and dlt pass it on inside words of their own."""


def is_trouble(error: BaseException) -> bool:
    """Whether it is the machine's or the database's trouble, which a sentence tells, and no fault of ours."""
    import duckdb  # a tenth of a second: only a command that fails pays for it

    return isinstance(error, (OSError, duckdb.OperationalError))


def words_of(error: BaseException) -> str:
    """What happened in one sentence or two, whoever raised it and however much was wrapped around it."""
    if is_full(error):
        return "The disk is full. Make room and run again: what was read is kept, and nothing is lost."
    if isinstance(error, OSError) and error.filename is not None:
        advice = (
            " Give this user the right to read and write it." if isinstance(error, PermissionError) else ""
        )
        return f"{error.filename}: {error.strerror}.{advice}"
    said = str(error).partition("Traceback (most recent call last)")[0]
    return " ".join(said.split())[:500].rstrip() or type(error).__name__


def unknown(word: str, known: Iterable[str], kind: str) -> str:
    """What to say of a word that is none of those known: which was probably meant, or which there are."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known {kind}: {', '.join(names) or 'none'}."
    return f"{word!r} is not known. {hint}"


def cause_of(error: BaseException) -> BaseException:
    """What others were wrapped around: an error of ours, or why a load job failed, or what was caught."""
    chain = list(_chain(error))
    ours = [one for one in chain if isinstance(one, SourceError)]
    of_jobs = [one.client_exception for one in chain if hasattr(one, "client_exception")]
    return next(iter([*ours, *of_jobs]), error)


def is_full(error: BaseException) -> bool:
    """Whether the disk takes no more, as the system says it inside whatever was wrapped around."""
    return any(words in str(one) for one in _chain(error) for words in FULL)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
