"""`stocktake doctor`: each trouble is told apart, in exact words, and nothing is changed."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.lock import run_lock
from sandbox import Fault, Sandbox
from sources._shared.checks import token_fits
from tests.conftest import Project

Arrange = Callable[[Sandbox], None]
Settings = dict[str, Any]

NOWHERE = "http://127.0.0.1:9"
SQUARE_ADDRESS = (
    "Check base_url: it is https://connect.squareup.com, or https://connect.squareupsandbox.com for Square's"
    " sandbox, with no path after it."
)
SQUARE_TOKEN = (
    "The access token was refused. Check access_token, and that it belongs to this base_url: Square's sandbox"
    " and production have different tokens."
)
S2_REFERENCE = "reference ID for support: ee21f844-efab-44f2-809b-37d19545968b."
AUGNO_KEY = "The API key was refused: check api_key, and that it has neither expired nor been revoked."
SHIPSTREAM_TOKEN = (
    "The access token was refused: it is mistyped, has expired, was revoked, or its integration is inactive."
    " Make a new one under System > Global Integrations."
)


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Its clock is the real one, so that skews and the ends of tokens are what the test makes them."""
    mark = request.node.get_closest_marker("providers")
    providers = mark.args if mark else (request.node.callspec.params["provider"],)
    with Sandbox(start=datetime.now(UTC).isoformat(), ticking=True, providers=providers) as served:
        yield served


def findings(project: Project, *arguments: str, exits: int = 0) -> list[dict[str, Any]]:
    result = project.stocktake("doctor", "--log-format", "json", *arguments, exits=exits)
    found = json.loads(result.stdout)["findings"]
    assert all(finding.keys() == {"account", "check", "level", "message"} for finding in found)
    return found


def around(project: Project, check: str, exits: int = 0) -> list[tuple[str, str]]:
    """What is found around the accounts under one heading."""
    found = findings(project, exits=exits)
    return [(f["level"], f["message"]) for f in found if (f["account"], f["check"]) == (None, check)]


@dataclass(frozen=True)
class Trouble:
    """What is wrong with an account, and the one finding that is not ok."""

    check: str
    message: str
    settings: Settings | Callable[[Sandbox], Settings] = field(default_factory=dict)
    switches: Settings = field(default_factory=dict)
    arrange: Arrange = lambda sandbox: None
    level: str = "error"
    stops: bool = False
    """Whether it is the account's last finding, as one of the connection always is."""


def faults(*met: Fault | None) -> Arrange:
    """The next requests meet these."""

    def arrange(sandbox: Sandbox) -> None:
        (provider,) = sandbox.providers
        for fault in met:
            sandbox.faults[provider].next(fault)

    return arrange


def another_organization(sandbox: Sandbox) -> Settings:
    """One that the user may belong to, and that has nothing in it."""
    return {"organization_id": str(sandbox.apis["ventmere_s2"].data.organizations[0]["id"])}


def jwt(**claims: Any) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"


