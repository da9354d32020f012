"""How many requests Sellercloud takes (sellercloud.md §5), and its tokens (§1)."""

import base64
import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.json_text import json_text
from sandbox.sellercloud.answers import Refusal, ticks
from sandbox.sellercloud.switches import SellercloudSwitches


class Throttle:
    """Counts the requests; after so many, the next are refused for a while of real time."""

    def __init__(self, switches: SellercloudSwitches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._counted = 0
        self._lifted_at: float | None = None
        self._resets_at: datetime | None = None

    def check(self) -> None:
        """Counts a request.

        Raises:
            Refusal: it is one too many.
        """
        most = self._switches.throttle_after
        if most is None:
            self._counted, self._resets_at = 0, None
            return
        if self._resets_at is not None and self._lifted_at is not None:
            # The sandbox's clock may stand still while real time passes, or be moved on without any.
            if time.monotonic() >= self._lifted_at or self._clock.now() >= self._resets_at:
                self._counted, self._resets_at = 0, None
        elif self._counted >= most:
            self._lifted_at = time.monotonic() + self._switches.throttle_seconds
            self._resets_at = self._clock.now() + timedelta(seconds=self._switches.throttle_seconds)
        if self._resets_at is not None:
            told = {"Error": "Too many requests.", "RateLimitResetTime": ticks(self._resets_at)}
            left = math.ceil((self._resets_at - self._clock.now()).total_seconds())
            headers = {"Retry-After": str(left)} if self._switches.throttle_retry_after else {}
            body = json_text(told).encode()
            raise Refusal(self._switches.throttle_status, "Too many requests.", body, headers)
        self._counted += 1


@dataclass(slots=True)
class Token:
    """One that was given out."""

    made_at: datetime
    used: int = 0


class Tokens:
    """The tokens that were given out; there is no refreshing."""

    def __init__(self, switches: SellercloudSwitches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._given: dict[str, Token] = {}

    def give(self, username: str) -> str:
        """A new token, in the form of a JWT."""
        claims = {"unique_name": username, "jti": len(self._given) + 1}
        parts = ({"alg": "HS256", "typ": "JWT"}, claims, {"signature": len(self._given) + 1})
        token = ".".join(base64.urlsafe_b64encode(json_text(part).encode()).decode() for part in parts)
        token = token.replace("=", "")
        self._given[token] = Token(self._clock.now())
        return token

    def check(self, authorization: str | None) -> None:
        """Counts the use of a token.

        Raises:
            Refusal: it is none of ours, too old or used up.
        """
        found = self._given.get((authorization or "").removeprefix("Bearer "))
        if found is None or not (authorization or "").startswith("Bearer "):
            raise Refusal(401)
        age = (self._clock.now() - found.made_at).total_seconds()
        most = self._switches.token_requests
        if age >= self._switches.token_seconds or (most is not None and found.used >= most):
            raise Refusal(401)
        found.used += 1
