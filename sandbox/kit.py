"""What the providers' rooms have in common: refusals, tokens, limits, cursors, pages, and what is kept."""

import base64
import hashlib
import hmac
import json
import time
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from sandbox.clock import Clock
from sandbox.json_text import json_bytes
from sandbox.record import Call, Reply

Row = TypeVar("Row")
Made = TypeVar("Made")
Record = dict[str, Any]
Key = tuple[str, ...]


class Refusal(Exception):  # noqa: N818  not an error of ours: an answer
    """A request that is refused. The room words it, unless a body comes with it."""

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        code: str = "",
        field: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.field = field
        """The parameter or member at fault."""
        self.headers = dict(headers or {})
        self.body = body


class ProviderApi(ABC):
    """A provider's room as the server sees it: routes that answer or refuse, and the truth behind them."""

    base_path = ""
    """What follows the provider's address in a base URL."""

    @property
    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What an account must be told beside the base URL, credentials that work included."""

    @abstractmethod
    def route(self, call: Call) -> Reply:
        """One answer.

        Raises:
            Refusal: the request is refused.
        """

    @abstractmethod
    def worded(self, refusal: Refusal) -> bytes:
        """The body of a refusal, as the provider words it."""

    @abstractmethod
    def records(self, resource: str) -> Iterable[tuple[Key, str | bytes]]:
        """Every record of a resource as it would be served now, with its key.

        Raises:
            KeyError: there is no such resource.
        """

    def answer(self, call: Call) -> Reply:
        """One answer, a refusal too."""
        try:
            return self.route(call)
        except Refusal as refusal:
            body = self.worded(refusal) if refusal.body is None else refusal.body
            return Reply(refusal.status, body, headers=refusal.headers)

    def failure(self, status: int) -> bytes:
        """The body of a failure that the sandbox was told to have."""
        return self.worded(Refusal(status, "Something went wrong."))

    def truth(self, resource: str) -> dict[Key, Record]:
        """Every record of a resource as it would be served now, by key.

        Raises:
            KeyError: there is no such resource.
        """
        return {key: self.read(text) for key, text in self.records(resource)}

    @staticmethod
    def read(text: str | bytes) -> Record:
        """A record as a reader gets it."""
        record: Record = json.loads(text)
        return record


@dataclass
class Tokens:
    """Tokens that a login gave out."""

    clock: Clock
    _made_at: dict[str, datetime] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    def give(self, token: str) -> str:
        """Makes a token good from now on."""
        self._made_at[token], self._used[token] = self.clock.now(), 0
        return token

    def __len__(self) -> int:
        return len(self._made_at)

    def take(self, token: str, *, seconds: float, requests: int | None) -> bool:
        """Counts the use of a token; not of one that nobody gave, or that is too old or used up."""
        made_at = self._made_at.get(token)
        if made_at is None or (self.clock.now() - made_at).total_seconds() >= seconds:
            return False
        if requests is not None and self._used[token] >= requests:
            return False
        self._used[token] += 1
        return True


class Bucket:
    """A token bucket in real time."""

    def __init__(self) -> None:
        self._level = 0.0
        self._then = time.monotonic()

    def wait(self, rate: float | None, depth: float) -> float:
        """Takes one request in, and gives 0; else the seconds until there is room for it.

        Args:
            rate: requests a second; None: any number.
            depth: how many may come at once.
        """
        if rate is None:
            return 0.0
        now = time.monotonic()
        self._level = max(0.0, self._level - (now - self._then) * rate)
        self._then = now
        if self._level + 1 > depth:
            return (self._level + 1 - depth) / rate
        self._level += 1
        return 0.0


class Kept(Generic[Made]):
    """What was made of the data for a question, until the data or the switches change."""

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._state: object = None
        self._made: dict[object, Made] = {}

    def get(self, state: object, question: object, make: Callable[[], Made]) -> Made:
        """What was made for a question in a state, or makes it."""
        if state != self._state or len(self._made) >= self._most:
            self._state, self._made = state, {}
        if question not in self._made:
            self._made[question] = make()
        return self._made[question]


def place_of(rows: Sequence[Row], is_past: Callable[[Row], bool]) -> int:
    """Where the first row is that lies past a border; all rows after it do too."""
    return bisect_left(range(len(rows)), True, key=lambda place: is_past(rows[place]))


def sealed(state: Mapping[str, Any]) -> str:
    """A cursor that holds all it needs: nothing is kept between requests, and nobody can change it."""
    payload = _coded(json_bytes(state))
    return f"{payload}.{_signature(payload)}"


def unsealed(cursor: object) -> dict[str, Any] | None:
    """What a cursor holds; None where it is none of ours."""
    payload, _, signature = str(cursor).partition(".")
    if not hmac.compare_digest(_signature(payload).encode(), signature.encode()):
        return None
    state: dict[str, Any] = json.loads(decoded(payload))
    return state


def signed_token(claims: Mapping[str, Any]) -> str:
    """A JWT in compact form, HS256."""
    head, body = (_coded(json_bytes(part)) for part in (JWT, claims))
    return f"{head}.{body}.{_signature(f'{head}.{body}')}"


def claims_of(token: str) -> dict[str, Any] | None:
    """What a JWT of ours claims; None where it is none."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(signed).encode(), signature.encode()):
        return None
    claims: dict[str, Any] = json.loads(decoded(signed.partition(".")[2]))
    return claims


def decoded(text: str) -> bytes:
    """The bytes behind URL-safe Base64 without its padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


JWT = {"alg": "HS256", "typ": "JWT"}
SECRET = b"sandbox-signing-key"


def _signature(text: str) -> str:
    return _coded(hmac.digest(SECRET, text.encode(), hashlib.sha256))


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