SQUARE = {
    "wrong token": Trouble(
        "connection",
        f"401 UNAUTHORIZED. The provider says: This request could not be authorized. {SQUARE_TOKEN}",
        {"access_token": "wrong-4711"},
    ),
    "expired token": Trouble(
        "connection",
        f"401 ACCESS_TOKEN_EXPIRED. The provider says: The access token is expired. {SQUARE_TOKEN}",
        switches={"token_state": "expired"},
    ),
    "no permission for locations": Trouble(
        "locations",
        "403 INSUFFICIENT_SCOPES. The access token may not read this. Grant the application"
        " MERCHANT_PROFILE_READ; locations cannot be read without it.",
        switches={"missing_scopes": {"MERCHANT_PROFILE_READ"}},
    ),
    "no permission for the catalogue": Trouble(
        "catalog_objects",
        "403 INSUFFICIENT_SCOPES. The access token may not read this. Grant the application ITEMS_READ;"
        " catalog_objects cannot be read without it.",
        switches={"missing_scopes": {"ITEMS_READ"}},
    ),
    "unknown version": Trouble(
        "connection",
        "400 INVALID_SQUARE_VERSION_FORMAT. Square does not know this api_version. Check api_version.",
        {"api_version": "2020-02-30"},
    ),
    "unreachable host": Trouble(
        "connection",
        "127.0.0.1 cannot be reached (ConnectError). Check base_url and the network.",
        {"base_url": NOWHERE},
    ),
    "404 on everything": Trouble(
        "connection",
        f"404 NOT_FOUND. The provider says: Resource not found. {SQUARE_ADDRESS}",
        lambda sandbox: {"base_url": f"{sandbox.base_url('square')}/nowhere"},
    ),
    "a web page": Trouble(
        "connection",
        f"Status 200, but with a web page: this is a website, not an API. {SQUARE_ADDRESS}",
        arrange=faults(Fault("html", status=200)),
    ),
    "a redirect": Trouble(
        "connection",
        "301: the server redirects to another address, and credentials are not sent there. Set base_url to"
        " the address that answers itself.",
        arrange=faults(Fault("status", 301)),
    ),
    "throttled": Trouble(
        "connection",
        "429 RATE_LIMITED. Run less often or ask the provider for a higher limit.",
        arrange=faults(Fault("status", 429, retry_after="3600")),
    ),
    "our clock is behind": Trouble(
        "clock",
        "This machine's clock is 5 minutes behind the server's. Marks follow the slower clock, so nothing is"
        " lost, but ages and lags are wrong. Set this machine's clock, by NTP for example.",
        arrange=lambda sandbox: sandbox.clock.advance(minutes=5, seconds=30),
        level="warning",
    ),
    "our clock is ahead": Trouble(
        "clock",
        "This machine's clock is 3 hours ahead of the server's. Marks follow the slower clock, so nothing is"
        " lost, but ages and lags are wrong. Set this machine's clock, by NTP for example.",
        arrange=lambda sandbox: sandbox.clock.advance(hours=-3, minutes=-5),
        level="warning",
    ),
}

S2 = {
    "wrong token": Trouble(
        "connection",
        f"401. The provider says: the access token is not valid, {S2_REFERENCE} Check access_token (it lives"
        " 7 days) or email and password, and that organization_id is one of the user's own.",
        {"access_token": "wrong-4711"},
    ),
    "wrong password": Trouble(
        "connection",
        "The login was refused with 401. Check email, password and login_path.",
        {"access_token": "", "email": "loader@example.com", "password": "wrong-4711"},
    ),
    "foreign organisation, 401": Trouble(
        "organization",
        f"401. The provider says: unauthorized, {S2_REFERENCE} The credentials are good, but 4711 is not one"
        " of the user's organisations. Check organization_id.",
        {"organization_id": "4711"},
        stops=True,
    ),
    "foreign organisation of a user with several, 403": Trouble(
        "organization",
        f"403. The provider says: unauthorized, {S2_REFERENCE} The credentials are good, but 4711 is not one"
        " of the user's organisations. Check organization_id.",
        {"organization_id": "4711"},
        {"foreign_organization_status": 403, "user_organizations": 3},
        stops=True,
    ),
    "no organisation named of several": Trouble(
        "organization",
        f"400. The provider says: X-S2-Organization is required, {S2_REFERENCE} The user belongs to several"
        " organisations. Set organization_id.",
        {"organization_id": ""},
        {"user_organizations": 2},
        stops=True,
    ),
    "no permission": Trouble(
        "overview",
        f"403. The provider says: Something went wrong, {S2_REFERENCE} The user may not read the inventory"
        " overview. Give the user that right in S2.",
        {"organization_id": ""},
        arrange=faults(Fault("status", 403)),
        stops=True,
    ),
    "an organisation without anything": Trouble(
        "organization",
        "The overview is empty: the user's only organisation holds 0 warehouses, 0 products and 0 levels."
        " Check organization_id; the user may belong to another organisation too.",
        {"organization_id": ""},
        {"overview": "empty"},
    ),
    "404 on everything": Trouble(
        "connection",
        f"404. The provider says: not found, {S2_REFERENCE} Check base_url: it is https://api.s2sell.io for"
        " the sandbox, and what Ventmere told you for production.",
        lambda sandbox: {"base_url": f"{sandbox.base_url('ventmere_s2')}/nowhere"},
    ),
}

