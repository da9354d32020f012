"""How the tests of the sandbox read it: each provider by its own protocol, whatever its switches say."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx

from sandbox import Sandbox
from sandbox.rooms import ROOMS

Record = dict[str, Any]
Truth = dict[str, dict[tuple[str, ...], Record]]
"""Records by resource and key."""
COUNTS = "/v2/inventory/counts/batch-retrieve"
CHANGES = "/v2/inventory/changes/batch-retrieve"
SEARCH = "/v2/catalog/search"
CATALOG_TYPES = ["ITEM", "ITEM_VARIATION", "CATEGORY", "MEASUREMENT_UNIT"]
WHOLE_CATALOG = {"object_types": CATALOG_TYPES, "include_deleted_objects": True}
TOTALS, LEVELS = "/v1/inventory/levels/total", "/v1/inventory/levels/warehouse"
ITEMS = "/v1/catalog/items"
ITEM_PARTS = ("category", "category.unit_group", "category.unit_group.base_unit", "unit_cost", "unit_value")
QUANTITIES = ("on_hand", "reserved", "available_to_promise", "short")


TRUSTED = httpx.create_ssl_context()
"""Every client would load all the world's certificates anew, which takes longer than most tests."""


def connected(sandbox: Sandbox, provider: str) -> httpx.Client:
    """A client with credentials that work."""
    settings = sandbox.settings(provider)
    client = httpx.Client(base_url=sandbox.base_url(provider), timeout=60, verify=TRUSTED)
    token = settings.get("access_token") or settings.get("api_key") or login(sandbox)
    client.headers["Authorization"] = f"Bearer {token}"
    if provider == "augno":
        names = ("Augno-Version", "OpenMRP-Version")
        client.headers.update(dict.fromkeys(names, settings["api_version"]))
        client.headers.update({"Augno-Account": settings["account_id"]})
    if provider == "ventmere_s2":
        client.headers["X-S2-Organization"] = settings["organization_id"]
    return client


def login(sandbox: Sandbox) -> str:
    """A token of Sellercloud's."""
    settings = sandbox.settings("sellercloud")
    asked = {"Username": settings["username"], "Password": settings["password"]}
    answer = httpx.post(f"{sandbox.base_url('sellercloud')}/token", json=asked, verify=TRUSTED)
    token: str = answer.json()["access_token"]
    return token


def served(sandbox: Sandbox, provider: str, heard: Callable[[bytes], None] = lambda body: None) -> Truth:
    """What reading a provider to its end gives, keyed as the truth is.

    Args:
        heard: called with the body of every answer.
    """

    def hear(answer: httpx.Response) -> None:
        heard(answer.read())
        assert answer.status_code == 200, answer.text

    with connected(sandbox, provider) as client:
        client.event_hooks["response"] = [hear]
        return READERS[provider](client)


def truth_of(sandbox: Sandbox, provider: str) -> Truth:
    return {resource: dict(sandbox.truth(provider, resource)) for resource in ROOMS[provider].records}


def differences(before: Truth, after: Truth) -> dict[str, set[tuple[str, ...]]]:
    """The keys whose records differ, per resource that has any."""
    found = {
        resource: {
            key
            for key in before[resource].keys() | after[resource].keys()
            if before[resource].get(key) != after[resource].get(key)
        }
        for resource in before
    }
    return {resource: keys for resource, keys in found.items() if keys}


def by(rows: list[Record], *names: str) -> dict[tuple[str, ...], Record]:
    """Records by key; none comes twice."""
    found = {tuple(str(row[name]) for name in names): row for row in rows}
    assert len(found) == len(rows)
    return found


# Square


def scan(client: httpx.Client, path: str, member: str, **body: Any) -> list[Record]:
    """Every row of a Square scan, by the cursor alone."""
    rows, cursor = [], None
    while True:
        answer = client.post(path, json={**body, "cursor": cursor} if cursor else body)
        assert answer.status_code == 200, answer.text
        rows += answer.json().get(member, [])
        cursor = answer.json().get("cursor")
        if not cursor:
            return rows


def counts(client: httpx.Client, **body: Any) -> list[Record]:
    return scan(client, COUNTS, "counts", **body)


def count_key(count: Record) -> tuple[str, str, str]:
    return count["catalog_object_id"], count["location_id"], count["state"]


def change_key(change: Record) -> tuple[str, str]:
    return change["type"], change[change["type"].lower()]["id"]


def square_error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def _square(client: httpx.Client) -> Truth:
    return {
        "inventory_counts": by(counts(client), "catalog_object_id", "location_id", "state"),
        "inventory_changes": {change_key(one): one for one in scan(client, CHANGES, "changes")},
        "catalog_objects": by(scan(client, SEARCH, "objects", **WHOLE_CATALOG), "id"),
        "locations": by(client.get("/v2/locations").json()["locations"], "id"),
    }


# Ventmere S2


def overview(client: httpx.Client, **headers: str) -> Record:
    document: Record = client.get("/inventory/overview", headers=headers).json()
    return document


