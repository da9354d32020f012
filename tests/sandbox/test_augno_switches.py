"""Each of Augno's switches does what its docstring says."""

import re
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Fault, Sandbox
from sandbox.augno import AugnoData, AugnoSwitches

ITEMS = "/v1/catalog/items"
FOUR = ("on_hand", "reserved", "available_to_promise", "short")
WHOLE = "category,category.unit_group,category.unit_group.base_unit,unit_cost,unit_value"
P1, P2, P3, P4 = (f"1.0.forge-preview.{number}" for number in (1, 2, 3, 4))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(providers=("augno",)) as running:
        yield running


@pytest.fixture
def switches(sandbox: Sandbox) -> AugnoSwitches:
    return sandbox.switches["augno"]


@pytest.fixture
def plant(sandbox: Sandbox) -> AugnoData:
    return sandbox.world.data["augno"]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with connect(sandbox) as client:
        yield client


def connect(sandbox: Sandbox, version: str = P2, spelling: str = "Augno") -> httpx.Client:
    headers = {
        "Authorization": f"Bearer {sandbox.settings('augno')['api_key']}",
        f"{spelling}-Version": version,
    }
    return httpx.Client(base_url=sandbox.base_url("augno"), headers=headers)


def scan(client: httpx.Client, path: str = ITEMS, **params: Any) -> list[dict[str, Any]]:
    """Every item of the list, by `next_page_url` alone."""
    rows, url = [], str(httpx.URL(path, params=params))
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["data"]
        url = answer.json()["page_info"].get("next_page_url")
    return rows


def page(client: httpx.Client, **params: Any) -> dict[str, Any]:
    answer = client.get(ITEMS, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def inventory(client: httpx.Client, item: str, *names: str) -> dict[str, Any]:
    answer = client.get(f"{ITEMS}/{item}/inventory", params={"include[]": names or FOUR})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("param")


def numbers(record: dict[str, Any]) -> dict[str, Decimal]:
    return {name: Decimal(record[name]["value"]) for name in FOUR}


def test_no_switch_is_left_untested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [field.name for field in fields(AugnoSwitches) if not re.search(rf"\.{field.name}\b", text)] == []


def test_a_misspelt_switch_is_an_error(switches: AugnoSwitches) -> None:
    with pytest.raises(AttributeError):
        switches.page_row = 1  # type: ignore[attr-defined]


# Headers


@pytest.mark.parametrize(
    ("profile", "good", "unknown"),
    [("P1", P1, P2), ("P2", P2, P3), ("P3", P3, "1.0"), ("P3", P4, "2026-08-01")],
)
def test_the_version_is_required_and_known(
    switches: AugnoSwitches, client: httpx.Client, profile: Any, good: str, unknown: str
) -> None:
    switches.profile = profile
    assert client.get(ITEMS, headers={"Augno-Version": good}).status_code == 200
    refused = client.get(ITEMS, headers={"Augno-Version": unknown})
    assert refusal(refused) == (400, "api_version_invalid", None)
    del client.headers["Augno-Version"]
    assert refusal(client.get(ITEMS)) == (400, "api_version_required", None)


def test_old_versions_get_the_new_shapes_or_are_too_old(
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client
) -> None:
    switches.profile = "P3"
    (item,) = ids(page(client, limit=1)["data"])
    assert inventory(client, item)["short"]["object"] == "computed_quantity"
    switches.old_versions = "too_old"
    assert refusal(client.get(ITEMS)) == (400, "api_version_too_old", None)
    with connect(sandbox, P3) as newer:
        assert newer.get(ITEMS).status_code == 200


@pytest.mark.parametrize(
    ("names", "good"), [("augno", ["Augno"]), ("openmrp", ["OpenMRP"]), ("both", ["Augno", "OpenMRP"])]
)
def test_header_names(sandbox: Sandbox, switches: AugnoSwitches, names: Any, good: list[str]) -> None:
    switches.header_names = names
    for spelling in ("Augno", "OpenMRP"):
        for end in ("Account", "Account-ID"):
            with connect(sandbox, spelling=spelling) as client:
                mine, other = ({f"{spelling}-{end}": account} for account in (settings(sandbox), "ac_other"))
                answers = [client.get(ITEMS, headers=named).status_code for named in (mine, other)]
            assert answers == ([200, 403] if spelling in good else [400, 400])


def settings(sandbox: Sandbox) -> str:
    return sandbox.settings("augno")["account_id"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "invalid_credentials"), (403, "insufficient_permissions"), (404, "resource_not_found")],
)
def test_wrong_account_status(switches: AugnoSwitches, client: httpx.Client, status: Any, code: str) -> None:
    switches.wrong_account_status = status
    assert refusal(client.get(ITEMS, headers={"Augno-Account": "ac_other"})) == (status, code, None)


