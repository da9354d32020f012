"""What `stocktake doctor` asks of a Sellercloud account."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sources._shared import clock as our_clock
from sources._shared.checks import (
    Finding,
    Findings,
    FirstCall,
    clock_skew,
    failed,
    first_call,
    moved_from_now,
    ok,
    probe,
    span,
    until_blocked,
)
from sources._shared.errors import CredentialsError, NotFoundError, PermissionDeniedError, SourceError
from sources._shared.mark import Window
from sources.sellercloud.client import CLOCKS, SellercloudClient
from sources.sellercloud.local_time import LITERAL
from sources.sellercloud.paging import Scanned
from sources.sellercloud.settings import INVENTORY, PAGE_SIZE, REQUESTS_PER_SECOND, WAREHOUSES

PATH = "/rest/api"
ADDRESS = f"it ends in {PATH}, and its host is your own server's."
DENIED = (PermissionDeniedError, NotFoundError)
"""A missing permission answers like a missing page (sellercloud.md §1)."""

SHORTEST_LOGIN = 600.0
"""Seconds. Logins are calls that Sellercloud counts, and one that ends so soon is renewed all the time."""
FARTHEST = timedelta(hours=26)
"""Between any two zones: from UTC-12 to UTC+14."""
IN_THE_FUTURE = timedelta(minutes=5)
"""So far ahead of Sellercloud's clock no change can be."""
WESTERNMOST = timedelta(hours=-12)
"""No zone is farther behind UTC."""
FINE_ENOUGH = timedelta(minutes=15)
"""A window this short need not be halved again."""
AFTER_THE_HOUR = timedelta(minutes=15)
"""Where something changes all the time, a zone that is hours off makes the newest change as old as whole
hours and a little more."""


@until_blocked
def checks(
    base_url: str,
    username: str,
    password: str,
    timezone: str,
    warehouses: Sequence[str] = ("none",),
    requests_per_second: float = REQUESTS_PER_SECOND,
    **other: Any,
) -> Findings:
    """Whether this tenant can be read, and if not, why."""
    client = SellercloudClient(base_url, username, password, timezone, warehouses, requests_per_second)
    try:
        # Once a login has worked, base_url is right, and 404 means something else.
        first = first_call(
            client.api,
            "/Warehouses",
            ADDRESS,
            params={"model.pageNumber": "1", "model.pageSize": "1"},
            is_known=lambda error: client.has_logged_in and isinstance(error, DENIED),
        )
        yield _address_first(first, base_url)
        yield _login(client.login_seconds)
        yield clock_skew(client.api)
        readable = ok(INVENTORY.name, "")
        for resource, pages, window in (
            (WAREHOUSES, client.warehouses, Window()),
            (INVENTORY, client.inventory, moved_from_now()),
        ):
            permission = (
                "The login worked, so base_url is right: give the user the permission to read"
                f" {resource.name} in Delta, under its API rights."
            )
            readable = probe(resource.name, pages, window, permission=permission, denied=DENIED)
            yield readable
        if readable.level == "ok":
            yield _zone(client, timezone)
    finally:
        client.close()


def _address_first(first: FirstCall, base_url: str) -> Finding:
    """The first call's finding. A server may refuse whoever asks at a path that it does not have."""
    if isinstance(first.error, CredentialsError) and not base_url.rstrip("/").lower().endswith(PATH):
        return failed("connection", first.error, f"Check base_url first: {ADDRESS}")
    return first.finding


def _login(seconds: float | None) -> Finding:
    if seconds is None or seconds >= SHORTEST_LOGIN:
        return ok("login", "Works.")
    return Finding(
        "login",
        "warning",
        f"A login is valid for {span(timedelta(seconds=seconds))} only, and is renewed that often; each"
        " login costs a call. Ask Sellercloud's support why.",
    )


def _zone(client: SellercloudClient, timezone: str) -> Finding:
    """Whether the newest change, read in the configured zone, lies where changes can (sellercloud.md §4)."""
    now = client.api.server_clock or our_clock.now()
    try:
        found = [newest for clock in CLOCKS if (newest := _newest(client, clock, now)) is not None]
    except SourceError as error:
        return failed("timezone", error)
    if not found:
        return ok("timezone", "Could not be tried: nothing changed within the last 26 hours.")
    age = now - max(found)
    if age < -IN_THE_FUTURE:
        return Finding(
            "timezone",
            "error",
            f"timezone is wrong: read in {timezone}, the newest change lies {_age(-age)} in Sellercloud's"
            " future. Set timezone to the zone in which Sellercloud shows this account's times.",
        )
    hours = round(age / timedelta(hours=1))
    past_the_hour = age - timedelta(hours=hours)
    offset = now.astimezone(client.zone).utcoffset() or timedelta()
    is_a_zone = offset - timedelta(hours=hours) >= WESTERNMOST
    if hours >= 1 and is_a_zone and -IN_THE_FUTURE <= past_the_hour <= AFTER_THE_HOUR:
        return Finding(
            "timezone",
            "warning",
            f"Read in {timezone}, the newest change is {_age(age)} old. Where something changes all the time,"
            f" timezone is wrong by {hours} hour{'s' if hours > 1 else ''}: compare one change with the time"
            " that Sellercloud shows.",
        )
    fits = "Fits" if hours < 1 else "Not contradicted"
    return ok("timezone", f"{fits}: read in {timezone}, the newest change is {_age(age)} old.")


def _newest(client: SellercloudClient, clock: str, now: datetime) -> datetime | None:
    """The newest change on one clock, of those within 26 hours before and after now, to a few minutes.

    Rows come in no order, and there may be thousands: the window is halved towards its end until its rows
    fit on a page.
    """
    middle = now.astimezone(client.zone).replace(tzinfo=None, second=0, microsecond=0)
    begin, end = middle - FARTHEST, middle + FARTHEST
    page = _page(client, clock, begin, end)
    newest = _latest(page)
    while (page.total or 0) > PAGE_SIZE and end - begin > FINE_ENOUGH:
        half = begin + (end - begin) // 2
        page = _page(client, clock, half, end)
        if page.records:
            begin, newest = half, _latest(page)
        else:
            end = half
            page = _page(client, clock, begin, end)
            newest = _latest(page)
    return newest


def _page(client: SellercloudClient, clock: str, begin: datetime, end: datetime) -> Scanned:
    ends = {f"model.{clock}From": begin.strftime(LITERAL), f"model.{clock}To": end.strftime(LITERAL)}
    return client.page(ends, 1)


def _latest(page: Scanned) -> datetime | None:
    return max((record.updated_at for record in page.records if record.updated_at is not None), default=None)


def _age(age: timedelta) -> str:
    minutes = max(0, round(age.total_seconds() / 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} minutes"