SHIPSTREAM = {
    "cut token": Trouble(
        "token",
        "access_token is not a JWT: it is cut short, or something else was copied. Copy the token again, or"
        " make a new one.",
        {"access_token": jwt(exp=1)[:12]},
        stops=True,
    ),
    "token of another instance": Trouble(
        "token",
        "The token is for https://other.shipstream.app, and base_url is {base_url}. Correct base_url, or make"
        " the token in the instance it is to read.",
        switches={"token_audience": "https://other.shipstream.app"},
        stops=True,
    ),
    "expired token": Trouble(
        "token",
        "The token expired 3 days ago. Make a new one and replace access_token.",
        switches={"token_days": -3.5},
    ),
    "token that ends within the hour": Trouble(
        "token",
        "The token ends in 35 minutes. Renew it before a long run, which it would break off.",
        switches={"token_days": 35.5 / 24 / 60},
    ),
    "token that ends soon": Trouble(
        "token",
        "The token ends in 12 days. Renew it before then.",
        switches={"token_days": 12.5},
        level="warning",
    ),
    "revoked token": Trouble(
        "warehouses",
        f"401. The provider says: The access token is revoked. {SHIPSTREAM_TOKEN}",
        switches={"token_state": "revoked"},
        stops=True,
    ),
    "no permission": Trouble(
        "merchants",
        "403. The integration may not read this. The provider says: Something went wrong. Let the integration"
        " read merchants under System > Global Integrations; merchants cannot be read without it.",
        arrange=faults(None, None, Fault("status", 403)),
    ),
    "unknown version": Trouble(
        "connection",
        "400. ShipStream does not know this api_version. The provider says: The API version 2023-13 is not a"
        " version; the latest is 2025-10. The API version 2023-13 is not a version; the latest is 2025-10."
        " Check api_version.",
        {"api_version": "2023-13"},
    ),
    "no version": Trouble(
        "api_version",
        'No api_version is set, and the answer came in 2025-10, the newest. Set api_version = "2025-10", so'
        " that a newer one changes nothing unasked.",
        {"api_version": ""},
        level="warning",
    ),
    "another version": Trouble(
        "api_version",
        "Asked in 2025-03, answered in 2025-10. The version asked for is not served any more; read the"
        " provider's changelog and set api_version to one that is.",
        {"api_version": "2025-03"},
        {"echoed_version": "2025-10"},
        level="warning",
    ),
    "404 on everything": Trouble(
        "connection",
        "404. The provider says: There is no /v1/system/status. Check base_url: it is"
        " https://<name>.shipstream.app/api/global, or the same path on your own domain.",
        lambda sandbox: {"base_url": sandbox.base_url("shipstream").removesuffix("/api/global")},
    ),
}