def test_account_header_required(sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client) -> None:
    assert client.get(ITEMS).status_code == 200
    switches.account_header_required = True
    assert client.get(ITEMS).status_code == 401
    assert client.get(ITEMS, headers={"Augno-Account": settings(sandbox)}).status_code == 200


def test_key_state_and_a_wrong_key(switches: AugnoSwitches, client: httpx.Client) -> None:
    wrong = client.get(ITEMS, headers={"Authorization": "Bearer aug_sk_test_wrong"})
    assert refusal(wrong) == (401, "invalid_credentials", None)
    switches.key_state = "expired"
    assert refusal(client.get(ITEMS)) == (401, "api_key_expired", None)
    switches.key_state = "revoked"
    assert refusal(client.get(ITEMS)) == (401, "api_key_revoked", None)


def test_a_role_without_items_read_gets_nothing(switches: AugnoSwitches, client: httpx.Client) -> None:
    (item,) = ids(page(client, limit=1)["data"])
    switches.items_read = False
    for path in (ITEMS, f"{ITEMS}/{item}", f"{ITEMS}/{item}/inventory"):
        assert refusal(client.get(path)) == (403, "insufficient_permissions", None)


def test_refuse_all(switches: AugnoSwitches, client: httpx.Client) -> None:
    switches.refuse_all = "payment_required"
    assert refusal(client.get(ITEMS)) == (402, "payment_required", None)
    switches.refuse_all = "limit_exceeded"
    refused = client.get(ITEMS)
    assert refusal(refused) == (403, "limit_exceeded", None)
    assert set(refused.json()["error"]["quota"]) == {"limit", "used", "reset_at"}


def test_every_answer_has_a_request_id_of_its_own(switches: AugnoSwitches, client: httpx.Client) -> None:
    answers = [client.get(ITEMS), client.get("/v1/nothing"), client.post(ITEMS)]
    assert [answer.status_code for answer in answers] == [200, 404, 405]
    found = {answer.headers["request-id"] for answer in answers}
    assert len(found) == 3
    assert all(name.startswith("rq_") for name in found)


# Errors


def test_error_dialect_classic_has_every_documented_member(client: httpx.Client) -> None:
    error = client.get(ITEMS, params={"limit": 0}).json()["error"]
    assert set(error) == {
        "code", "type", "message", "param", "doc_url", "is_transient", "quota", "request_log_url"
    }  # fmt: skip
    assert (error["type"], error["is_transient"]) == ("invalid_request_error", False)


def test_error_dialect_apikit_lists_what_is_not_valid(switches: AugnoSwitches, client: httpx.Client) -> None:
    switches.error_dialect = "apikit"
    refused = client.get(ITEMS, params={"limit": 0})
    assert refusal(refused) == (422, "validation_failed", "limit")
    error = refused.json()["error"]
    assert [(found["param"], found["code"]) for found in error["errors"]] == [("limit", "parameter_invalid")]
    assert not {"quota", "request_log_url"} & set(error)
    switches.apikit_parameter_status = 400
    refused = client.get(ITEMS, params={"limit": 0})
    assert refusal(refused) == (400, "parameter_invalid", "limit")
    assert refused.json()["error"]["errors"] == []


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
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client, status: int, classic: str, apikit: str
) -> None:
    sandbox.faults["augno"].next(Fault("status", status), 2)
    answer = client.get(ITEMS)
    assert refusal(answer) == (status, classic, None)
    assert answer.json()["error"]["is_transient"]
    switches.error_dialect = "apikit"
    assert refusal(client.get(ITEMS)) == (status, apikit, None)


