"""The sandbox's own time."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Stands still unless advanced, so that the same steps give the same bytes.

    Args:
        start: the first moment, in UTC.
        ticking: run along with real time from `start` on.
    """

    def __init__(self, start: datetime, *, ticking: bool = False) -> None:
        self._start = start
        self._shift = timedelta()
        self._real_start = datetime.now(UTC) if ticking else None

    def now(self) -> datetime:
        """The present moment, in UTC, to the millisecond."""
        moment = self._start + self._shift
        if self._real_start is not None:
            moment += datetime.now(UTC) - self._real_start
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Moves time on and returns the new moment."""
        self._shift += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self.now()
