"""What nobody outside Sellercloud knows for certain, and what goes wrong there (sellercloud.md §8, §9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class SellercloudSwitches:
    """How this Sellercloud behaves. The defaults are the likeliest provider; set any of them at any time."""

    # Getting in

    login: Literal["granted", "401", "403"] = "granted"
    """Whether the right credentials get a token, and how it is told when not: a locked user, say."""
    token_requests: int | None = None
    """How many requests each token is good for; None: any number."""
    token_seconds: float = 3600.0
    """How long a token lives by the sandbox's clock; also its `expires_in`."""
    token_dates: Literal["swapped", "right"] = "swapped"
    """Whether `.expires` lies before `.issued`, as in the documentation's sample."""
    throttle_after: int | None = None
    """After so many requests, token requests included, the next ones are throttled; None: never."""
    throttle_seconds: float = 1.0
    """How long, in real time, a throttle lasts; RateLimitResetTime is so much after the sandbox's now."""
    throttle_status: Literal[429, 403, 503, 200] = 429
    """The status of a throttled answer."""
    throttle_retry_after: bool = False
    """Whether a throttled answer has a Retry-After header too: whole seconds, rounded up."""
    error_body: Literal["none", "json", "html"] = "json"
    """The body of answers that refuse."""
    warehouses_permission: Literal["granted", "404", "403"] = "granted"
    """Whether the user may read /Warehouses, and how it is told when not."""

    # Clocks

    timezone: str = "America/New_York"
    """The IANA name of the zone in which the server tells and compares times."""
    precision: Literal["milliseconds", "seconds", "minutes"] = "milliseconds"
    """Of times as they are stored: printed and compared so."""
    from_inclusive: bool = True
    """Whether a row at the very beginning of a window is in it."""
    to_inclusive: bool = True
    """Whether a row at the very end of a window is in it."""
    quantity_moves_modified: bool = False
    """Whether a movement of stock moves LastModifiedDate too."""
    empty_aggregation_moves_clock: bool = False
    """Whether an aggregation that changes nothing moves LastAggregateDate."""
    shadow_follows_clock: bool = False
    """Whether a shadow's LastAggregateDate moves when its parent's stock does."""
    kit_follows_clock: bool = False
    """Whether a kit's LastAggregateDate moves when its components' stock does."""
    counters_age: bool = False
    """Whether the QtySold counters move every midnight, which no clock shows."""

    # Pages

    row_order: Literal["id", "modified", "modified_desc", "shuffled"] = "id"
    """`modified`, `modified_desc`: by the modified clock, which moves, rows without one at its old end;
    `shuffled`: anew for every answer."""
    page_clamp: Literal["clamp", "honour"] = "clamp"
    """What a page size above 50 does."""
    beyond_end: Literal["empty", "repeat_last", "null"] = "empty"
    """What stands in Items after the last page."""
    null_items_page: int | None = None
    """The number of the page whose Items are null whatever is on it; None: no page's."""
    total_skew: int = 0
    """Added to TotalResults."""
    total_results: Literal["told", "null", "absent"] = "told"
    """Whether /inventory tells TotalResults."""
    after_page: Callable[[int], None] | None = None
    """Called with the page's number after a page of /inventory was served: data moves while it is read."""

    empty_dates: Literal["null", "year_one", "absent"] = "null"
    """How a date that was never set is told."""
    warehouses_shape: Literal["envelope", "array"] = "envelope"
    """How /Warehouses answers."""
