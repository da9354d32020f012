"""One rule for all logins: what is asked again, what is refused, and what is a token."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import Fault, Sandbox
from sandbox.record import Reply
from sources._shared.auth import Token
from sources._shared.errors import (
    BrokenAnswerError,
    CredentialsError,
    NotFoundError,
    ServerError,
    SourceError,
    ThrottledError,
)
from tests.sources.conftest import client_of, read

LOGINS = {"sellercloud": ("/rest/api/token", "access_token"), "ventmere_s2": ("/login", "accessToken")}
TRIED_AGAIN = {
    "503": Fault("status", 503),
    "429": Fault("status", 429),
    "408": Fault("status", 408),
    "429 with a pause": Fault("status", 429, retry_after="0"),
    "a gateway's page": Fault("html", 502),
    "cut off": Fault("truncated"),
    "reset": Fault("reset"),
    "no body": Fault("empty"),
}


@pytest.fixture(params=LOGINS)
def login(request: pytest.FixtureRequest, five: Sandbox, impatient: None) -> Iterator[tuple[Sandbox, str]]:
    yield five, request.param
    five.rewrites.clear()
    five.faults[request.param].waiting.clear()
    five.requests.clear()


def warehouses(sandbox: Sandbox, provider: str) -> int:
    settings = sandbox.apis[provider].credentials if provider == "ventmere_s2" else {}
    client = client_of(sandbox, provider, **{"access_token": "", **settings} if settings else {})
    return sum(len(page.records) for page in read(client, "warehouses"))


def logins(sandbox: Sandbox, provider: str) -> int:
    return sum(1 for asked in sandbox.requests if asked.path == LOGINS[provider][0])


def rewriting(sandbox: Sandbox, provider: str, change: Callable[[dict[str, Any], Reply], None]) -> None:
    def rewrite(path: str, reply: Reply) -> None:
        if path == LOGINS[provider][0]:
            body = json.loads(reply.body)
            change(body, reply)
            reply.body = json.dumps(body).encode()

    sandbox.rewrites[provider] = rewrite


@pytest.mark.parametrize("fault", TRIED_AGAIN.values(), ids=TRIED_AGAIN.keys())
def test_a_login_that_may_pass_is_asked_again(login: tuple[Sandbox, str], fault: Fault) -> None:
    sandbox, provider = login
    sandbox.faults[provider].next(fault, times=2)
    assert warehouses(sandbox, provider) > 0
    assert logins(sandbox, provider) == 3


STAYS = {429: ThrottledError, 503: ServerError, 404: NotFoundError, 400: CredentialsError}
STAYS |= {401: CredentialsError, 403: CredentialsError}


@pytest.mark.parametrize(("status", "kind"), STAYS.items())
def test_a_login_that_stays_refused_says_why(
    login: tuple[Sandbox, str], status: int, kind: type[SourceError]
) -> None:
    sandbox, provider = login
    sandbox.faults[provider].next(Fault("status", status), times=9)
    with pytest.raises(kind, match="login"):
        warehouses(sandbox, provider)
    assert logins(sandbox, provider) == (5 if status in (429, 503) else 1)


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_whatever_brings_a_token_is_a_login(login: tuple[Sandbox, str], status: int) -> None:
    sandbox, provider = login
    rewriting(sandbox, provider, lambda body, reply: setattr(reply, "status", status))
    assert warehouses(sandbox, provider) > 0


@pytest.mark.parametrize("around", ["{}\n", "  {}", "\t{}\r\n", "\u00a0{}"])
def test_white_space_is_no_part_of_a_token(login: tuple[Sandbox, str], around: str) -> None:
    sandbox, provider = login
    member = LOGINS[provider][1]
    rewriting(sandbox, provider, lambda body, reply: body.update({member: around.format(body[member])}))
    assert warehouses(sandbox, provider) > 0


@pytest.mark.parametrize("token", [None, "", "  ", 7, {}, "to ken"])
def test_a_login_without_a_token_is_broken(login: tuple[Sandbox, str], token: Any) -> None:
    sandbox, provider = login
    rewriting(sandbox, provider, lambda body, reply: body.update({LOGINS[provider][1]: token}))
    with pytest.raises(BrokenAnswerError, match="The login answered 200 and no token"):
        warehouses(sandbox, provider)


@pytest.mark.parametrize("seconds", ["3600", None, "an hour", [], -1, 0, 10**400, "nan"])
def test_an_odd_life_of_a_token_costs_no_login(seconds: Any) -> None:
    assert Token.told("a-token", seconds) == ("a-token", 3600.0 if seconds == "3600" else None)