def _ventmere_s2(client: httpx.Client) -> Truth:
    document = overview(client)
    levels = {(one["warehouseId"], one["level"]["productId"]): one for one in reversed(document["items"])}
    return {
        "warehouses": by(document["warehouses"], "id"),
        "products": by(document["products"], "id"),
        "inventory_items": levels,
    }


# Sellercloud


def products(client: httpx.Client, **params: Any) -> list[Record]:
    """Every product that matches, page by page, each once."""
    rows: dict[str, Record] = {}
    for number in range(1, 100):
        query = {f"model.{name}": value for name, value in params.items()}
        answer = client.get("/inventory", params={"model.pageSize": 50, "model.pageNumber": number, **query})
        assert answer.status_code == 200, answer.text
        fresh = [row for row in answer.json()["Items"] or () if row["ID"] not in rows]
        rows.update({row["ID"]: row for row in fresh})
        if not fresh:
            break
    return list(rows.values())


def _sellercloud(client: httpx.Client) -> Truth:
    told = client.get("/Warehouses").json()
    warehouses = told if isinstance(told, list) else told["Items"]
    listed = {place["ID"]: products(client, warehouse=place["ID"]) for place in warehouses}
    return {
        "inventory": by(products(client), "ID"),
        "warehouses": by(warehouses, "ID"),
        "warehouse_inventory": {(str(place), row["ID"]): row for place in listed for row in listed[place]},
    }


# ShipStream


def shipstream_pages(client: httpx.Client, path: str, **params: Any) -> Iterator[Record]:
    """A whole scan, by the cursor in `next` alone."""
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**params, **cursor})
        assert answer.status_code == 200, answer.text
        page: Record = answer.json()
        yield page
        if not page.get("has_more", page.get("hasMore")):
            return
        cursor = {"cursor_start": httpx.URL(page["next"]).params["cursor_start"]}


def levels(client: httpx.Client, path: str = TOTALS, **params: Any) -> list[Record]:
    """The levels of the enabled products and of the others; those that matter to who asks more."""
    asked = {"sort": "product_id", "fields": "all", "limit": 80, **params}
    given = asked.pop("filter", [])
    filters = [given] if isinstance(given, str) else given
    return [
        row
        for enabled in ("true", "false")
        for page in shipstream_pages(client, path, filter=[*filters, f"is_enabled:{enabled}"], **asked)
        for row in page["collection"]
    ]


def _shipstream(client: httpx.Client) -> Truth:
    truth: Truth = {"total_levels": {}, "products": {}, "warehouse_levels": {}}
    for enabled in ("true", "false"):
        asked = {"filter": f"is_enabled:{enabled}", "sort": "product_id", "fields": "all", "limit": "80"}
        for page in shipstream_pages(client, TOTALS, **asked, **{"fields:product": "all"}):
            for row in page["collection"]:
                truth["total_levels"][_product(row)] = row
            for kind, found in page["included"].items():
                truth["products"].update({(kind, str(one["id"])): one for one in found})
        for page in shipstream_pages(client, LEVELS, **asked):
            for row in page["collection"]:
                place = row["warehouse"]["id"] if "warehouse" in row else row["warehouse_id"]
                truth["warehouse_levels"][*_product(row), str(place)] = row
    for name, path in (("warehouses", "/v1/inventory/warehouses"), ("merchants", "/v1/system/merchants")):
        truth[name] = by([row for page in shipstream_pages(client, path) for row in page["collection"]], "id")
    return truth


def _product(level: Record) -> tuple[str, str]:
    return level["product"]["type"], str(level["product"]["id"])


# Augno


def items(client: httpx.Client, **params: Any) -> list[Record]:
    """Every item of the list, by what leads to the next page."""
    rows, cursor = [], ""
    while True:
        asked = {"limit": 50, "include[]": ITEM_PARTS, **params, **({"cursor": cursor} if cursor else {})}
        answer = client.get(ITEMS, params=asked)
        assert answer.status_code == 200, answer.text
        rows += answer.json()["data"]
        info = answer.json()["page_info"]
        following = info.get("next_cursor") or info.get("next_page_url")
        if not following:
            return rows
        cursor = httpx.URL(following).params.get("cursor", following)


def inventory(client: httpx.Client, item: str, *names: str) -> Record:
    answer = client.get(f"{ITEMS}/{item}/inventory", params={"include[]": names or QUANTITIES})
    if answer.status_code in (400, 422) and not names:
        return inventory(client, item, *QUANTITIES[:-1])
    assert answer.status_code == 200, answer.text
    found: Record = answer.json()
    return found


def _augno(client: httpx.Client) -> Truth:
    listed = by(items(client), "id")
    hooks = client.event_hooks["response"]
    # Whether `short` can be asked for is tried once; the refusal is no failure.
    client.event_hooks["response"] = []
    one = inventory(client, next(iter(listed))[0])
    names = QUANTITIES if one["short"] else QUANTITIES[:-1]
    client.event_hooks["response"] = hooks
    return {"items": listed, "item_inventory": {key: inventory(client, *key, *names) for key in listed}}


READERS: dict[str, Callable[[httpx.Client], Truth]] = {
    "sellercloud": _sellercloud,
    "shipstream": _shipstream,
    "square": _square,
    "augno": _augno,
    "ventmere_s2": _ventmere_s2,
}
