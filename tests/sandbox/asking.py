"""How the tests of the sandbox ask it."""

from typing import Any

import httpx

COUNTS = "/v2/inventory/counts/batch-retrieve"
CHANGES = "/v2/inventory/changes/batch-retrieve"
SEARCH = "/v2/catalog/search"
CATALOG_TYPES = ["ITEM", "ITEM_VARIATION", "CATEGORY", "MEASUREMENT_UNIT"]
Truth = dict[str, dict[tuple[str, ...], Any]]
"""Records by resource and key."""
WHOLE_CATALOG = {"object_types": CATALOG_TYPES, "include_deleted_objects": True}


def scan(client: httpx.Client, path: str, member: str, **body: Any) -> list[dict[str, Any]]:
    """Every row of a Square scan, by the cursor alone."""
    rows, cursor = [], None
    while True:
        answer = client.post(path, json={**body, "cursor": cursor} if cursor else body)
        assert answer.status_code == 200, answer.text
        rows += answer.json().get(member, [])
        cursor = answer.json().get("cursor")
        if not cursor:
            return rows


def counts(client: httpx.Client, **body: Any) -> list[dict[str, Any]]:
    return scan(client, COUNTS, "counts", **body)


def count_key(count: dict[str, Any]) -> tuple[str, str, str]:
    return count["catalog_object_id"], count["location_id"], count["state"]


def change_key(change: dict[str, Any]) -> tuple[str, str]:
    return change["type"], change[change["type"].lower()]["id"]


def overview(client: httpx.Client, **headers: str) -> dict[str, Any]:
    return client.get("/inventory/overview", headers=headers).json()


def overview_records(document: dict[str, Any]) -> dict[str, dict[tuple[str, ...], Any]]:
    """What an overview holds, keyed as the truth is."""
    return {
        "warehouses": {(found["id"],): found for found in document["warehouses"]},
        "products": {(found["id"],): found for found in document["products"]},
        "inventory_items": {
            (found["warehouseId"], found["level"]["productId"]): found for found in document["items"]
        },
    }


def square_error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


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
