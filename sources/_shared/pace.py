"""How fast a provider may be asked, by everyone whose requests it counts together."""

import threading

import httpx
from pyrate_limiter import Duration, Limiter, Rate

from sources._shared import clock


class Pace:
    """One speed limit. A pause that a server asks for holds for everyone who shares it.

    Args:
        per_second: requests a second, fractions allowed; None for as fast as answers come.
    """

    def __init__(self, per_second: float | None = None) -> None:
        self._per_second: float | None = None
        self._limiter: Limiter | None = None
        self._goes_on_at = 0.0
        self._lock = threading.Lock()
        if per_second is not None:
            self.slow_to(per_second)

    def slow_to(self, per_second: float) -> None:
        """Lowers the limit; a higher one than there is changes nothing."""
        with self._lock:
            if self._per_second is None or per_second < self._per_second:
                self._per_second = per_second
                self._limiter = Limiter(_rate(per_second))

    def wait(self) -> None:
        """Returns when the next request may go."""
        while (left := self._goes_on_at - clock.monotonic()) > 0:
            clock.sleep(left)
        if self._limiter is not None:
            self._limiter.try_acquire("request")

    def pause(self, seconds: float) -> None:
        """Lets nobody go on for so long."""
        with self._lock:
            self._goes_on_at = max(self._goes_on_at, clock.monotonic() + seconds)


_shared: dict[str, Pace] = {}
_registering = threading.Lock()


def shared_pace(base_url: str, per_second: float) -> Pace:
    """The pace of everyone who asks this host from this process; the lowest limit anyone names holds."""
    host = httpx.URL(base_url).netloc.decode()
    with _registering:
        pace = _shared.setdefault(host, Pace())
    pace.slow_to(per_second)
    return pace


def _rate(per_second: float) -> Rate:
    if per_second >= 10:
        return Rate(int(per_second), Duration.SECOND)
    return Rate(1, round(1000 / per_second))  # slow limits without bursts
