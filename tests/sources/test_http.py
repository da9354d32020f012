"""How failures are met: what is tried again, what is not, and what the message says."""

from collections.abc import Iterator

import pytest

from sandbox import Fault, Sandbox
from sources._shared import http
from sources._shared.errors import (
    BrokenAnswerError,
    CredentialsError,
    NotFoundError,
    PermissionDeniedError,
    RequestError,
    ServerError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from sources._shared.mark import Window
from sources._shared.redaction import Redactor
from sources.square.client import SquareClient
from sources.ventmere_s2.client import VentmereS2Client


@pytest.fixture
def square(sandbox: Sandbox, impatient: None) -> Iterator[SquareClient]:
    client = SquareClient(sandbox.base_url("square"), sandbox.settings("square")["access_token"])
    yield client
    client.close()


def locations(client: SquareClient) -> int:
    return sum(len(page.records) for page in client.locations(Window()))


PASSING = {
    "throttled": Fault("status", 429),
    "throttled, named in seconds": Fault("status", 429, retry_after="0"),
    "throttled, named as a date": Fault("status", 429, retry_after="Mon, 05 Jan 2026 08:00:00 GMT"),
    "throttled, named as nonsense": Fault("status", 429, retry_after="soon"),
    "request timeout": Fault("status", 408),
    "server error": Fault("status", 500),
    "unavailable": Fault("status", 503, retry_after="0"),
    "html page": Fault("html", 502),
    "html with status 200": Fault("html", 200),
    "cut off": Fault("truncated"),
    "not json": Fault("invalid_json"),
    "connection reset": Fault("reset"),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_may_pass_is_asked_again(sandbox: Sandbox, square: SquareClient, fault: Fault) -> None:
    sandbox.faults["square"].next(fault, times=2)
    assert locations(square) == len(sandbox.truth("square", "locations"))
    assert square.traffic.requests == 3
    assert square.traffic.retries == 2


STAYING = {
    ThrottledError: Fault("status", 429),
    ServerError: Fault("status", 504),
    BrokenAnswerError: Fault("truncated"),
    UnreachableError: Fault("reset"),
}


@pytest.mark.parametrize(("kind", "fault"), STAYING.items(), ids=[kind.__name__ for kind in STAYING])
def test_what_stays_fails_after_five_tries(
    sandbox: Sandbox, square: SquareClient, kind: type[SourceError], fault: Fault
) -> None:
    sandbox.faults["square"].next(fault, times=99)
    with pytest.raises(kind):
        locations(square)
    assert square.traffic.requests == 5


REFUSED = {
    401: CredentialsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    400: RequestError,
    302: RequestError,
}


@pytest.mark.parametrize(("status", "kind"), REFUSED.items())
def test_a_refusal_is_not_asked_again(
    sandbox: Sandbox, square: SquareClient, status: int, kind: type[SourceError]
) -> None:
    sandbox.faults["square"].next(Fault("status", status))
    with pytest.raises(kind):
        locations(square)
    assert square.traffic.requests == 1


def test_the_pause_a_server_asks_for_is_kept_and_counted(sandbox: Sandbox, square: SquareClient) -> None:
    sandbox.faults["square"].next(Fault("status", 429, retry_after="1"))
    locations(square)
    assert square.traffic.throttled_seconds == 1.0


@pytest.mark.parametrize("told", ["0", "-5", "0.0", "Mon, 05 Jan 2026 07:00:00 GMT", "soon"])
def test_a_pause_of_nothing_is_the_usual_one(sandbox: Sandbox, square: SquareClient, told: str) -> None:
    sandbox.faults["square"].next(Fault("status", 429, retry_after=told), times=4)
    locations(square)
    assert square.traffic.throttled_seconds >= 4 * http.LONGEST_WAIT / 2, "cut short for this test, and kept"


@pytest.mark.parametrize("asked", [None, 0.0, 0.1])
def test_waits_double_and_are_never_shorter_than_half_of_the_usual_one(asked: float | None) -> None:
    for attempt, usual in [(2, 0.5), (3, 1.0), (4, 2.0), (5, 4.0), (20, http.LONGEST_WAIT)]:
        assert all(usual / 2 <= http.wait_before(attempt, asked) <= usual for _ in range(50))
    assert http.wait_before(2, 7.0) == 7.0


@pytest.mark.parametrize("told", ["3600", "9" * 400, "Fri, 31 Dec 2199 23:59:59 GMT"])
@pytest.mark.parametrize(("status", "kind"), [(429, ThrottledError), (503, ServerError)])
def test_an_absurd_pause_ends_the_read_instead(
    sandbox: Sandbox, square: SquareClient, status: int, kind: type[SourceError], told: str
) -> None:
    sandbox.faults["square"].next(Fault("status", status, retry_after=told))
    with pytest.raises(kind):
        locations(square)
    assert square.traffic.requests == 1


TEXTS = {
    rb'{"a":"x"}': rb'{"a":"x"}',
    rb'{"a":"\ud83d\ude00"}': rb'{"a":"\ud83d\ude00"}',
    rb'{"a":"\ud83d"}': rb'{"a":"\ufffd"}',
    rb'{"a":"\uDE00\uD83D"}': rb'{"a":"\ufffd\ufffd"}',
    rb'{"a":"\ud83d\u0041"}': rb'{"a":"\ufffd\u0041"}',
    rb'{"a":"\\ud83d"}': rb'{"a":"\\ud83d"}',
    rb'{"a":"\\\ud83d"}': rb'{"a":"\\\ufffd"}',
    b'{"a":"caf\xe9"}': '{"a":"caf\ufffd"}'.encode(),
    b'\xef\xbb\xbf{"a":1}': b'{"a":1}',
    '{"a":"\u00e9"}'.encode("utf-16"): '{"a":"\u00e9"}'.encode(),
    '{"a":"\u00e9"}'.encode("utf-32"): '{"a":"\u00e9"}'.encode(),
}


@pytest.mark.parametrize(("body", "text"), TEXTS.items())
def test_a_body_becomes_text_that_every_reader_takes(body: bytes, text: bytes) -> None:
    assert http.text_of(body) == text


def test_a_slow_answer_is_given_up(
    sandbox: Sandbox, square: SquareClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(square.api, "_timeout", 0.05)
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    sandbox.faults["square"].next(Fault("slow", seconds=0.4), times=2)
    with pytest.raises(UnreachableError, match="took too long"):
        locations(square)


def test_a_refused_token_is_named_by_its_setting_and_not_shown(sandbox: Sandbox) -> None:
    client = SquareClient(sandbox.base_url("square"), "wrong-token-4711")
    with pytest.raises(CredentialsError) as caught:
        locations(client)
    client.close()
    assert str(caught.value).startswith("401 UNAUTHORIZED. The provider says:")
    assert "Check access_token" in str(caught.value)
    assert "wrong-token-4711" not in str(caught.value)


def test_a_missing_permission_is_loud(sandbox: Sandbox, square: SquareClient) -> None:
    sandbox.switches["square"].missing_scopes = {"MERCHANT_PROFILE_READ"}
    with pytest.raises(PermissionDeniedError, match="Grant the application INVENTORY_READ, ITEMS_READ"):
        locations(square)


def test_a_login_is_renewed_when_its_token_dies_in_mid_scan(sandbox: Sandbox) -> None:
    sandbox.switches["ventmere_s2"].token_requests = 1
    for _ in range(2):
        client = VentmereS2Client(sandbox.base_url("ventmere_s2"), **sandbox.apis["ventmere_s2"].credentials)
        list(client.products(Window()))
        client._overview = None
        assert sum(len(page.records) for page in client.products(Window())) > 50
        client.close()
    assert [asked.path for asked in sandbox.requests[:4]] == [
        "/login",
        "/inventory/overview",
        "/inventory/overview",
        "/login",
    ]


def test_a_wrong_password_fails_without_a_second_try(sandbox: Sandbox) -> None:
    client = VentmereS2Client(sandbox.base_url("ventmere_s2"), email="loader@example.com", password="no-4711")
    with pytest.raises(CredentialsError, match="Check email, password and login_path") as caught:
        list(client.products(Window()))
    client.close()
    assert len(sandbox.requests) == 1
    assert "no-4711" not in str(caught.value)


def test_gzip_is_understood(sandbox: Sandbox) -> None:
    sandbox.switches["ventmere_s2"].gzip = True
    client = VentmereS2Client(
        sandbox.base_url("ventmere_s2"), access_token=sandbox.settings("ventmere_s2")["access_token"]
    )
    assert sum(len(page.records) for page in client.inventory_items(Window())) > 100
    client.close()


def test_a_redactor_takes_out_secrets_and_what_steers_terminals() -> None:
    redactor = Redactor("toke", "token-long", "b")
    assert redactor.clean("a token-long\x1b[31m b toke\r\n") == "a *** [31m b *** "