AUGNO = {
    "wrong key": Trouble(
        "connection",
        f"401 invalid_credentials. The provider says: The API key is not valid. {AUGNO_KEY}",
        {"api_key": "aug_sk_prod_wrong-4711"},
    ),
    "expired key": Trouble(
        "connection",
        f"401 api_key_expired. The provider says: The API key is expired. {AUGNO_KEY}",
        switches={"key_state": "expired"},
    ),
    "no permission": Trouble(
        "items",
        "403 insufficient_permissions. The provider says: The role behind the key has no items:read. Give the"
        " role behind the API key items:read; items needs it.",
        switches={"items_read": False},
    ),
    "used-up quota": Trouble(
        "items",
        "403 limit_exceeded. The provider says: Not on this plan. Give the role behind the API key"
        " items:read, and check account_id.",
        switches={"refuse_all": "limit_exceeded"},
    ),
    **{
        f"foreign account, {status}": Trouble(
            "account",
            f"{status} {code}. The provider says: The account is not yours. The API key is good, but ac_4711"
            " is not an account of its user. Check account_id.",
            {"account_id": "ac_4711"},
            {"wrong_account_status": status},
            stops=True,
        )
        for status, code in (
            (401, "invalid_credentials"),
            (403, "insufficient_permissions"),
            (404, "resource_not_found"),
        )
    },
    "no account named": Trouble(
        "connection",
        f"401 invalid_credentials. The provider says: The request names no account. {AUGNO_KEY} If the key's"
        " user belongs to several accounts, set account_id.",
        {"account_id": ""},
        {"account_header_required": True},
    ),
    "unknown version": Trouble(
        "connection",
        "400 api_version_invalid. The provider says: 9.9 is not a version. Check api_version.",
        {"api_version": "9.9"},
    ),
    "no stock of a listed item": Trouble(
        "item_inventory",
        "404 for the stock of {first_item}, which was just listed. It may have been deleted in between: run"
        " stocktake doctor again, and check api_version if it persists.",
        arrange=faults(None, None, Fault("status", 404)),
        level="warning",
    ),
}

SELLERCLOUD_USER = (
    "Check username and password, and that the user is neither locked nor asked for a second factor."
)
SELLERCLOUD_DENIED = (
    "The login worked, so base_url is right: give the user the permission to read warehouses in Delta, under"
    " its API rights."
)


def moved(sandbox: Sandbox) -> None:
    """Stock moves now, so that the newest change is as old as the zones are apart."""
    sandbox.change(3)


SELLERCLOUD = {
    "wrong password": Trouble(
        "connection",
        f"The login was refused with 401. {SELLERCLOUD_USER}",
        {"password": "wrong-4711"},
    ),
    "wrong path": Trouble(
        "connection",
        "The login was refused with 401. Check base_url first: it ends in /rest/api, and its host is your"
        " own server's.",
        lambda sandbox: {"base_url": sandbox.base_url("sellercloud").removesuffix("/rest/api")},
    ),
    "no permission, told as 404": Trouble(
        "warehouses",
        f"404. There is nothing here, or the user may not read it. {SELLERCLOUD_DENIED}",
        switches={"warehouses_permission": "404"},
    ),
    "no permission, told as 403": Trouble(
        "warehouses",
        f"403. The user may not read this. {SELLERCLOUD_DENIED}",
        switches={"warehouses_permission": "403"},
    ),
    "short logins": Trouble(
        "login",
        "A login is valid for 2 minutes only, and is renewed that often; each login costs a call. Ask"
        " Sellercloud's support why.",
        switches={"token_seconds": 130.0},
        level="warning",
    ),
    "changes in the future": Trouble(
        "timezone",
        "timezone is wrong: read in America/Los_Angeles, the newest change lies 3 h 0 min in Sellercloud's"
        " future. Set timezone to the zone in which Sellercloud shows this account's times.",
        {"timezone": "America/Los_Angeles"},
        arrange=moved,
    ),
    "changes as old as whole hours": Trouble(
        "timezone",
        "Read in America/New_York, the newest change is 2 h 0 min old. Where something changes all the time,"
        " timezone is wrong by 2 hours: compare one change with the time that Sellercloud shows.",
        {"timezone": "America/New_York"},
        {"timezone": "America/Denver"},
        arrange=moved,
        level="warning",
    ),
}

TROUBLES = {
    "square": SQUARE,
    "ventmere_s2": S2,
    "shipstream": SHIPSTREAM,
    "augno": AUGNO,
    "sellercloud": SELLERCLOUD,
}


