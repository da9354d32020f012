"""What `stocktake doctor` asks of an Augno account."""

from typing import Any

from sources._shared.checks import (
    Finding,
    Findings,
    FirstCall,
    clock_skew,
    failed,
    first_call,
    first_page,
    ok,
    until_blocked,
)
from sources._shared.errors import CredentialsError, NotFoundError, PermissionDeniedError, SourceError
from sources._shared.mark import Window
from sources._shared.records import Page
from sources.augno.client import ITEMS as ITEMS_PATH
from sources.augno.client import AugnoClient
from sources.augno.settings import API_VERSION, ITEM_INVENTORY, ITEMS, REQUESTS_PER_SECOND

ADDRESS = "it is https://api.augno.com, or https://api.openmrp.ai since the product was renamed."
NO_PERMISSION = "403 insufficient_permissions"
"""How the refusal begins that a role without items:read gets; a used-up quota is a 403 too."""


@until_blocked
def checks(
    base_url: str,
    api_key: str,
    api_version: str = API_VERSION,
    account_id: str | None = None,
    requests_per_second: float = REQUESTS_PER_SECOND,
    **other: Any,
) -> Findings:
    """Whether this account can be read, and if not, why."""
    client = AugnoClient(base_url, api_key, api_version, account_id, requests_per_second)
    without_account = AugnoClient(base_url, api_key, api_version, None, requests_per_second)
    try:
        first = _first_call(client)
        error = first.error
        # Without the header the account cannot be the reason.
        if (
            account_id
            and isinstance(error, (CredentialsError, PermissionDeniedError, NotFoundError))
            and _first_call(without_account).answer is not None
        ):
            yield _foreign(error, account_id)
        yield _naming_account(first, account_id)
        yield clock_skew(client.api)
        try:
            listed = first_page(client.items, Window())
        except SourceError as error:
            yield _denied(ITEMS.name, error)
            return
        yield ok(ITEMS.name, "Can be read.")
        if not listed or not listed.records:
            yield ok(ITEM_INVENTORY.name, "Not tried: there is no item to ask for.")
            return
        item = next(iter(listed.records)).keys
        try:
            stock = first_page(client.item_inventory, Window(parents=[item]))
        except SourceError as error:
            yield _denied(ITEM_INVENTORY.name, error)
        else:
            yield _stock(stock, item[0])
    finally:
        client.close()
        without_account.close()


def _first_call(client: AugnoClient) -> FirstCall:
    return first_call(client.api, ITEMS_PATH, ADDRESS, params=[("limit", "1")])


def _foreign(error: SourceError, account_id: str) -> Finding:
    return Finding(
        "account",
        "error",
        f"{error.what} The API key is good, but {account_id} is not an account of its user. Check"
        " account_id.",
        is_blocking=True,
    )


def _naming_account(first: FirstCall, account_id: str | None) -> Finding:
    """The first call's finding. Whether an account must be named is documented both ways (augno.md §1)."""
    finding = first.finding
    if isinstance(first.error, CredentialsError) and not account_id:
        more = " If the key's user belongs to several accounts, set account_id."
        return finding._replace(message=finding.message + more)
    return finding


def _denied(check: str, error: SourceError) -> Finding:
    if error.what.startswith(NO_PERMISSION):
        return failed(check, error, f"Give the role behind the API key items:read; {check} needs it.")
    return failed(check, error)


def _stock(stock: Page | None, item: str) -> Finding:
    if stock is not None and stock.records:
        return ok(ITEM_INVENTORY.name, "Can be read.")
    return Finding(
        ITEM_INVENTORY.name,
        "warning",
        f"404 for the stock of {item}, which was just listed. It may have been deleted in between: run"
        " stocktake doctor again, and check api_version if it persists.",
    )
