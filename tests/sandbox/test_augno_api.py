"""Augno's room: headers, error dialects, cursors, quantities that are spelt anew."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from sandbox import Fault, Sandbox
from tests.sandbox.reading import ITEMS, QUANTITIES, connected, inventory, items

PROVIDER = "augno"
P1, P2, P3, P4 = (f"1.0.forge-preview.{number}" for number in (1, 2, 3, 4))


def page(client: httpx.Client, **params: Any) -> dict[str, Any]:
    answer = client.get(ITEMS, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("param")


def cursor_of(client: httpx.Client, **params: Any) -> str:
    return httpx.URL(page(client, **params)["page_info"]["next_page_url"]).params["cursor"]


@pytest.fixture
def item(client: httpx.Client) -> str:
    return ids(page(client, limit=1)["data"])[0]


@pytest.mark.parametrize(
    ("profile", "good", "unknown"),
    [("P1", P1, P2), ("P2", P2, P3), ("P3", P3, "1.0"), ("P3", P4, "2026-08-01")],
)
def test_the_version_is_required_and_known(
    switches: Any, client: httpx.Client, profile: Any, good: str, unknown: str
) -> None:
    switches.profile = profile
    assert client.get(ITEMS, headers={"Augno-Version": good}).status_code == 200
    answer = client.get(ITEMS, headers={"Augno-Version": unknown})
    assert refusal(answer) == (400, "api_version_invalid", None)
    del client.headers["Augno-Version"]
    assert refusal(client.get(ITEMS)) == (400, "api_version_required", None)


def test_old_versions_get_the_new_shapes_or_are_too_old(
    switches: Any, client: httpx.Client, item: str
) -> None:
    switches.profile = "P3"
    assert inventory(client, item)["short"]["object"] == "computed_quantity"
    switches.old_versions = "too_old"
    assert refusal(client.get(ITEMS)) == (400, "api_version_too_old", None)


@pytest.mark.parametrize(
    ("header_names", "good"), [("augno", {"Augno"}), ("openmrp", {"OpenMRP"}), ("both", {"Augno", "OpenMRP"})]
)
def test_header_names_and_accounts(
    sandbox: Sandbox, switches: Any, header_names: Any, good: set[str]
) -> None:
    switches.header_names = header_names
    settings = sandbox.settings("augno")
    for spelling in ("Augno", "OpenMRP"):
        headers = {"Authorization": f"Bearer {settings['api_key']}", f"{spelling}-Version": P2}
        for end in ("Account", "Account-ID"):
            met = [
                httpx.get(
                    f"{sandbox.base_url('augno')}{ITEMS}", headers={**headers, f"{spelling}-{end}": account}
                ).status_code
                for account in (settings["account_id"], "ac_other")
            ]
            assert met == ([200, 403] if spelling in good else [400, 400])


def test_who_is_let_in(switches: Any, client: httpx.Client) -> None:
    wrong = client.get(ITEMS, headers={"Authorization": "Bearer aug_sk_test_wrong"})
    assert refusal(wrong) == (401, "invalid_credentials", None)
    switches.wrong_account_status = 404
    other = client.get(ITEMS, headers={"Augno-Account": "ac_other"})
    assert refusal(other) == (404, "resource_not_found", None)
    del client.headers["Augno-Account"]
    assert client.get(ITEMS).status_code == 200
    for switch, value, told in (
        ("account_header_required", True, (401, "invalid_credentials")),
        ("items_read", False, (403, "insufficient_permissions")),
        ("refuse_all", "payment_required", (402, "payment_required")),
        ("refuse_all", "limit_exceeded", (403, "limit_exceeded")),
        ("key_state", "expired", (401, "api_key_expired")),
        ("key_state", "revoked", (401, "api_key_revoked")),
    ):
        before = getattr(switches, switch)
        setattr(switches, switch, value)
        assert refusal(client.get(ITEMS))[:2] == told
        setattr(switches, switch, before)


def test_error_dialect_and_its_statuses(switches: Any, client: httpx.Client) -> None:
    error = client.get(ITEMS, params={"limit": 0}).json()["error"]
    documented = "code type message param doc_url is_transient quota request_log_url"
    assert set(error) == set(documented.split())
    switches.error_dialect = "apikit"
    answer = client.get(ITEMS, params={"limit": 0})
    assert refusal(answer) == (422, "validation_failed", "limit")
    assert [one["code"] for one in answer.json()["error"]["errors"]] == ["parameter_invalid"]
    switches.apikit_parameter_status = 400
    assert refusal(client.get(ITEMS, params={"limit": 0})) == (400, "parameter_invalid", "limit")
    switches.sparse_errors = True
    assert set(client.get("/v1/nothing").json()["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    ("status", "classic", "apikit"),
    [
        (408, "request_timeout", "request_timeout"),
        (429, "rate_limit_exceeded", "rate_limited"),
        (500, "internal_error", "internal_error"),
        (502, "external_service_error", "external_service_error"),
        (503, "service_unavailable", "service_unavailable"),
        (504, "timeout", "request_timeout"),
    ],
)
def test_failures_are_worded_in_the_dialect(
    sandbox: Sandbox, switches: Any, client: httpx.Client, status: int, classic: str, apikit: str
) -> None:
    sandbox.faults["augno"].next(Fault("status", status), 2)
    answer = client.get(ITEMS)
    assert refusal(answer) == (status, classic, None)
    assert answer.json()["error"]["is_transient"]
    switches.error_dialect = "apikit"
    assert refusal(client.get(ITEMS)) == (status, apikit, None)


def test_requests_per_second_is_of_all_keys_together(switches: Any, client: httpx.Client) -> None:
    switches.requests_per_second = 0.01
    assert client.get(f"{ITEMS}/it_nothing/inventory").status_code == 404
    throttled = client.get(ITEMS, headers={"Authorization": "Bearer aug_sk_test_other"})
    assert refusal(throttled) == (429, "rate_limit_exceeded", None)
    assert 90 <= int(throttled.headers["retry-after"]) <= 100


def test_pages_are_newest_first_by_cursor_or_url(
    sandbox: Sandbox, switches: Any, client: httpx.Client
) -> None:
    whole = ids(items(client, limit=1000))
    assert len(whole) > 100 and len(page(client)["data"]) == 100
    asked = {"limit": "10", "include[]": ["category", "unit_cost"]}
    info = page(client, **asked)["page_info"]
    relative = info["next_page_url"]
    assert relative.startswith(f"{ITEMS}?limit=10&include%5B%5D=category&include%5B%5D=unit_cost&cursor=")
    switches.page_urls = "absolute"
    absolute = httpx.URL(page(client, **asked)["page_info"]["next_page_url"])
    assert str(absolute).startswith(f"{sandbox.base_url('augno')}{ITEMS}?limit=10")
    switches.profile, client.headers["Augno-Version"] = "P1", P1
    assert set(page(client)["page_info"]) == {"next_cursor", "prev_cursor", "has_next_page", "has_prev_page"}
    switches.page_rows = 7
    assert ids(items(client)) == whole


@pytest.mark.parametrize(("missing_page_urls", "said"), [("null", None), ("absent", "-"), ("empty", "")])
def test_missing_page_urls(switches: Any, client: httpx.Client, missing_page_urls: Any, said: Any) -> None:
    switches.missing_page_urls = missing_page_urls
    info = page(client, limit=1000)["page_info"]
    assert [info.get(name, "-") for name in ("next_page_url", "previous_page_url")] == [said] * 2
    assert info["has_next_page"] is False


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        *(("limit", limit, "parameter_invalid") for limit in ("0", "1001", "-1", "x", "1.5", "")),
        ("include[]", "on_hnd", "parameter_invalid"),
        ("updated_since", "2026-01-01", "parameter_unknown"),
    ],
)
def test_a_bad_parameter_is_refused(client: httpx.Client, name: str, value: str, code: str) -> None:
    assert refusal(client.get(ITEMS, params={name: value})) == (400, code, name)


def test_cursors_are_refused(sandbox: Sandbox, switches: Any, client: httpx.Client) -> None:
    def status(cursor: str) -> int:
        return client.get(ITEMS, params={"cursor": cursor}).status_code

    cursor = cursor_of(client, limit=10)
    payload, _, signature = cursor.partition(".")
    assert [status(bad) for bad in (f"{payload[:-2]}xx.{signature}", payload, "x", "é.é")] == [400] * 4
    switches.bad_cursor_status = 404
    assert refusal(client.get(ITEMS, params={"cursor": "x"})) == (404, "parameter_invalid", "cursor")
    switches.refuse_next_cursors = 2
    assert [status(cursor) for _ in range(3)] == [404, 404, 200]
    sandbox.clock.advance(days=30)
    assert status(cursor) == 200
    switches.cursor_seconds = 60
    assert status(cursor) == 404


def test_a_cursor_forgets_the_other_parameters(client: httpx.Client) -> None:
    cursor = cursor_of(client, limit=10, **{"include[]": "category"})
    lost = page(client, cursor=cursor)["data"]
    assert len(lost) > 10 and all(row["category"] is None for row in lost)


def test_what_comes_and_goes_while_paging_moves_no_other_item(
    sandbox: Sandbox, switches: Any, client: httpx.Client, data: Any
) -> None:
    whole = ids(items(client))

    def come_and_go(number: int) -> None:
        if number == 1:
            sandbox.clock.advance(seconds=1)
            data.add_item(sandbox.world.articles[4])
            data.delete_item(whole[0])
            data.delete_item(whole[15])
            data.edit_item(whole[25], sku="EDITED")

    switches.after_page = come_and_go
    assert ids(items(client, limit=10)) == [one for one in whole if one != whole[15]]


def test_what_is_not_included_is_null(client: httpx.Client, item: str) -> None:
    names = ("category", "unit_value", "unit_cost", "burn_rate", "attributes")
    assert all(row[name] is None for row in page(client)["data"] for name in names)
    answer = client.get(f"{ITEMS}/{item}/inventory").json()
    assert answer == {"object": "item_inventory", **dict.fromkeys(QUANTITIES)}


def test_short_includable(sandbox: Sandbox, switches: Any, client: httpx.Client, item: str) -> None:
    switches.short_includable = False
    answer = client.get(f"{ITEMS}/{item}/inventory", params={"include[]": QUANTITIES})
    assert refusal(answer) == (400, "parameter_invalid", "include[]")
    assert sandbox.truth("augno", "item_inventory")[item,]["short"] is None


@pytest.mark.parametrize(("profile", "version"), [("P1", P1), ("P2", P2), ("P3", P3)])
def test_quantities_are_those_of_the_profile(
    sandbox: Sandbox, switches: Any, profile: Any, version: str
) -> None:
    switches.profile = profile
    with connected(sandbox, "augno") as client:
        found = next(row for row in items(client) if row["category"])
        quantity = inventory(client, found["id"])["on_hand"]
    is_computed = profile == "P3"
    assert quantity["object"] == ("computed_quantity" if is_computed else "quantity")
    assert ("id" in quantity) is not is_computed
    unit = found["category"]["unit_group"]["base_unit"]
    assert quantity["unit"] == (unit if is_computed else None)


def test_fresh_quantity_ids_and_padded_values_are_the_same_numbers(
    sandbox: Sandbox, switches: Any, client: httpx.Client
) -> None:
    truth = sandbox.truth("augno", "item_inventory")

    def otherwise(member: str) -> int:
        """How many answers differ from the truth in a member of their quantities."""
        count = 0
        for key, expected in truth.items():
            answer = inventory(client, *key)
            for name in QUANTITIES:
                assert Decimal(answer[name]["value"]) == Decimal(expected[name]["value"])
            count += any(answer[name][member] != expected[name][member] for name in QUANTITIES)
        return count

    assert abs(otherwise("id") - len(truth) / 2) < 5
    switches.fresh_quantity_ids = False
    assert otherwise("id") == otherwise("value") == 0
    switches.padded_values = True
    assert otherwise("value") > len(truth) / 2


@pytest.mark.parametrize(("status", "code"), [(404, "resource_not_found"), (410, "resource_gone")])
def test_deleted_status(
    switches: Any, client: httpx.Client, data: Any, item: str, status: Any, code: str
) -> None:
    switches.deleted_status = status
    data.delete_item(item)
    assert refusal(client.get(f"{ITEMS}/{item}/inventory")) == (status, code, None)
    assert refusal(client.get(f"{ITEMS}/it_never/inventory")) == (404, "resource_not_found", None)
    data.restore(item)
    assert ids(page(client, limit=1)["data"]) == [item], "where it stood"


def test_a_sku_is_free_after_a_delete_and_then_cannot_be_restored(data: Any) -> None:
    first, second = data.live()[:2]
    with pytest.raises(ValueError, match="in use"):
        data.edit_item(second.id, sku=first.sku)
    data.delete_item(first.id)
    data.edit_item(second.id, sku=first.sku)
    with pytest.raises(ValueError, match="in use"):
        data.restore(first.id)


def test_item_clocks_move_with_edits_and_not_with_stock_or_prices(
    sandbox: Sandbox, client: httpx.Client, data: Any
) -> None:
    stocked, priced, edited, moved = items(client)[:4]
    sandbox.clock.advance(hours=1)
    data.set_stock(stocked["id"], on_hand=5)
    data.reprice(priced["id"], "1.25", "unit_value")
    data.edit_item(edited["id"], description="new")
    data.change_category(moved["id"])
    after = {row["id"]: row["updated_at"] for row in items(client)}
    assert [after[row["id"]] for row in (stocked, priced)] == [row["updated_at"] for row in (stocked, priced)]
    assert {after[row["id"]] for row in (edited, moved)} == {"2026-01-05T09:00:00Z"}


def test_moving_stock_loses_no_digit(client: httpx.Client, data: Any, item: str) -> None:
    data.set_stock(item, on_hand="1234567890123." + 29 * "0" + "1", reserved="0", short="0")
    data.move_stock(item, on_hand=1000)
    answer = inventory(client, item)
    assert answer["on_hand"]["value"] == "1234567891123." + 29 * "0" + "1"
    assert answer["available_to_promise"]["value"] == answer["on_hand"]["value"]


def test_after_item_is_called_with_the_calls_so_far(switches: Any, client: httpx.Client, item: str) -> None:
    seen: list[int] = []
    switches.after_item = seen.append
    for name in (item, "it_never", item):
        client.get(f"{ITEMS}/{name}/inventory")
    assert seen == [1, 2]
