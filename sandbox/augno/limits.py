"""How many requests Augno takes: a sliding window per address, in real time (augno.md §5.2)."""

import math
import time
from collections import deque

from sandbox.augno.answers import Refusal
from sandbox.augno.switches import AugnoSwitches

WINDOW = 1.0


class Limits:
    """The requests of the last second. One window for all keys, as all callers share an address; what is
    refused does not count."""

    def __init__(self, switches: AugnoSwitches) -> None:
        self._switches = switches
        self._taken: deque[float] = deque()

    def check(self) -> dict[str, str]:
        """Counts a request; returns the headers that tell what is left.

        Raises:
            Refusal: there is no room for it.
        """
        rate = self._switches.requests_per_second
        if rate is None:
            return {}
        # Less than one a second is one in so many seconds.
        most, window = max(1, math.floor(rate)), max(WINDOW, WINDOW / rate)
        now = time.monotonic()
        while self._taken and self._taken[0] <= now - window:
            self._taken.popleft()
        has_room = len(self._taken) < most
        if has_room:
            self._taken.append(now)
        wait = self._taken[0] + window - now
        headers = {
            "RateLimit-Limit": str(most),
            "RateLimit-Remaining": str(most - len(self._taken)),
            "RateLimit-Reset": self._switches.rate_limit_reset or str(math.ceil(wait)),
        }
        if has_room:
            return headers
        if self._switches.retry_after:
            headers["Retry-After"] = str(math.ceil(wait))
        raise Refusal(429, "Too many requests.", headers=headers)
