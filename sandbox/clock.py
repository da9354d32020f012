"""The sandbox's own time."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Stands still unless advanced, so that the same steps give the same bytes.

    Args:
        start: the first moment, in UTC.
        ticking: run along with real time from `start` on.
    """

    def __init__(self, start: datetime, *, ticking: bool = False) -> None:
        self._stands_at = start
        self._real_start = datetime.now(UTC) if ticking else None

    def now(self) -> datetime:
        """The present moment, in UTC, to the millisecond."""
        if self._real_start is None:
            return self._stands_at
        return _cut(self._stands_at + (datetime.now(UTC) - self._real_start))

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Moves time on and returns the new moment."""
        passed = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._stands_at = _cut(self._stands_at + passed)
        return self.now()


def _cut(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
