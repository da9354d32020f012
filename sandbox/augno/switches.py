"""What nobody knows for sure about Augno, what changed between its versions, and what can go wrong there
(augno.md §1.3, §8, §9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)  # a misspelt switch is an error
class AugnoSwitches:
    """One field per switch; the defaults are the likeliest Augno."""

    profile: Literal["P1", "P2", "P3"] = "P2"
    """The moment of the API: its version header, its `page_info`, its quantities, its filters (§1.3)."""
    header_names: Literal["augno", "openmrp", "both"] = "augno"
    """How the version and the account header are spelt; the product was renamed in August 2026."""
    old_versions: Literal["accepted", "too_old"] = "accepted"
    """What becomes of a version header from before the profile; accepted, it still gets the new shapes."""
    short_includable: bool = True
    """Whether `short` may be included; if not, asking is refused and it is always null."""
    error_dialect: Literal["classic", "apikit"] = "classic"
    """Error bodies as documented, or as the newer server library writes them (§5.1)."""
    apikit_parameter_status: Literal[400, 422] = 422
    """What a refused parameter gives in the dialect `apikit`: 422 is what is said of validation, with a list
    of `errors`; the library's own table of codes has parameters at 400."""
    sparse_errors: bool = False
    """Errors say `code` and `message` only, as some published examples do."""

    key_state: Literal["valid", "expired", "revoked"] = "valid"
    items_read: bool = True
    """Whether the role behind the key has `items:read`."""
    account_header_required: bool = False
    """Refuse requests that do not name the account; documented both ways."""
    wrong_account_status: Literal[401, 403, 404] = 403
    """The answer to an account that the key does not belong to."""
    refuse_all: Literal["no", "payment_required", "limit_exceeded"] = "no"
    """Every request gets 402 `payment_required` or 403 `limit_exceeded`."""

    requests_per_second: float | None = None
    """A token bucket in real time, a second deep, one for all keys: the sandbox's callers share one address.
    Augno documents 20; None: no limit."""

    page_rows: int | None = None
    """The most rows a page has, whatever `limit` says; None: `limit` decides."""
    page_urls: Literal["relative", "absolute"] = "relative"
    """`next_page_url` and `previous_page_url` begin with the path, or with the address."""
    missing_page_urls: Literal["null", "absent", "empty"] = "null"
    """How `page_info` says that there is no such page: null, no member, or ''."""
    cursor_seconds: float | None = None
    """How long a cursor lives, by the sandbox's clock; no end is documented."""
    refuse_next_cursors: int = 0
    """So many cursors are refused, however good."""
    bad_cursor_status: Literal[400, 404, 422] = 400
    """The answer to a cursor that is refused."""

    deleted_status: Literal[404, 410] = 404
    """What an item's own calls give once it is deleted."""
    fresh_quantity_ids: bool = True
    """Half of the items have other quantity ids at every call."""
    padded_values: bool = False
    """At random, a value is spelt with 30 decimals: the same number in another text."""

    after_page: Callable[[int], None] | None = None
    """Called with the page's number after a page of items was served: data moves while it is read."""
    after_item: Callable[[int], None] | None = None
    """Called after an item's inventory was served, with how many were so far."""