@pytest.mark.parametrize(
    ("provider", "trouble"),
    [
        pytest.param(provider, trouble, id=f"{provider}: {what}")
        for provider, troubles in TROUBLES.items()
        for what, trouble in troubles.items()
    ],
)
def test_each_trouble_is_told_in_its_own_words(provider: str, trouble: Trouble, project: Project) -> None:
    sandbox = project.sandbox
    for switch, value in trouble.switches.items():
        setattr(sandbox.switches[provider], switch, value)
    settings = trouble.settings(sandbox) if callable(trouble.settings) else trouble.settings
    project.configure({"sick": project.account(provider, **settings)})
    trouble.arrange(sandbox)
    found = findings(project, exits=1 if trouble.level == "error" else 0)
    mine = [finding for finding in found if finding["account"] == "sick"]
    items = sandbox.truth("augno", "items") if provider == "augno" else {}
    newest = max(items, key=lambda key: (items[key]["created_at"], key), default=("",))
    words = trouble.message.replace("{base_url}", sandbox.base_url(provider))
    words = words.replace("{first_item}", newest[0])
    troubled = [(f["check"], f["level"], f["message"]) for f in mine if f["level"] != "ok"]
    assert troubled == [(trouble.check, trouble.level, words)]
    assert mine[-1]["level"] != "ok" or not (trouble.stops or trouble.check == "connection")


@pytest.mark.providers("square")
def test_counts_and_changes_need_the_same_permission(project: Project) -> None:
    project.sandbox.switches["square"].missing_scopes = {"INVENTORY_READ"}
    words = (
        "403 INSUFFICIENT_SCOPES. The access token may not read this. Grant the application INVENTORY_READ;"
    )
    assert [f["message"] for f in findings(project, exits=1) if f["level"] == "error"] == [
        f"{words} {resource} cannot be read without it."
        for resource in ("inventory_counts", "inventory_changes")
    ]


@pytest.mark.providers("ventmere_s2")
def test_another_organisation_of_the_same_user_is_noticed_by_having_nothing(project: Project) -> None:
    project.sandbox.switches["ventmere_s2"].user_organizations = 3
    other = another_organization(project.sandbox)
    project.configure({"s2": project.account("ventmere_s2", **other)})
    (trouble,) = [f for f in findings(project, exits=1) if f["level"] == "error"]
    assert trouble["message"] == (
        f"The overview is empty: {other['organization_id']} holds 0 warehouses, 0 products and 0 levels."
        " Check organization_id; the user may belong to another organisation too."
    )


@pytest.mark.providers("shipstream", "square")
def test_a_token_of_another_instance_is_shown_to_nobody(project: Project) -> None:
    project.sandbox.switches["shipstream"].token_audience = "https://other.shipstream.app"
    project.configure()
    findings(project, exits=1)
    assert {asked.provider for asked in project.sandbox.requests} == {"square"}


@pytest.mark.parametrize(
    ("audience", "is_for"),
    [
        ("https://acme.shipstream.app", True),
        ("https://ACME.shipstream.app:443/", True),
        ("https://acme.shipstream.app/api/global", True),
        ("acme.shipstream.app", True),
        (["https://else.where", "https://acme.shipstream.app"], True),
        (None, True),
        ("https://acme.shipstream.app.evil.test", False),
        ("https://acme.shipstream.app/api/glob", False),
        ("https://acme.shipstream.app:8443", False),
        ("http://acme.shipstream.app", False),
        ("https://acme.shipstream.app:port", False),
    ],
)
def test_an_audience_is_base_url_or_what_it_begins_with(audience: Any, is_for: bool) -> None:
    found = token_fits(jwt(aud=audience), "https://acme.shipstream.app/api/global/")
    assert (found.level == "ok") is is_for


@pytest.mark.parametrize("token", ["", "opaque", "a.b", "a..c", "a.!!.c", "a.MQ.c", jwt(exp="soon"), "a.é.c"])
def test_what_is_no_jwt_is_an_error_and_no_crash(token: str) -> None:
    assert token_fits(token, "https://acme.shipstream.app").level == "error"


