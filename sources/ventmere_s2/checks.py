"""What `stocktake doctor` asks of a Ventmere S2 account."""

from typing import Any

import msgspec

from sources._shared.checks import (
    Finding,
    Findings,
    clock_skew,
    failed_first_call,
    first_call,
    no_web_page,
    ok,
    until_blocked,
)
from sources._shared.errors import CredentialsError, PermissionDeniedError, RequestError, SourceError
from sources.ventmere_s2.client import VentmereS2Client
from sources.ventmere_s2.settings import OVERVIEW_PATH

ADDRESS = "it is https://api.s2sell.io for the sandbox, and what Ventmere told you for production."

PRODUCTS_PATH = "/product"
"""A list in pages: it tells whether a token is good without making a whole overview (ventmere_s2.md §2)."""


class _Overview(msgspec.Struct):
    # All three are required: an answer without one of them is broken, not empty.
    warehouses: list[msgspec.Raw]
    products: list[msgspec.Raw]
    items: list[msgspec.Raw]


_read_overview = msgspec.json.Decoder(_Overview).decode


@until_blocked
def checks(
    base_url: str,
    access_token: str = "",
    email: str = "",
    password: str = "",
    login_path: str = "/login",
    organization_id: str = "",
    **other: Any,
) -> Findings:
    """Whether this organisation can be read, and if not, why."""

    def client_of(organization: str) -> VentmereS2Client:
        return VentmereS2Client(
            base_url,
            access_token=access_token,
            email=email,
            password=password,
            login_path=login_path,
            organization_id=organization,
        )

    client, without_organization = client_of(organization_id), client_of("")
    try:
        overview = client.api.send("GET", OVERVIEW_PATH, no_web_page(_read_overview))
    except SourceError as error:
        yield _refused(error, organization_id, without_organization)
        yield clock_skew(client.api)
    else:
        yield ok("connection", "Answers.")
        yield clock_skew(client.api)
        yield _contents(overview.body, organization_id)
    finally:
        client.close()
        without_organization.close()


def _refused(error: SourceError, organization_id: str, without_organization: VentmereS2Client) -> Finding:
    """Why there is no overview. A foreign organisation is refused like a wrong token (ventmere_s2.md §1)."""
    if isinstance(error, (CredentialsError, PermissionDeniedError)) and organization_id:
        # Without the header the organisation cannot be the reason.
        asked = first_call(without_organization.api, PRODUCTS_PATH, ADDRESS, params={"limit": "1"})
        is_asked_for_one = isinstance(asked.error, RequestError) and asked.error.status == 400
        if asked.answer is not None or is_asked_for_one:
            return Finding(
                "organization",
                "error",
                f"{error.what} The credentials are good, but {organization_id} is not one of the user's"
                " organisations. Check organization_id.",
                is_blocking=True,
            )
    if isinstance(error, PermissionDeniedError):
        return Finding(
            "overview",
            "error",
            f"{error.what} The user may not read the inventory overview. Give the user that right in S2.",
            is_blocking=True,
        )
    if isinstance(error, RequestError) and error.status == 400 and not organization_id:
        return Finding(
            "organization",
            "error",
            f"{error.what} The user belongs to several organisations. Set organization_id.",
            is_blocking=True,
        )
    return failed_first_call(error, ADDRESS)


def _contents(found: _Overview, organization_id: str) -> Finding:
    counts = (
        f"{len(found.warehouses)} warehouses, {len(found.products)} products and {len(found.items)} levels"
    )
    if found.warehouses or found.products or found.items:
        return ok("organization", f"Holds {counts}.")
    which = organization_id or "the user's only organisation"
    return Finding(
        "organization",
        "error",
        f"The overview is empty: {which} holds {counts}. Check organization_id; the user may belong to"
        " another organisation too.",
    )
