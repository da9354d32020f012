"""What `stocktake doctor` asks of a Square account."""

from collections.abc import Sequence
from typing import Any

from sources._shared.checks import (
    Findings,
    clock_skew,
    first_call,
    moved_from_now,
    probe,
    until_blocked,
    version,
)
from sources._shared.mark import Window
from sources.square.client import SquareClient
from sources.square.settings import (
    API_VERSION,
    CATALOG_OBJECTS,
    INVENTORY_CHANGES,
    INVENTORY_COUNTS,
    LOCATIONS,
)

ADDRESS = (
    "it is https://connect.squareup.com, or https://connect.squareupsandbox.com for Square's sandbox,"
    " with no path after it."
)


@until_blocked
def checks(
    base_url: str,
    access_token: str,
    api_version: str = API_VERSION,
    location_ids: Sequence[str] = (),
    **other: Any,
) -> Findings:
    """Whether this account can be read, and if not, why."""
    client = SquareClient(base_url, access_token, api_version, location_ids)
    try:
        first = first_call(client.api, "/v2/locations", ADDRESS)
        yield first.finding
        yield clock_skew(client.api)
        if first.answer is not None:
            yield version(api_version, first.answer.headers.get("Square-Version"))
        for resource, pages, scope in (
            (LOCATIONS, client.locations, "MERCHANT_PROFILE_READ"),
            (INVENTORY_COUNTS, client.counts, "INVENTORY_READ"),
            (INVENTORY_CHANGES, client.changes, "INVENTORY_READ"),
            (CATALOG_OBJECTS, client.catalog_objects, "ITEMS_READ"),
        ):
            window = Window() if resource.reading == "snapshot" else moved_from_now()
            permission = f"Grant the application {scope}; {resource.name} cannot be read without it."
            yield probe(resource.name, pages, window, permission=permission)
    finally:
        client.close()
