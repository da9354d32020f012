"""The one HTTP client: retry by error class, the server's own pauses, pacing, counting, redaction.

A request is finished only when its body has been decoded: an answer that is cut off or is not what was
promised is a failed attempt like a dropped connection, never an empty result. What is no text in a body
(half a surrogate, bytes that are no UTF-8, a byte order mark before it) is made text first.
"""

import codecs
import logging
import random
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import httpx
import msgspec
import tenacity

from sources._shared import clock as our_clock
from sources._shared.errors import (
    BrokenAnswerError,
    CredentialsError,
    NotFoundError,
    PermissionDeniedError,
    RequestError,
    ServerError,
    SourceError,
    ThrottledError,
    TransientError,
    UnreachableError,
)
from sources._shared.pace import Pace
from sources._shared.records import believable
from sources._shared.redaction import Redactor

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 5
"""How often one request is tried; providers' own clients try three to five times."""
FIRST_WAIT = 0.5
"""Seconds before the second try; doubled for each further one. Up to half of it is left to chance."""
LONGEST_WAIT = 60.0
"""Seconds between two tries where the server names none."""
LONGEST_PAUSE = 300.0
"""Seconds a server may ask us to wait; above, the run is better ended and started later."""
LONGEST_QUESTION = 1500
"""Bytes of a path with its query. Servers and proxies refuse some 2,048 in a request's first line."""
USER_AGENT = "stocktake"
LONGEST_DETAIL = 500
"""Characters of a provider's own words in a message."""


@dataclass
class Traffic:
    """What was sent and received so far."""

    requests: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    """Seconds spent waiting because a server asked for it."""
    bytes_read: int = 0
    """Bytes of bodies, after decompression."""

    def add(self, **more: float) -> None:
        """Adds to the counts that are named."""
        for name, value in more.items():
            setattr(self, name, getattr(self, name) + value)

    def copy(self) -> "Traffic":
        """The present counts, frozen."""
        return replace(self)

    def since(self, before: "Traffic") -> "Traffic":
        """What was added since an earlier copy."""
        return Traffic(**{f.name: getattr(self, f.name) - getattr(before, f.name) for f in fields(self)})


class Answer(NamedTuple, Generic[T]):
    """A decoded body, the server's clock when it was sent, and its headers."""

    body: T
    answered_at: datetime | None
    headers: Mapping[str, str] = {}


class ProviderWords(NamedTuple):
    """What a provider's error body says: a code for machines, a sentence for people; both may be ''."""

    code: str
    detail: str