@pytest.mark.providers("square", "ventmere_s2", "shipstream", "augno")
def test_healthy_accounts_cost_a_handful_of_first_pages_and_change_nothing(project: Project) -> None:
    before = sorted(project.folder.rglob("*"))
    found = findings(project)
    assert {f["level"] for f in found} == {"ok"}
    assert {f["account"] for f in found} == {None, "square", "ventmere_s2", "shipstream", "augno"}
    asked = [(a.provider, a.method, a.path.removeprefix("/api/global")) for a in project.sandbox.requests]
    assert sorted(asked) == [
        ("augno", "GET", "/v1/catalog/items"),
        ("augno", "GET", "/v1/catalog/items"),
        ("augno", "GET", f"/v1/catalog/items/{asked_item(project)}/inventory"),
        ("shipstream", "GET", "/v1/inventory/levels/total"),
        ("shipstream", "GET", "/v1/inventory/levels/warehouse"),
        ("shipstream", "GET", "/v1/inventory/warehouses"),
        ("shipstream", "GET", "/v1/system/merchants"),
        ("shipstream", "GET", "/v1/system/status"),
        ("square", "GET", "/v2/locations"),
        ("square", "GET", "/v2/locations"),
        ("square", "POST", "/v2/catalog/search"),
        ("square", "POST", "/v2/inventory/changes/batch-retrieve"),
        ("square", "POST", "/v2/inventory/counts/batch-retrieve"),
        ("ventmere_s2", "GET", "/inventory/overview"),
    ]
    windowed = [a for a in project.sandbox.requests if a.method == "POST" or "/levels/" in a.path]
    assert {a.rows for a in windowed} == {0}, "a window that begins now holds nothing"
    assert sorted(project.folder.rglob("*")) == before


def asked_item(project: Project) -> str:
    return next(a.path.split("/")[-2] for a in project.sandbox.requests if a.path.endswith("/inventory"))


@pytest.mark.providers("sellercloud")
def test_a_zone_is_judged_by_the_newest_change_only_where_that_can_tell(project: Project) -> None:
    def zone() -> str:
        (found,) = [f for f in findings(project) if f["check"] == "timezone"]
        assert found["level"] == "ok"
        return str(found["message"])

    words = "read in America/New_York, the newest change is"
    # A whole number of hours, and no zone lies 26 hours behind this one.
    assert zone() == f"Not contradicted: {words} 26 h 0 min old."
    project.sandbox.change(3)
    assert zone() == f"Fits: {words} 0 minutes old."
    project.sandbox.clock.advance(hours=7, minutes=33)
    assert zone() == f"Not contradicted: {words} 7 h 33 min old."
    project.sandbox.clock.advance(hours=30)
    assert zone() == "Could not be tried: nothing changed within the last 26 hours."


@pytest.mark.providers("square")
def test_a_first_page_is_all_that_is_read(project: Project) -> None:
    project.sandbox.switches["square"].page_rows = 1
    project.sandbox.clock.advance(hours=1)  # what moves now lies behind our clock's window
    project.sandbox.change(5)
    findings(project)
    counts = [a for a in project.sandbox.requests if "counts" in a.path]
    assert [a.rows for a in counts] == [1]


@pytest.mark.providers("square", "ventmere_s2", "shipstream")
def test_one_accounts_trouble_hides_no_other(project: Project) -> None:
    project.configure(
        {
            "broken": project.account("shipstream", requests_per_second=1e-320),  # too slow for any clock
            "gone": project.account("square", base_url=NOWHERE),
            "north": project.account("square"),
            "refused": project.account("square", access_token="wrong-4711"),
            "s2": project.account("ventmere_s2"),
        }
    )
    found = findings(project, exits=1)
    assert {f["account"] for f in found if f["level"] == "error"} == {"broken", "gone", "refused"}
    assert [f["account"] for f in found if f["check"] in ("locations", "organization")] == ["north", "s2"]
    (broken,) = [f["message"] for f in found if f["account"] == "broken" and f["check"] == "checks"]
    assert broken == (
        "The checks broke off: OverflowError: cannot convert float infinity to integer. This is likely a"
        " fault in Stocktake: please report it."
    )


@pytest.mark.providers("square", "ventmere_s2")
def test_only_the_chosen_accounts_are_asked(project: Project) -> None:
    assert {f["account"] for f in findings(project, "--account", "square")} == {None, "square"}
    assert {f["account"] for f in findings(project, "--provider", "ventmere_s2")} == {None, "ventmere_s2"}
    assert "Did you mean square?" in project.stocktake("doctor", "--account", "squared", exits=2).stderr


