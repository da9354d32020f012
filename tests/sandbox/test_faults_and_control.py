"""Answers that go wrong on order, what is recorded, and the controls over HTTP."""

from email.utils import parsedate_to_datetime

import httpx
import pytest

from sandbox import Fault, Sandbox
from tests.sandbox.reading import COUNTS


def test_faults_by_rate_are_the_same_for_the_same_seed() -> None:
    def met(seed: int) -> list[bool]:
        with Sandbox(seed) as sandbox:
            faults = sandbox.faults["square"]
            faults.rates[Fault("status")] = 0.5
            return [faults.draw() is not None for _ in range(40)]

    assert met(1) == met(1) != met(2)
    assert 5 < sum(met(1)) < 35


def test_an_unknown_kind_of_fault_is_an_error() -> None:
    with pytest.raises(ValueError, match="lsow"):
        Fault("lsow")


def test_the_date_of_every_answer_is_the_sandboxs_clock(
    sandbox: Sandbox, square: httpx.Client, s2: httpx.Client
) -> None:
    sandbox.clock.advance(days=1)
    for answer in (square.get("/v2/locations"), s2.get("/inventory/overview"), square.get("/nowhere")):
        assert parsedate_to_datetime(answer.headers["date"]) == sandbox.clock.now()


def test_what_was_asked_is_recorded(sandbox: Sandbox, square: httpx.Client) -> None:
    body = {"limit": 5}
    square.post(COUNTS, json=body)
    sandbox.faults["square"].next(Fault("status", 503))
    square.get("/v2/locations", params={"types": "ITEM"})
    first, second = sandbox.requests
    assert (first.provider, first.method, first.path, first.body) == ("square", "POST", COUNTS, body)
    assert (first.status, first.rows, first.at) == (200, 5, sandbox.clock.now())
    assert (second.status, second.rows, second.query, second.body) == (503, 0, {"types": "ITEM"}, None)


def test_credentials_are_never_recorded(
    sandbox: Sandbox, square: httpx.Client, s2: httpx.Client, control: httpx.Client
) -> None:
    square.get("/v2/locations")
    login = sandbox.apis["ventmere_s2"].credentials
    token = s2.post("/login", json=login).json()["accessToken"]
    s2.get("/inventory/overview", headers={"Authorization": f"Bearer {token}"})
    s2.post("/login", json={"email": "somebody@example.com", "password": "mistyped"})
    kept = repr(sandbox.requests) + control.get("/requests").text
    secrets = [
        sandbox.settings("square")["access_token"],
        sandbox.settings("ventmere_s2")["access_token"],
        token,
        *login.values(),
    ]
    assert [secret for secret in [*secrets, "mistyped", "somebody@"] if secret in kept] == []
    assert len(sandbox.requests) == 4


def test_truth_over_http_is_the_truth(sandbox: Sandbox, control: httpx.Client) -> None:
    sandbox.change(2)
    for path in (
        "square/inventory_counts",
        "square/inventory_changes",
        "square/catalog_objects",
        "square/locations",
        "ventmere_s2/inventory_items",
        "ventmere_s2/products",
        "ventmere_s2/warehouses",
    ):
        truth = sandbox.truth(*path.split("/"))
        assert control.get(f"/truth/{path}").json() == list(truth.values())
        assert truth


def test_requests_are_shown_and_forgotten_over_http(
    sandbox: Sandbox, square: httpx.Client, control: httpx.Client
) -> None:
    square.post(COUNTS, json={"limit": 3})
    (asked,) = control.get("/requests").json()
    assert (asked["path"], asked["body"], asked["rows"]) == (COUNTS, {"limit": 3}, 3)
    control.delete("/requests")
    assert sandbox.requests == []


def test_switches_of_any_type_are_set_over_http(sandbox: Sandbox, control: httpx.Client) -> None:
    """Choices of words are in test_every_room."""
    values = {
        "missing_scopes": ["ITEMS_READ"],
        "retry_after": "2",
        "requests_per_second": 5,
        "page_rows": None,
    }
    told = control.put("/switches/square", json=values).json()
    assert told == control.get("/switches/square").json()
    assert values.items() <= told.items()
    switches = sandbox.switches["square"]
    assert switches.missing_scopes == {"ITEMS_READ"}
    assert (switches.retry_after, switches.requests_per_second) == ("2", 5)


@pytest.mark.parametrize(
    "values",
    [
        {"page_rows": 5, "pagingg": "keyed"},
        {"page_rows": 5, "cursor_ttl_seconds": "10"},
        {"page_rows": 5, "empty_second_page": 1},
        {"page_rows": 5, "after_page": "print"},
    ],
    ids=["misspelt", "text for number", "number for truth", "not for JSON"],
)
def test_a_wrong_switch_is_refused_and_sets_nothing(
    sandbox: Sandbox, control: httpx.Client, values: dict[str, object]
) -> None:
    refused = control.put("/switches/square", json=values)
    assert refused.status_code == 400
    assert list(values)[1] in refused.json()["message"]
    assert sandbox.switches["square"].page_rows is None


def test_faults_are_ordered_over_http(square: httpx.Client, control: httpx.Client) -> None:
    ordered = {"kind": "status", "status": 503, "retry_after": "1", "times": 2}
    assert control.post("/faults/square", json=ordered).json() == {"waiting": 2}
    assert [square.get("/v2/locations").status_code for _ in range(3)] == [503, 503, 200]


def test_the_clock_and_the_world_move_over_http(sandbox: Sandbox, control: httpx.Client) -> None:
    start = sandbox.clock.now()
    assert control.post("/advance", json={"seconds": 60}).json() == {"now": "2026-01-05T08:01:00+00:00"}
    changed = control.post("/change", json={"count": 2}).json()
    assert {provider: len(keys) for provider, keys in changed.items()} == {"square": 2, "ventmere_s2": 2}
    assert len(sandbox.truth("square", "inventory_changes")) == 2
    assert control.post("/simulate_day").json()["square"]["inventory_counts"]
    assert (sandbox.clock.now() - start).total_seconds() == 60 + 24 * 3600


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/truth/square/counts", None),
        ("GET", "/truth/nobody/locations", None),
        ("GET", "/switches/nobody", None),
        ("POST", "/faults/square", {"kind": "lsow"}),
        ("POST", "/faults/square", {"kind": "slow", "secs": 1}),
        ("POST", "/advance", {"lightyears": 1}),
        ("POST", "/advance", None),
        ("POST", "/change", {}),
        ("POST", "/change", {"count": 100_000}),
        ("GET", "/nothing", None),
    ],
)
def test_a_wrong_control_is_refused(
    control: httpx.Client, method: str, path: str, body: dict[str, object] | None
) -> None:
    refused = control.request(method, path, json=body)
    assert refused.status_code == 400
    assert refused.json()["message"]


def test_a_sandbox_that_was_never_started_can_be_stopped() -> None:
    Sandbox().stop()
