"""How many requests ShipStream takes, in real time (shipstream.md §5, from the Merchant API)."""

import math
import time
from collections import deque

from sandbox.shipstream.answers import Refusal
from sandbox.shipstream.switches import ShipStreamSwitches


class Limits:
    """A token bucket, and the requests that count as running."""

    def __init__(self, switches: ShipStreamSwitches) -> None:
        self._switches = switches
        self._used = 0.0
        self._then = time.monotonic()
        self._running: deque[float] = deque()

    def check(self) -> dict[str, str]:
        """Counts a request; returns the headers that tell what is left.

        Raises:
            Refusal: there is no room for it.
        """
        now = time.monotonic()
        headers: dict[str, str] = {}
        rate, most = self._switches.requests_per_second, self._switches.concurrency
        if most is not None:
            while self._running and self._running[0] <= now - self._switches.concurrency_seconds:
                self._running.popleft()
            headers["X-Concurrency-Limit"] = str(most)
            headers["X-Concurrency-Current"] = str(len(self._running) + 1)
        if rate is not None:
            self._used = max(0.0, self._used - (now - self._then) * rate)
            self._then = now
            left = math.floor(self._switches.burst - self._used)
            headers["RateLimit-Limit"] = str(round(rate * 60))
            headers["RateLimit-Remaining"] = str(max(0, left - 1))
            if left < 1:
                wait = math.ceil((self._used + 1 - self._switches.burst) / rate)
                raise Refusal(429, "Too many requests.", headers={**headers, "Retry-After": str(wait)})
        if most is not None and len(self._running) >= most:
            raise Refusal(409, "Too many concurrent requests.", headers=headers)
        if rate is not None:
            self._used += 1
        if most is not None:
            self._running.append(now)
        return headers