def test_sparse_errors(switches: AugnoSwitches, client: httpx.Client) -> None:
    switches.sparse_errors = True
    assert set(client.get("/v1/nothing").json()["error"]) == {"code", "message"}


# Throttling


def test_requests_per_second_is_a_window_over_all_requests(
    switches: AugnoSwitches, client: httpx.Client
) -> None:
    assert "ratelimit-limit" not in client.get(ITEMS).headers
    switches.requests_per_second = 3
    answers = [client.get(f"{ITEMS}/it_nothing") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    throttled = answers[-1]
    assert refusal(throttled) == (429, "rate_limit_exceeded", None)
    named = ("ratelimit-limit", "ratelimit-reset", "retry-after")
    assert [throttled.headers[name] for name in named] == ["3", "1", "1"]
    other_key = client.get(ITEMS, headers={"Authorization": "Bearer aug_sk_test_other"})
    assert other_key.status_code == 429, "the window is the address's, not the key's"


def test_retry_after_and_rate_limit_reset(switches: AugnoSwitches, client: httpx.Client) -> None:
    switches.requests_per_second = 0.5  # one in two seconds
    switches.rate_limit_reset = "67"
    assert client.get(ITEMS).headers["ratelimit-reset"] == "67"
    assert client.get(ITEMS).headers["retry-after"] == "2"
    switches.retry_after = False
    throttled = client.get(ITEMS)
    assert throttled.status_code == 429
    assert "retry-after" not in throttled.headers


# The list


def test_page_info_of_p2_has_urls_and_of_p1_cursors(switches: AugnoSwitches, client: httpx.Client) -> None:
    first = page(client, limit=10)["page_info"]
    assert first == {
        "next_page_url": first["next_page_url"],
        "previous_page_url": None,
        "has_next_page": True,
        "has_prev_page": False,
    }
    whole = ids(scan(client))
    switches.profile = "P1"
    client.headers["Augno-Version"] = P1
    rows, cursor = [], {}
    while True:
        answer = page(client, limit=10, **cursor)
        rows += ids(answer["data"])
        assert set(answer["page_info"]) == {"next_cursor", "prev_cursor", "has_next_page", "has_prev_page"}
        cursor = {"cursor": answer["page_info"]["next_cursor"]}
        assert answer["page_info"]["has_next_page"] is (cursor["cursor"] is not None)
        if cursor["cursor"] is None:
            break
    assert rows == whole


def test_page_urls(sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client) -> None:
    asked = {"limit": "10", "include[]": ["category", "unit_cost"], "types": "product"}
    relative = page(client, **asked)["page_info"]["next_page_url"]
    assert relative.startswith(f"{ITEMS}?limit=10&include%5B%5D=category&include%5B%5D=unit_cost&")
    switches.page_urls = "absolute"
    absolute = page(client, **asked)["page_info"]["next_page_url"]
    assert absolute == f"{sandbox.base_url('augno')}{relative}"
    assert len(scan(client, **asked)) > 20


@pytest.mark.parametrize(("how", "said"), [("null", None), ("absent", "absent"), ("empty", "")])
def test_missing_page_urls(switches: AugnoSwitches, client: httpx.Client, how: Any, said: Any) -> None:
    switches.missing_page_urls = how
    for asked in ({"limit": 1000}, {"types": "part", "category_ids": "ic_nothing"}):
        info = page(client, **asked)["page_info"]
        assert [info.get(name, "absent") for name in ("next_page_url", "previous_page_url")] == [said] * 2
        assert [info[name] for name in ("has_next_page", "has_prev_page")] == [False, False]


def test_page_rows_caps_any_limit(switches: AugnoSwitches, client: httpx.Client) -> None:
    whole = ids(scan(client, limit=1000))
    switches.page_rows = 7
    assert [len(page(client, limit=limit)["data"]) for limit in (1000, 8, 5)] == [7, 7, 5]
    assert ids(scan(client, limit=1000)) == whole


def test_limit_is_100_by_default_and_1_to_1000(client: httpx.Client) -> None:
    assert len(page(client)["data"]) == 100
    for limit in ("0", "1001", "-1", "x", "1.5", ""):
        refused = client.get(ITEMS, params={"limit": limit})
        assert refusal(refused) == (400, "parameter_invalid", "limit")


def test_pages_can_be_read_back(client: httpx.Client) -> None:
    whole = ids(scan(client))
    first = page(client, limit=10)
    second = client.get(first["page_info"]["next_page_url"]).json()
    third = client.get(second["page_info"]["next_page_url"]).json()
    back = client.get(third["page_info"]["previous_page_url"]).json()
    start = client.get(back["page_info"]["previous_page_url"]).json()
    assert [ids(found["data"]) for found in (first, second, third)] == [
        whole[:10],
        whole[10:20],
        whole[20:30],
    ]
    assert back["data"] == second["data"]
    assert start["data"] == first["data"]
    assert start["page_info"]["previous_page_url"] is None
    assert client.get(start["page_info"]["next_page_url"]).json()["data"] == second["data"]


def cursor_of(client: httpx.Client, **params: Any) -> str:
    return httpx.URL(page(client, **params)["page_info"]["next_page_url"]).params["cursor"]


def test_a_changed_cursor_is_refused(switches: AugnoSwitches, client: httpx.Client) -> None:
    cursor = cursor_of(client, limit=10)
    payload, _, signature = cursor.partition(".")
    for bad in (f"{payload[:-2]}xx.{signature}", payload, f"{payload}.x", "x", "é.é"):
        assert refusal(client.get(ITEMS, params={"cursor": bad})) == (400, "parameter_invalid", "cursor")
    switches.bad_cursor_status = 404
    assert refusal(client.get(ITEMS, params={"cursor": "x"})) == (404, "parameter_invalid", "cursor")


def test_refuse_next_cursors(switches: AugnoSwitches, client: httpx.Client) -> None:
    cursor = cursor_of(client, limit=10)
    switches.refuse_next_cursors = 2
    answers = [client.get(ITEMS, params={"cursor": cursor}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 200]


def test_cursor_seconds(sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client) -> None:
    cursor = cursor_of(client, limit=10)
    sandbox.clock.advance(days=30)
    assert client.get(ITEMS, params={"cursor": cursor}).status_code == 200
    switches.cursor_seconds = 60
    assert client.get(ITEMS, params={"cursor": cursor}).status_code == 400
    cursor = cursor_of(client, limit=10)
    sandbox.clock.advance(seconds=59)
    assert client.get(ITEMS, params={"cursor": cursor}).status_code == 200


def test_a_cursor_forgets_the_other_parameters(client: httpx.Client) -> None:
    cursor = cursor_of(client, limit=10, types="material")
    kept = {row["type"] for row in page(client, limit=10, types="material", cursor=cursor)["data"]}
    assert kept == {"material"}
    lost = page(client, cursor=cursor)["data"]
    assert {row["type"] for row in lost} > kept
    assert len(lost) > 10


def test_unknown_parameters_are_refused_or_ignored(switches: AugnoSwitches, client: httpx.Client) -> None:
    (item,) = ids(page(client, limit=1)["data"])
    for path in (ITEMS, f"{ITEMS}/{item}", f"{ITEMS}/{item}/inventory", "/v1/catalog/units"):
        refused = client.get(path, params={"updated_since": "2026-01-01"})
        assert refusal(refused) == (400, "parameter_unknown", "updated_since")
        switches.refuse_unknown_parameters = False
        assert client.get(path, params={"updated_since": "2026-01-01"}).status_code == 200
        switches.refuse_unknown_parameters = True


@pytest.mark.parametrize(
    ("profile", "spelling", "good"),
    [
        ("P2", "by_profile", ("start_date", "end_date")),
        ("P3", "by_profile", ("starts_at", "ends_at")),
        ("P2", "starts_at", ("starts_at", "ends_at")),
        ("P3", "start_date", ("start_date", "end_date")),
    ],
)
def test_creation_filters(
    switches: AugnoSwitches, client: httpx.Client, profile: Any, spelling: Any, good: tuple[str, str]
) -> None:
    bulk = max(scan(client), key=lambda row: ".123Z" in row["created_at"])["created_at"]
    switches.profile, switches.creation_filters = profile, spelling
    exact = scan(client, **{good[0]: bulk, good[1]: bulk})
    assert {row["created_at"] for row in exact} == {bulk}, "both ends are inclusive"
    since, until = scan(client, **{good[0]: bulk}), scan(client, **{good[1]: bulk})
    assert len(since) + len(until) - len(exact) == len(scan(client))
    for name in {"start_date", "end_date", "starts_at", "ends_at"} - set(good):
        assert refusal(client.get(ITEMS, params={name: bulk})) == (400, "parameter_unknown", name)
    for text in ("yesterday", "2026-01-01T00:00:00"):
        assert refusal(client.get(ITEMS, params={good[0]: text})) == (400, "invalid_format", good[0])


def test_the_list_is_filtered_as_asked(client: httpx.Client, plant: AugnoData) -> None:
    whole = scan(client, include="category,attributes")
    for kind in ("product", "material", "part"):
        expected = [row["id"] for row in whole if row["type"] == kind]
        assert ids(scan(client, **{"types[]": [kind], "limit": 9})) == expected
    category = whole[0]["category"]["id"]
    expected = [row["id"] for row in whole if row["category"] and row["category"]["id"] == category]
    assert ids(scan(client, category_ids=category)) == expected
    attribute = next(iter(plant.masters.attributes))
    expected = [row["id"] for row in whole if attribute in ids(row["attributes"]["data"])]
    assert ids(scan(client, attribute_ids=attribute)) == expected != []
    assert scan(client, supplier_id="su_any") == []
    assert refusal(client.get(ITEMS, params={"types": "service"})) == (400, "parameter_invalid", "types[]")
    refused = client.get(ITEMS, params={"subassembly_filter": "some"})
    assert refusal(refused) == (400, "parameter_invalid", "subassembly_filter")


def test_a_search_puts_the_best_sku_first_and_can_be_paged(client: httpx.Client, plant: AugnoData) -> None:
    first, second = page(client, limit=2, types="product")["data"]
    plant.edit_item(second["id"], sku="FIND", description="x")
    plant.edit_item(first["id"], description="this one is hard to find")
    third = page(client, limit=3, types="product")["data"][2]
    plant.edit_item(third["id"], sku="find 2")
    found = scan(client, q="Find", limit=1)
    assert ids(found) == [second["id"], third["id"], first["id"]]
    assert refusal(client.get(ITEMS, params={"q": "x" * 501})) == (400, "parameter_invalid", "q")


def test_after_page_is_called_with_each_pages_number(switches: AugnoSwitches, client: httpx.Client) -> None:
    seen: list[int] = []
    switches.after_page = seen.append
    scan(client, limit=50)
    scan(client, limit=1000)
    assert seen == [1, 2, 3, 1]


def test_what_comes_and_goes_while_paging_moves_no_other_item(
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client, plant: AugnoData
) -> None:
    whole = ids(scan(client))

    def come_and_go(number: int) -> None:
        if number == 1:
            sandbox.clock.advance(seconds=1)
            plant.add_item(sandbox.world.goods[4])
            plant.delete_item(whole[0])
            plant.delete_item(whole[15])
            plant.edit_item(whole[25], sku="EDITED")

    switches.after_page = come_and_go
    assert ids(scan(client, limit=10)) == [item for item in whole if item != whole[15]]
    assert len(scan(client, limit=1000)) == len(whole) - 1


# Items and their inventory


def test_what_is_not_included_is_null(client: httpx.Client) -> None:
    parts = ("category", "unit_value", "unit_cost", "burn_rate", "attributes")
    assert all(row[name] is None for row in scan(client) for name in parts)
    (item,) = ids(page(client, limit=1)["data"])
    answer = client.get(f"{ITEMS}/{item}/inventory").json()
    assert answer == {"object": "item_inventory", **dict.fromkeys(FOUR)}


def test_includes_are_spelt_in_two_ways_and_nest(client: httpx.Client) -> None:
    listed = page(client, limit=5, include=WHOLE)
    assert page(client, limit=5, **{"include[]": WHOLE.split(",")})["data"] == listed["data"]
    category = next(row["category"] for row in listed["data"] if row["category"])
    assert category["unit_group"]["base_unit"]["abbreviation"]
    assert (category["properties"], category["unit_group"]["associated_units"]) == (None, None)
    shallow = page(client, limit=5, include="category")["data"]
    assert all(row["category"]["unit_group"] is None for row in shallow if row["category"])
    deep = page(client, limit=5, include="category.properties,category.unit_group.associated_units.unit")
    category = next(row["category"] for row in deep["data"] if row["category"])
    assert category["properties"]["object"] == "list"
    units = category["unit_group"]["associated_units"]["data"]
    assert len(units) > 1
    assert all(unit["unit"]["abbreviation"] for unit in units)


@pytest.mark.parametrize("name", ["on_hnd", "category.unit", "on_hand,reserved"])
def test_an_unknown_include_is_refused(client: httpx.Client, name: str) -> None:
    (item,) = ids(page(client, limit=1)["data"])
    for path in (ITEMS, f"{ITEMS}/{item}", f"{ITEMS}/{item}/inventory"):
        refused = client.get(path, params={"include[]": name})
        assert refusal(refused) == (400, "parameter_invalid", "include[]")
    assert "available_to_promise" in refused.json()["error"]["message"]


def test_short_includable(sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client) -> None:
    (item,) = ids(page(client, limit=1)["data"])
    assert inventory(client, item)["short"] is not None
    switches.short_includable = False
    refused = client.get(f"{ITEMS}/{item}/inventory", params={"include": ",".join(FOUR)})
    assert refusal(refused) == (400, "parameter_invalid", "include[]")
    answer = inventory(client, item, *FOUR[:3])
    assert answer["short"] is None
    assert sandbox.truth("augno", "item_inventory")[item,]["short"] is None


@pytest.mark.parametrize(
    ("profile", "quantity_unit", "members", "is_filled"),
    [
        ("P1", "by_profile", ["id", "object", "value", "display_value", "unit"], False),
        ("P2", "by_profile", ["id", "object", "value", "display_value", "unit"], False),
        ("P2", "filled", ["id", "object", "value", "display_value", "unit"], True),
        ("P3", "by_profile", ["object", "value", "display_value", "unit"], True),
        ("P3", "null", ["object", "value", "display_value", "unit"], False),
    ],
)
def test_quantities_are_those_of_the_profile(
    sandbox: Sandbox, switches: AugnoSwitches, profile: Any, quantity_unit: Any, members: Any, is_filled: bool
) -> None:
    switches.profile, switches.quantity_unit = profile, quantity_unit
    with connect(sandbox, {"P1": P1, "P2": P2, "P3": P3}[profile]) as client:
        item = next(row for row in scan(client, include=WHOLE) if row["category"])
        answer = inventory(client, item["id"])
    for name in FOUR:
        assert list(answer[name]) == members
        assert answer[name]["object"] == ("computed_quantity" if profile == "P3" else "quantity")
        base = item["category"]["unit_group"]["base_unit"]
        assert answer[name]["unit"] == (base if is_filled else None)


def test_fresh_quantity_ids_for_half_of_the_items(switches: AugnoSwitches, client: httpx.Client) -> None:
    items = ids(scan(client))

    def moved() -> int:
        twice = [[inventory(client, item)["on_hand"]["id"] for item in items] for _ in range(2)]
        return sum(before != after for before, after in zip(*twice, strict=True))

    assert abs(moved() - len(items) / 2) < 5
    switches.fresh_quantity_ids = False
    assert moved() == 0


def test_padded_values_are_the_same_numbers(
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client
) -> None:
    switches.padded_values = True
    truth = sandbox.truth("augno", "item_inventory")
    respelt = 0
    for (item,), expected in truth.items():
        answer = inventory(client, item)
        assert numbers(answer) == numbers(expected)
        respelt += any(answer[name]["value"] != expected[name]["value"] for name in FOUR)
    assert respelt > len(truth) / 2
    assert sandbox.truth("augno", "item_inventory") == truth


@pytest.mark.parametrize(("status", "code"), [(404, "resource_not_found"), (410, "resource_gone")])
def test_deleted_status(
    switches: AugnoSwitches, client: httpx.Client, plant: AugnoData, status: Any, code: str
) -> None:
    switches.deleted_status = status
    (item,) = ids(page(client, limit=1)["data"])
    switches.after_page = lambda number: plant.delete_item(item) and None
    page(client)
    for path in (f"{ITEMS}/{item}", f"{ITEMS}/{item}/inventory"):
        assert refusal(client.get(path)) == (status, code, None)
    assert refusal(client.get(f"{ITEMS}/it_never/inventory")) == (404, "resource_not_found", None)


def test_clamped_promise(switches: AugnoSwitches, client: httpx.Client, sandbox: Sandbox) -> None:
    before = {key: numbers(found) for key, found in sandbox.truth("augno", "item_inventory").items()}
    switches.clamped_promise = True
    after = {key: numbers(found) for key, found in sandbox.truth("augno", "item_inventory").items()}
    changed = [key for key in before if before[key] != after[key]]
    assert changed == [key for key in before if before[key]["available_to_promise"] < 0] != []
    assert numbers(inventory(client, *changed[0]))["available_to_promise"] == 0


def test_negative_short_keeps_the_identity(
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client
) -> None:
    switches.negative_short = True
    found = [numbers(inventory(client, *key)) for key in sandbox.truth("augno", "item_inventory")]
    assert any(number["short"] == -1 for number in found)
    for number in found:
        assert number["available_to_promise"] == number["on_hand"] - number["reserved"] - number["short"]


def test_stock_moves_item_clock(
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client, plant: AugnoData
) -> None:
    before = page(client, limit=1)["data"][0]
    sandbox.clock.advance(hours=1)
    plant.set_stock(before["id"], on_hand=12345)
    assert page(client, limit=1)["data"][0] == before
    switches.stock_moves_item_clock = True
    assert page(client, limit=1)["data"][0] == {**before, "updated_at": "2026-01-05T09:00:00Z"}


def test_after_item_is_called_with_the_calls_so_far(
    sandbox: Sandbox, switches: AugnoSwitches, client: httpx.Client, plant: AugnoData
) -> None:
    seen: list[int] = []

    def move(number: int) -> None:
        seen.append(number)
        plant.set_stock(item, on_hand=number * 1000)

    switches.after_item = move
    (item,) = ids(page(client, limit=1)["data"])
    first, second, third = (inventory(client, item)["on_hand"]["value"] for _ in range(3))
    assert seen == [1, 2, 3]
    assert (second, third) == ("1000", "2000")
    assert first != "1000"
    client.get(f"{ITEMS}/it_never/inventory")
    assert seen == [1, 2, 3]


def test_a_slow_item_answers_late(sandbox: Sandbox, client: httpx.Client) -> None:
    (item,) = ids(page(client, limit=1)["data"])
    sandbox.faults["augno"].next(Fault("slow", seconds=0.3))
    assert client.get(f"{ITEMS}/{item}/inventory").elapsed.total_seconds() >= 0.3


@pytest.mark.parametrize("name", ["units", "unit-groups", "item-categories", "properties"])
def test_masters_are_listed_in_pages(client: httpx.Client, name: str) -> None:
    whole = scan(client, f"/v1/catalog/{name}")
    assert len(whole) >= 2
    assert scan(client, f"/v1/catalog/{name}", limit=1) == whole


def test_every_switch_but_the_hooks_can_be_set_over_http(sandbox: Sandbox, switches: AugnoSwitches) -> None:
    with httpx.Client(base_url=f"{sandbox.url}/_sandbox/switches") as control:
        shown = control.get("/augno").json()
        hooks = {"after_page", "after_item"}
        assert set(shown) == {field.name for field in fields(AugnoSwitches)} - hooks
        assert control.put("/augno", json=shown).json() == shown
        changes = {
            "profile": "P3",
            "requests_per_second": 20,
            "deleted_status": 410,
            "rate_limit_reset": "67",
        }
        assert control.put("/augno", json=changes).json() == {**shown, **changes}
        assert control.put("/augno", json={"profile": "P9"}).status_code == 400
    assert switches.profile == "P3"