class ApiClient:
    """Sends requests to one account's base URL and hands back decoded bodies.

    Args:
        read_error: takes code and sentence out of an error body that is JSON; may raise nothing.
        refused: makes a more exact error for a refusal, or None for the one its status suggests.
        pace: how fast at most; shared by everyone whose requests the provider counts together.
        throttled: for providers that say "slow down" in their own words, whatever the status: takes the body
            and the server's clock, and returns the seconds to wait, or None.
        longest_pause: how many seconds a server may ask us to wait; above, the run is better ended.
        credentials_advice: what to check when the credentials are refused.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: httpx.Auth,
        redactor: Redactor,
        headers: Mapping[str, str] | None = None,
        read_error: Callable[[bytes], ProviderWords],
        refused: Callable[[int, ProviderWords], SourceError | None] = lambda status, words: None,
        pace: Pace | None = None,
        throttled: Callable[[bytes, datetime | None], float | None] = lambda body, clock: None,
        longest_pause: float = LONGEST_PAUSE,
        read_timeout: float = 60.0,
        credentials_advice: str,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.traffic = Traffic()
        self.server_clock: datetime | None = None
        """The server's clock when it last answered."""
        self.server_ahead: timedelta | None = None
        """How far the server's clock was ahead of ours then, beyond the time its answer took; negative where
        it lay behind."""
        self._auth = auth
        self._redactor = redactor
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})}
        self._read_error = read_error
        self._refused = refused
        self._pace = pace or Pace()
        self._throttled = throttled
        self._longest_pause = longest_pause
        self._counting = threading.Lock()
        self._opening = threading.Lock()
        self._timeout = httpx.Timeout(read_timeout, connect=10.0)
        self._credentials_advice = credentials_advice
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Closes the connections; the next request opens them again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def build_request(self, method: str, path: str, *, json: Any = None) -> httpx.Request:
        """A request to this account, unsent."""
        return self._open().build_request(method, f"{self.base_url}{path}", json=json)

    def fits(self, path: str, params: Any) -> bool:
        """Whether a question is short enough for every server."""
        return len(httpx.URL(f"{self.base_url}{path}", params=params).raw_path) <= LONGEST_QUESTION

    def send(
        self, method: str, path: str, decode: Callable[[bytes], T], *, params: Any = None, json: Any = None
    ) -> Answer[T]:
        """Sends one request, again while its failure may pass, and decodes the answer.

        Raises:
            SourceError: the class says what kind; the text is free of secrets.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._may_pass),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            before_sleep=self._count_retry,
            reraise=True,
            sleep=our_clock.sleep,
        )
        return retrying(self._attempt, method, path, decode, params, json)

    def _open(self) -> httpx.Client:
        with self._opening:  # requests may be under way side by side
            if self._client is None:
                self._client = httpx.Client(
                    auth=self._auth,
                    headers=self._headers,
                    timeout=self._timeout,
                    verify=_trusted(),
                    follow_redirects=False,  # credentials go to the configured host and nowhere else
                    event_hooks={"request": [self._before_request]},
                )
            return self._client

    def _before_request(self, request: httpx.Request) -> None:
        self._pace.wait()
        self._count(requests=1)

    def _attempt(
        self, method: str, path: str, decode: Callable[[bytes], T], params: Any, json: Any
    ) -> Answer[T]:
        sent_at = our_clock.now()
        try:
            response = self._open().request(method, f"{self.base_url}{path}", params=params, json=json)
            body = response.content
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        except httpx.DecodingError:
            raise BrokenAnswerError("The answer's compression is broken.", status=200) from None
        except httpx.InvalidURL as error:
            raise RequestError(f"{self.base_url} is not a usable URL: {error}.", "Check base_url.") from None
        self._count(bytes_read=len(body))
        clock = _server_clock(response)
        if clock is not None:
            self.server_clock = clock
            self.server_ahead = max(clock - our_clock.now(), min(clock - sent_at, timedelta()))
        self._obey(response, body)
        if response.status_code != httpx.codes.OK:
            raise self._explain(response, body)
        try:
            return Answer(decode(text_of(body)), clock, response.headers)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise BrokenAnswerError(
                f"Status 200, but the body of {len(body)} bytes is not what was promised:"
                f" {self._redactor.clean(str(error))}.",
                "Retries did not help; try later, and tell the provider if it persists.",
                status=200,
            ) from None

    def read_login(
        self,
        response: httpx.Response,
        decode: Callable[[bytes], T],
        *,
        credentials_advice: str,
        address_advice: str,
    ) -> T:
        """What a login yields: one rule for all providers. Whatever 2xx brings it will do.

        Args:
            decode: takes it out of the body; raises a MsgspecError where it is not there.
            credentials_advice: what to check when the login refuses them.
            address_advice: what to check when there seems to be no login at this address.

        Raises:
            SourceError: 400, 401 and 403 refuse the credentials; every other failure is like any request's.
        """
        status = response.status_code
        self._obey(response, response.content)
        if response.is_success:
            try:
                return decode(text_of(response.content))
            except (msgspec.MsgspecError, RecursionError):
                raise BrokenAnswerError(
                    f"The login answered {status} and no token.", address_advice, status=status
                ) from None
        if status in (400, 401, 403):
            raise CredentialsError(f"The login was refused with {status}.", credentials_advice, status=status)
        error = self._explain(response, response.content)
        error.what = f"The login answered {error.what}"
        if not isinstance(error, TransientError):
            error.advice = address_advice
        raise error

    def _obey(self, response: httpx.Response, body: bytes) -> None:
        """Makes sure that an answer is none that says "slow down" in the provider's own words."""
        pause = self._throttled(body, _server_clock(response))
        if pause is not None:
            raise _throttle(f"{response.status_code}.", pause, response.status_code)

    def _unreachable(self, error: httpx.TransportError) -> UnreachableError:
        host = httpx.URL(self.base_url).host
        what = "took too long to answer" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
        return UnreachableError(
            f"{host} {what} ({type(error).__name__}).",
            "Check base_url and the network; the next run goes on where this one stopped.",
        )

    def _explain(self, response: httpx.Response, body: bytes) -> SourceError:
        status = response.status_code
        words = ProviderWords(*(self._redactor.clean(one)[:LONGEST_DETAIL] for one in self._read_error(body)))
        exact = self._refused(status, words)
        if exact is not None:
            exact.status = status
            return exact
        what = " ".join(filter(None, [f"{status}", words.code])) + "."
        if words.detail:
            what += f" The provider says: {words.detail.strip().rstrip('.')}."
        if status == 429:
            return _throttle(what, _retry_after(response), status)
        if status == 408 or status >= 500:
            failed = ServerError(what, "The provider's server failed; try again later.")
            failed.retry_after = _retry_after(response)
            failed.status = status
            return failed
        if status == 401:
            return CredentialsError(what, self._credentials_advice, status=status)
        if status == 403:
            return PermissionDeniedError(what, "Grant the credentials what they lack.", status=status)
        if status == 404:
            return NotFoundError(what, "Check base_url.", status=status)
        if 300 <= status < 400:
            return RequestError(
                f"{status}: the server redirects to another address, and credentials are not sent there.",
                "Set base_url to the address that answers itself.",
                status=status,
            )
        return RequestError(what, "This is likely a fault in Stocktake: please report it.", status=status)

    def _may_pass(self, error: BaseException) -> bool:
        pause = getattr(error, "retry_after", None)
        return isinstance(error, TransientError) and (pause is None or pause <= self._longest_pause)

    def _count(self, **more: float) -> None:
        with self._counting:
            self.traffic.add(**more)

    def _count_retry(self, retry: tenacity.RetryCallState) -> None:
        wait = retry.next_action.sleep if retry.next_action else 0.0
        error = retry.outcome.exception() if retry.outcome else None
        is_throttled = isinstance(error, ThrottledError)
        self._count(retries=1, throttled_seconds=wait if is_throttled else 0.0)
        if is_throttled:
            self._pace.pause(wait)  # everyone who shares the limit has met it
        logger.info("%s Asked again in %.1f s (try %d).", error, wait, retry.attempt_number + 1)


