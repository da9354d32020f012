"""One SIGINT or SIGTERM ends a command, wherever it comes: exit code 130, and one sentence.

Python runs what a signal asks for in the main thread, between two of its own steps: not while DuckDB works
there, not where dlt holds signals back, and to no avail where a bare `except` inside dbt eats what is raised.
So a thread of ours waits for the signal, says the sentence and ends the process there and then. Nothing is
unwound: a stop leaves what a death leaves, and the next run finishes that.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

STOPPED = 130
"""The exit code of a command that a signal ended."""
SENTENCE = "Stopped. What was extracted is loaded by the next run."
LONGEST_FAREWELL = 5.0
"""Seconds. Last words that wait for a lock, or for somebody to read them, are not waited for."""

_last_words: list[Callable[[], None]] = []


def end_on_signals() -> None:
    """From now on a signal ends the process. Call in the main thread."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # the thread answers; without a handler it would not be told
    threading.Thread(target=_wait_for_signal, args=(reading,), name="signals", daemon=True).start()


@contextlib.contextmanager
def last_words(say: Callable[[], None]) -> Iterator[None]:
    """Has something said or noted if a signal ends the process meanwhile: what was named last comes first."""
    _last_words.append(say)
    try:
        yield
    finally:
        _last_words.remove(say)


def _wait_for_signal(reading: int) -> None:
    while True:
        (number,) = os.read(reading, 1)
        if number in (signal.SIGINT, signal.SIGTERM):
            break
    saying = threading.Thread(target=_say_last_words, daemon=True)
    saying.start()
    saying.join(LONGEST_FAREWELL)
    os._exit(STOPPED)


def _say_last_words() -> None:
    for say in reversed(_last_words or [_say_on_stderr]):
        with contextlib.suppress(Exception):  # a full disk, a closed pipe: it ends all the same
            say()


def _say_on_stderr() -> None:
    sys.stderr.write(f"{SENTENCE}\n")
    sys.stderr.flush()
