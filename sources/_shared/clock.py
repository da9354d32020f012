"""Our own clock, and waiting by it: the one place, so that a simulation lets time pass without waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar


class Clock:
    """The machine's."""

    def now(self) -> datetime:
        """The present moment, in UTC; may jump when somebody sets the clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment; only ever runs forward."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Returns after so long."""
        time.sleep(seconds)


_clock = Clock()


C = TypeVar("C", bound=Clock)


@contextmanager
def using(clock: C) -> Iterator[C]:
    """Lets everybody in this process go by another clock meanwhile."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield clock
    finally:
        _clock = before


def now() -> datetime:
    """The present moment, in UTC."""
    return _clock.now()


def monotonic() -> float:
    """Seconds since some moment, for lengths of time."""
    return _clock.monotonic()


def sleep(seconds: float) -> None:
    """Waits."""
    _clock.sleep(seconds)