def _throttle(what: str, retry_after: float | None, status: int) -> ThrottledError:
    error = ThrottledError(what, "Run less often or ask the provider for a higher limit.", status=status)
    error.retry_after = retry_after
    return error


def _wait(retry: tenacity.RetryCallState) -> float:
    error = retry.outcome.exception() if retry.outcome else None
    return wait_before(retry.attempt_number + 1, getattr(error, "retry_after", None))


def wait_before(attempt: int, asked: float | None) -> float:
    """Seconds to wait before a further attempt: what the server asked for, and never less than without it.

    A server that says 0, or a moment that has passed, is in the same trouble as one that says nothing.
    """
    usual = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 2))
    return max(asked or 0.0, usual * random.uniform(0.5, 1))  # noqa: S311  nothing secret


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust: reading the certificates takes a tenth of a second, so they are read once."""
    return httpx.create_ssl_context()


def _server_clock(response: httpx.Response) -> datetime | None:
    return _http_date(response.headers.get("Date"))


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date (RFC 9110 §10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    now = _server_clock(response) or our_clock.now()
    return max(0.0, (until - now).total_seconds())


@lru_cache(maxsize=16)
def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return believable(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks, and what they say of the text behind them; a longer one before its own beginning."""

HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
"""An escape in JSON, an emoji's two halves being one; so a backslash that is escaped itself begins none."""


def text_of(body: bytes) -> bytes:
    """A body as UTF-8 that every reader of JSON takes; one that is so already is given back as it is.

    A byte order mark is taken off. Bytes that are no UTF-8 become U+FFFD, and so does the escape of half a
    surrogate, which stands for no character: nothing else of the body changes.
    """
    for mark, encoding in MARKS.items():
        if body.startswith(mark):
            body = body.removeprefix(mark) if encoding == "utf-8" else _recoded(body, encoding)
            break
    try:
        body.decode()
    except UnicodeDecodeError:
        body = _recoded(body, "utf-8")
    if HALF.search(body):
        body = ESCAPE.sub(_whole, body)
    return body


def _recoded(body: bytes, encoding: str) -> bytes:
    return body.decode(encoding, "replace").encode()


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if HALF.fullmatch(escape[0]) else escape[0]
