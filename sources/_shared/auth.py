"""How a request proves who asks: a fixed bearer token, or a login that yields one."""

import math
import threading
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import httpx
import msgspec

from sources._shared import clock
from sources._shared.errors import RefusedError

MARGIN = 180.0
"""Seconds before its end at which a token is renewed, or a tenth of its life where that is shorter."""


class Token(NamedTuple):
    """What a login yields."""

    text: str
    seconds: float | None = None
    """How long it lives; None where the provider does not say."""

    @classmethod
    def told(cls, found: Any, seconds: Any = None) -> "Token":
        """The token that an answer tells. White space around it is no part of it, and a time that cannot be
        read is none.

        Raises:
            msgspec.ValidationError: there is no token.
        """
        text = found.strip() if isinstance(found, str) else ""
        if not text or not text.isprintable() or not text.isascii() or " " in text:
            raise msgspec.ValidationError("there is no token")
        try:
            life = float(seconds)
        except (TypeError, ValueError, OverflowError):
            life = 0.0
        return cls(text, life if 0 < life < math.inf else None)


class BearerAuth(httpx.Auth):
    """Sends a fixed token."""

    def __init__(self, token: str) -> None:
        self._token = token.strip()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Adds the Authorization header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class LoginAuth(httpx.Auth):
    """Logs in for a token on first use, before it ends, and once more when a request comes back with 401.

    Args:
        login: makes the login request; called anew for every login.
        read_token: takes the token out of the login's answer; raises SourceError when it holds none.
        on_token: told every token, so that it can be kept out of logs and errors.
    """

    requires_response_body = True

    def __init__(
        self,
        login: Callable[[], httpx.Request],
        read_token: Callable[[httpx.Response], Token],
        on_token: Callable[[str], None],
    ) -> None:
        self._login = login
        self._read_token = read_token
        self._on_token = on_token
        self._token: str | None = None
        self._ends_at: float | None = None
        self._renewing = threading.Lock()
        self._logins = 0
        self._refusal: RefusedError | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Adds the Authorization header. A token that died in mid-scan is renewed, by this request or by one
        beside it; one that was made for this request and is refused is no token at all."""
        token, is_fresh = yield from self._valid_token()
        request.headers["Authorization"] = f"Bearer {token}"
        while (yield request).status_code == httpx.codes.UNAUTHORIZED and not is_fresh:
            token, is_fresh = yield from self._valid_token(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"

    def _valid_token(
        self, refused: str | None = None
    ) -> Generator[httpx.Request, httpx.Response, tuple[str, bool]]:
        """The token, and whether it was made just now: of several requests at a time, one logs in."""
        logins = self._logins
        with self._renewing:
            if self._logins != logins and self._refusal is not None:
                raise self._refusal  # who waited for it does not try the same credentials again
            # By our own clock, which only runs forward: the times in a login's answer may contradict it.
            has_ended = self._ends_at is not None and clock.monotonic() >= self._ends_at
            if self._token is not None and self._token != refused and not has_ended:
                return self._token, False
            self._token = self._ends_at = self._refusal = None
            response = yield self._login()
            self._logins += 1
            try:
                token = self._read_token(response)
            except RefusedError as error:
                self._refusal = error
                raise
            self._on_token(token.text)
            self._token = token.text
            if token.seconds is not None:
                self._ends_at = clock.monotonic() + token.seconds - min(MARGIN, token.seconds / 10)
            return token.text, True