@pytest.mark.providers("square", "shipstream")
def test_people_get_counts_and_a_line_for_each_finding(project: Project) -> None:
    project.sandbox.switches["square"].missing_scopes = {"ITEMS_READ"}
    project.sandbox.clock.advance(hours=1)
    lines = project.stocktake("doctor", exits=1).stdout.splitlines()
    assert lines[0].split() == ["account", "ok", "warning", "error"]
    assert ["square", "5", "1", "1"] in [line.split() for line in lines]
    assert (
        "error   square: catalog_objects: 403 INSUFFICIENT_SCOPES. The access token may not read this. Grant"
        " the application ITEMS_READ; catalog_objects cannot be read without it."
    ) in lines
    assert "ok      shipstream: connection: Answers." in lines


@pytest.mark.providers("square", "ventmere_s2", "shipstream", "augno", "sellercloud")
def test_secrets_are_never_shown(project: Project) -> None:
    wrong = {
        "square": {"access_token": "wrong-4711"},
        "ventmere_s2": {"access_token": "", "email": "me-4711@example.com", "password": "wrong-4711"},
        "shipstream": {"access_token": jwt(aud="https://else.where", is_secret="4711")},
        "augno": {"api_key": "wrong-4711"},
        "sellercloud": {"username": "me-4711@example.com", "password": "wrong-4711"},
    }
    project.configure({name: project.account(name, **settings) for name, settings in wrong.items()})
    secrets = ["4711", wrong["shipstream"]["access_token"], wrong["shipstream"]["access_token"].split(".")[1]]
    for form in ("human", "json"):
        result = project.stocktake("doctor", "--log-format", form, exits=1)
        assert not any(secret in result.stdout + result.stderr for secret in secrets)


# Around the accounts


@pytest.mark.slow
@pytest.mark.providers("square")
def test_what_lies_around_is_looked_at_before_the_first_run_and_after(project: Project) -> None:
    assert around(project, "configuration") == [("ok", "Is complete; 1 account.")]
    assert around(project, "home") == [("ok", f"{project.home} will be made.")]
    assert around(project, "lock") == [("ok", "Free.")]
    assert around(project, "database") == [("ok", "Nothing has been loaded yet. Run stocktake run.")]
    assert around(project, "release") == [("ok", "Nothing is published yet.")]
    project.stocktake("run")
    name = (project.published / "current").readlink().name
    tables = len(list((project.published / "current").resolve().glob("*.parquet")))
    assert around(project, "home") == [("ok", f"{project.home} can be written to.")]
    assert around(project, "database") == [("ok", f"{project.home / 'working.duckdb'} opens.")]
    assert around(project, "pending") == [("ok", "No load package waits.")]
    assert around(project, "release") == [("ok", f"BI reads {name}, {tables} tables.")]
    (project.published / "current").resolve().joinpath("dim_products.parquet").unlink()
    assert around(project, "release", exits=1) == [
        ("error", f"{name} lacks files: dim_products. Run stocktake publish.")
    ]


@pytest.mark.providers("square")
def test_a_home_that_only_builds_is_told_to_build(project: Project) -> None:
    project.configure({}, lake="lake", engine="spark")
    with (project.folder / ".dlt" / "config.toml").open("a") as config:
        config.write('\n[spark]\nremote = "sc://127.0.0.1:1"\n')
    told = around(project, "database", exits=1)
    assert told == [("ok", "Nothing has been built yet. Run stocktake build.")]


@pytest.mark.providers("square")
def test_while_a_run_is_at_work_its_database_is_let_be(project: Project) -> None:
    project.home.mkdir()
    (project.home / "working.duckdb").write_text("this would not open")
    with run_lock(project.home, "sweep"):
        (level, words), *_ = around(project, "lock")
        assert (level, words.split(" on ")[0]) == (
            "ok",
            f"A run is at work: stocktake sweep, process {os.getpid()}",
        )
        assert around(project, "database") == [
            ("ok", f"{project.home / 'working.duckdb'} is in use by a run, so it was not checked.")
        ]
    ((level, words),) = around(project, "database", exits=1)
    assert level == "error"
    assert words.startswith(f"{project.home / 'working.duckdb'} cannot be opened: ")
    assert words.endswith("if it is damaged, restore it or start anew with an empty home.")


