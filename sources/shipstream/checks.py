"""What `stocktake doctor` asks of a ShipStream account."""

from typing import Any

from sources._shared import clock as our_clock
from sources._shared.checks import (
    Findings,
    clock_skew,
    first_call,
    moved_from_now,
    probe,
    token_end,
    token_fits,
    until_blocked,
    version,
)
from sources._shared.errors import CredentialsError
from sources._shared.mark import Window
from sources.shipstream.client import STATUS, VERSION_HEADER, ShipstreamClient
from sources.shipstream.settings import (
    MERCHANTS,
    REQUESTS_PER_SECOND,
    TOTAL_LEVELS,
    WAREHOUSE_LEVELS,
    WAREHOUSES,
)

ADDRESS = "it is https://<name>.shipstream.app/api/global, or the same path on your own domain."


@until_blocked
def checks(
    base_url: str,
    access_token: str,
    api_version: str | None = None,
    requests_per_second: float = REQUESTS_PER_SECOND,
    **other: Any,
) -> Findings:
    """Whether this instance can be read, and if not, why."""
    yield token_fits(access_token, base_url)
    client = ShipstreamClient(base_url, access_token, api_version, requests_per_second)
    try:
        first = first_call(client.api, STATUS, ADDRESS)
        end = token_end(access_token, client.api.server_clock or our_clock.now())
        if isinstance(first.error, CredentialsError):
            yield end  # where it is why, it is the better sentence
        yield first.finding
        yield clock_skew(client.api)
        yield end
        if first.answer is not None:
            yield version(api_version, first.answer.headers.get(VERSION_HEADER))
        for resource, pages, what in (
            (WAREHOUSES, client.warehouses, "inventory warehouses"),
            (MERCHANTS, client.merchants, "merchants"),
            (TOTAL_LEVELS, client.total_levels, "total inventory levels"),
            (WAREHOUSE_LEVELS, client.warehouse_levels, "inventory levels by warehouse"),
        ):
            window = Window() if resource.reading == "snapshot" else moved_from_now()
            permission = (
                f"Let the integration read {what} under System > Global Integrations; {resource.name} cannot"
                " be read without it."
            )
            yield probe(resource.name, pages, window, permission=permission)
    finally:
        client.close()
