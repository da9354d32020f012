"""What `stocktake doctor` finds out about an account: one cheap call per thing we need.

A room's checks.py builds its own client and yields findings. Each is one line with three beats: what is, what
that means, what to do next. After a finding that every later call would meet too, the rest is not asked.
"""

import base64
import functools
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit

import msgspec

from sources._shared import clock as our_clock
from sources._shared.errors import (
    BrokenAnswerError,
    NotFoundError,
    PermissionDeniedError,
    RefusedError,
    RequestError,
    ServerError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from sources._shared.http import Answer, ApiClient
from sources._shared.mark import Window
from sources._shared.records import Page

Level = Literal["ok", "warning", "error"]

MOST_SKEW = timedelta(seconds=60)
"""Between our clock and a server's. Less is the length of an answer and the second the Date header cuts."""
RENEW_NOW = timedelta(hours=1)
"""A token with less than this left may end during a long run."""
RENEW_SOON = timedelta(days=14)

ELSEWHERE = "Set base_url to the address that answers itself."

P = ParamSpec("P")
T = TypeVar("T")


class Finding(NamedTuple):
    """What one check found."""

    check: str
    level: Level
    message: str
    is_blocking: bool = False
    """Whether every later call would meet the same."""


Findings = Iterator[Finding]


class FirstCall(NamedTuple):
    """What came of the first call."""

    finding: Finding
    answer: Answer[bytes] | None = None
    error: SourceError | None = None


def until_blocked(checks: Callable[P, Findings]) -> Callable[P, Findings]:
    """Makes a room's checks end with the first finding that makes the rest meaningless."""

    @functools.wraps(checks)
    def checks_until_blocked(*args: P.args, **kwargs: P.kwargs) -> Findings:
        findings = checks(*args, **kwargs)
        try:
            for finding in findings:
                yield finding
                if finding.is_blocking:
                    return
        finally:
            _close(findings)

    return checks_until_blocked


def ok(check: str, message: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(check, "ok", message)


def first_call(
    api: ApiClient,
    path: str,
    address: str,
    *,
    params: Any = None,
    is_known: Callable[[SourceError], bool] = lambda error: isinstance(error, PermissionDeniedError),
) -> FirstCall:
    """The first call: is there an API at base_url, and does it know the credentials?

    Args:
        address: what a right base_url looks like, one sentence.
        is_known: whether a refusal shows that the credentials are good all the same.
    """
    try:
        answer = api.send("GET", path, no_web_page(_any_json), params=params)
    except SourceError as error:
        if is_known(error):
            return FirstCall(ok("connection", "Answers."), error=error)
        return FirstCall(failed_first_call(error, address), error=error)
    return FirstCall(ok("connection", "Answers."), answer)


def failed_first_call(error: SourceError, address: str) -> Finding:
    """What a failed first call tells. Everything but a server that fails now blocks the rest."""
    advice = ""
    if isinstance(error, UnreachableError):
        advice = "Check base_url and the network."
    elif isinstance(error, NotFoundError) or _is_web_page(error):
        advice = f"Check base_url: {address}"
    elif isinstance(error, BrokenAnswerError):
        advice = f"Try later; if it persists, check base_url: {address}"
    finding = failed("connection", error, advice)
    return finding._replace(is_blocking=not isinstance(error, ServerError))


def probe(
    check: str,
    pages: Callable[[Window], Iterator[Page]],
    window: Window,
    *,
    permission: str,
    denied: tuple[type[RefusedError], ...] = (PermissionDeniedError,),
) -> Finding:
    """Whether a reading can be begun: its first page comes, and the rest is not asked for.

    Args:
        permission: what to do when it may not be read; names the permission.
        denied: the refusals that mean so.
    """
    try:
        first_page(pages, window)
    except SourceError as error:
        return failed(check, error, permission if isinstance(error, denied) else "")
    return ok(check, "Can be read.")


def first_page(pages: Callable[[Window], Iterator[Page]], window: Window) -> Page | None:
    """The first page of a reading.

    Raises:
        SourceError: it did not come.
    """
    reading = pages(window)
    try:
        return next(reading, None)
    finally:
        _close(reading)


def moved_from_now() -> Window:
    """A window that nothing has moved in yet: the cheapest question there is."""
    return Window(after=our_clock.now())


def failed(check: str, error: SourceError, advice: str = "") -> Finding:
    """An error as a finding, with better advice than its own where there is some."""
    what = error.what
    if error.status is not None and 300 <= error.status < 400:
        what = f"{error.status}: the server redirects to another address, and credentials are not sent there."
        advice = ELSEWHERE
    is_blocking = error.stops_account or isinstance(error, ThrottledError)
    return Finding(check, "error", f"{what} {advice or error.advice}".strip(), is_blocking)


def no_web_page(decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """A decoder that knows a web page when it gets one instead of an answer: asking again does not help."""

    def decode_answer(body: bytes) -> T:
        if body.lstrip()[:1] == b"<":
            raise RequestError("Status 200, but with a web page: this is a website, not an API.", status=200)
        return decode(body)

    return decode_answer


def clock_skew(api: ApiClient) -> Finding:
    """How far our clock is from the one of the server that has just answered."""
    if api.server_clock is None:
        return ok("clock", "The server sends no Date.")
    ahead = our_clock.now() - api.server_clock
    if abs(ahead) <= MOST_SKEW:
        return ok("clock", "This machine's clock agrees with the server's.")
    side = "ahead of" if ahead > timedelta() else "behind"
    return Finding(
        "clock",
        "warning",
        f"This machine's clock is {span(ahead)} {side} the server's. Marks follow the slower clock, so"
        " nothing is lost, but ages and lags are wrong. Set this machine's clock, by NTP for example.",
    )


def version(wanted: str | None, answered: str | None) -> Finding:
    """Whether an API answers in the version it was asked in.

    Args:
        wanted: the setting api_version; None where it is left out.
        answered: the version the answer names; None where it names none.
    """
    if wanted is None and answered is None:
        message = "No api_version is set, and the answer names none. Set api_version to the one you know."
    elif wanted is None:
        message = (
            f"No api_version is set, and the answer came in {answered}, the newest. Set api_version ="
            f' "{answered}", so that a newer one changes nothing unasked.'
        )
    elif answered in (None, wanted):
        return ok("api_version", f"{wanted} is served.")
    else:
        message = (
            f"Asked in {wanted}, answered in {answered}. The version asked for is not served any more;"
            " read the provider's changelog and set api_version to one that is."
        )
    return Finding("api_version", "warning", message)


def token_claims(token: str) -> Mapping[str, Any] | None:
    """What a JWT says of itself, its signature unchecked; None where it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        payload = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
        claims = msgspec.json.decode(payload, type=dict[str, Any])
    except ValueError:  # not base64, or not a JSON object
        return None
    ends = claims.get("exp")
    return claims if ends is None or type(ends) in (int, float) else None


def token_fits(token: str, base_url: str) -> Finding:
    """Whether a token is a JWT, and for this base_url. Asks nobody, so that no other host gets to see it."""
    claims = token_claims(token)
    if claims is None:
        return Finding(
            "token",
            "error",
            "access_token is not a JWT: it is cut short, or something else was copied. Copy the token again,"
            " or make a new one.",
            is_blocking=True,
        )
    named = claims.get("aud")
    audiences = [text for text in (named if isinstance(named, list) else [named]) if isinstance(text, str)]
    if audiences and not any(_is_for(audience, base_url) for audience in audiences):
        return Finding(
            "token",
            "error",
            f"The token is for {', '.join(audiences)}, and base_url is {base_url}. Correct base_url, or make"
            " the token in the instance it is to read.",
            is_blocking=True,
        )
    return ok("token", "Is a token for this base_url.")


def token_end(token: str, now: datetime) -> Finding:
    """How long a JWT is good for."""
    ends = (token_claims(token) or {}).get("exp")
    if ends is None:
        return ok("token", "Does not expire.")
    left = ends - now.timestamp()
    if left <= 0:
        return Finding(
            "token",
            "error",
            f"The token expired {span(timedelta(seconds=max(left, -1e9)))} ago. Make a new one and replace"
            " access_token.",
            is_blocking=True,
        )
    left = timedelta(seconds=min(left, 1e10))
    if left < RENEW_NOW:
        message = f"The token ends in {span(left)}. Renew it before a long run, which it would break off."
        return Finding("token", "error", message)
    if left < RENEW_SOON:
        return Finding("token", "warning", f"The token ends in {span(left)}. Renew it before then.")
    return ok("token", f"Expires in {span(left)}.")


def span(length: timedelta) -> str:
    """A length of time for people, whatever its sign."""
    seconds = abs(length.total_seconds())
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} seconds"


def _any_json(body: bytes) -> bytes:
    msgspec.json.decode(body)
    return body


def _is_web_page(error: SourceError) -> bool:
    """Whether `no_web_page` refused an answer: nothing else refuses one with status 200."""
    return isinstance(error, RequestError) and error.status == 200


def _is_for(audience: str, base_url: str) -> bool:
    """Whether an audience is base_url or a beginning of it: the same origin, and a path above or the same."""
    ours = urlsplit(base_url)
    theirs = urlsplit(audience if "//" in audience else f"{ours.scheme}://{audience}")
    try:
        same_place = _origin(ours) == _origin(theirs)
    except ValueError:  # a port that is no number
        return False
    return same_place and f"{ours.path.rstrip('/')}/".startswith(f"{theirs.path.rstrip('/')}/")


def _origin(parts: Any) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _close(reading: Iterator[Any]) -> None:
    if isinstance(reading, Generator):
        reading.close()