@pytest.mark.providers("square")
def test_a_run_that_died_is_named_with_what_it_left(project: Project) -> None:
    project.stocktake("load")
    note = {"command": "run", "pid": 4711, "host": "here", "since": "yesterday"}
    (project.home / "run.json").write_text(json.dumps(note))
    (project.home / "pipelines" / "square" / "normalize" / "extracted" / "1.2").mkdir(parents=True)
    assert around(project, "lock") == [
        (
            "ok",
            "The last run died: stocktake run, process 4711 on here, since yesterday. The next run finishes"
            " its work.",
        )
    ]
    assert around(project, "pending") == [
        ("ok", "square: 1 load package waits; the next run loads what is there first.")
    ]


@pytest.mark.providers("square")
def test_a_file_where_home_should_be_is_an_error_and_the_accounts_are_asked_all_the_same(
    project: Project,
) -> None:
    project.home.write_text("a file")
    found = findings(project, exits=1)
    assert [(f["check"], f["message"]) for f in found if f["level"] == "error"] == [
        ("home", f"{project.home} is not a folder. Set stocktake.home to one, or move that file away.")
    ]
    assert "inventory_counts" in {f["check"] for f in found}


@pytest.mark.providers("square")
def test_a_full_disk_is_a_warning(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.doctor.LEAST_FREE", 2**60)
    ((level, words),) = around(project, "disk")
    assert level == "warning"
    assert words.startswith("Only ")
    assert words.endswith(f"are free for {project.home}. A run may fill them: make room, or move home.")


@pytest.mark.providers("square")
def test_versions_are_compared_with_our_own_ranges(project: Project) -> None:
    found = around(project, "versions")
    assert {words.split()[0] for _, words in found} == {"Python", "dlt", "duckdb", "dbt-core", "dbt-duckdb"}
    assert all(level == "ok" for level, _ in found)


def test_wrong_configuration_ends_with_2_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(providers=("square",)) as served:
        project = Project(tmp_path, served)
        project.configure({"north": {"provider": "square"}})
        monkeypatch.chdir(tmp_path)
        assert "accounts.north.access_token is missing" in project.stocktake("doctor", exits=2).stderr
        assert served.requests == []


OUTSIDE = "outside <3,>=2.0, the range Stocktake is made for. Install a version within it."
WITHIN = "within <3,>=2.0."


@pytest.mark.providers("square")
@pytest.mark.parametrize(
    ("version", "is_told"),
    [
        # 1.5.5 reads a JSON number into DECIMAL through a double: 1234567890123.123456 became …1235366912.
        ("1.5.5", OUTSIDE),
        ("2.0.0", WITHIN),
        ("2.1.0.dev4", WITHIN),
        ("2.10.2", WITHIN),
        ("3.0.0rc1", OUTSIDE),
        ("3.0.0", OUTSIDE),
    ],
)
def test_a_duckdb_that_loses_digits_or_is_untried_is_outside_the_range(
    project: Project, monkeypatch: pytest.MonkeyPatch, version: str, is_told: str
) -> None:
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: version if name == "duckdb" else known(name))
    told = [words for _, words in around(project, "versions", exits=int(is_told == OUTSIDE))]
    assert f"duckdb {version} is {is_told}" in told


@pytest.mark.parametrize("number", ["1234567890123.123456", "-0.1234567891", "99999999999999999999.5"])
def test_a_json_number_keeps_its_digits(number: str) -> None:
    with duckdb.connect() as connection:
        read = f"""select from_json('{{"n": {number}}}', '{{"n": "DECIMAL(38,10)"}}').n"""
        (found,) = connection.execute(read).fetchone() or (None,)
    assert found == Decimal(number)
