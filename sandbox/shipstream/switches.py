"""What nobody knows for sure about ShipStream, and what can go wrong there (shipstream.md §8, §9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)  # a misspelt switch is an error
class ShipStreamSwitches:
    """One field per switch; the defaults are the likeliest ShipStream."""

    # The token: `settings` makes it anew, under the switches of that moment

    token_days: float | None = 365.0
    """How long a token lives from when it is made, by the sandbox's clock; negative: it has expired; None: it
    never does."""
    token_audience: str | None = None
    """What the token says instead of the address it is good for; such a token is refused."""
    token_state: Literal["valid", "revoked"] = "valid"
    token_requests: int | None = None
    """So many requests more are let in, then the token has expired; counts down."""

    # What is asked

    extra_conditions: bool = False
    """Whether filters also know gteq, lteq, neq, in and nin."""
    enabled_and_disabled: Literal["works", "ignored", "400"] = "works"
    """What `is_enabled[{eq:true},{eq:false}]` does; `ignored`: only enabled products, as by default."""
    naive_literal_hours: float = 0.0
    """Time literals without an offset are read so many hours ahead of UTC, such as -5 for a merchant in
    New York."""
    literal_zone_ignored: bool = False
    """Even a literal with Z or an offset is read as one without."""
    default_fields: Literal["basic", "all"] = "basic"
    """What a level holds when `fields` is not sent; `basic`: its type, product and clock."""
    limit_out_of_range: Literal["400", "clamped"] = "400"
    unknown_parameter: Literal["400", "ignored"] = "400"
    versions: Literal["tagged", "any_month"] = "tagged"
    """Which versions are taken: only tagged ones, or any month that is past, for the newest tagged before."""
    echoed_version: str | None = None
    """What answers claim to be in, whatever was asked."""

    # Pages

    next_link: Literal["relative", "absolute", "query_only"] = "relative"
    """A path without a host, a whole address, or `?` and the parameters."""
    next_at_end: Literal["null", "absent", "empty", "present"] = "null"
    """What stands for `next` after the last page and for `previous` before the first; `present`: a link to
    an empty page."""
    next_carries_all: bool = True
    """Whether `next` repeats every parameter; otherwise only the limit, and the rest falls to its default."""
    product_id_is_id: bool = True
    """Whether a cursor can go by product_id; otherwise as any other sort."""
    cursor_with_other_sort: Literal["works", "repeat", "skip", "400"] = "400"
    """What a cursor does under a sort that is not by id: goes on where that row stands now; starts over;
    leaves out every row with a lower id; is refused."""
    warehouse_level_cursor: Literal["row", "product"] = "row"
    """What a cursor counts on the warehouse levels; `product`: the rows of the product at the edge of a page
    come again on the next, so that a limit below a product's rows never ends."""
    envelope: Literal["has_more", "hasMore"] = "has_more"
    """How the words around the records are spelt."""
    count_skew: int = 0
    """Added to `meta.count`."""
    after_page: Callable[[int], None] | None = None
    """Called with the page's number after a page of levels was served: data moves while it is read."""

    # What is included

    included: Literal["present", "absent"] = "present"
    """`absent`: even when asked for."""
    missing_included_every: int = 0
    """Each product whose id this divides is referred to but not included; 0: none."""
    repeated_included: bool = False
    """The account's first product comes with every page."""
    product_types: Literal["own", "product"] = "own"
    """Whether packaging, containers, supplies and infill are of types of their own or are `Product` too."""
    custom_fields: Literal["array", "object", "by_version"] = "array"
    """`object`: keyed by code; `by_version`: that from version 2025-10 on."""
    merchant_shape: Literal["flags", "status", "by_version"] = "flags"
    """is_active and is_deleted, or one `status`."""

    # Levels and their clocks

    quantities: Literal["integers", "decimals", "text"] = "integers"
    """`decimals`: with four decimals; `text`: those in quotes, as the Merchant API has them."""
    messy_on_hand: bool = False
    """In one of 200 totals `qty_on_hand` is not the sum of its parts."""
    never_stocked: Literal["null_clock", "clock", "no_row"] = "null_clock"
    """The level of a product that never had stock: with `updated_at` null, with the product's creation as
    its clock, or not there, and with it the product."""
    edit_moves_level: bool = False
    """Whether editing a product moves the clocks of its levels."""
    component_moves_kit: bool = False
    """Whether a movement of components that changes what a kit advertises moves the clock of its level."""
    backorder_moves_level: bool = True
    """Whether a change in what is backordered alone moves the clock of the total."""
    warehouse_ref: Literal["object", "id", "absent"] = "object"
    """How a warehouse level tells its warehouse: a reference, a plain `warehouse_id`, or not at all."""

    # Status and failures

    status_time: str | None = "timestamp"
    """The member of the status that holds the server's time; None: it holds none."""
    failure_body: Literal["json", "empty"] = "json"
    """Of answers that were told to fail."""
    requests_per_second: float | None = None
    """A token bucket in real time, answering 429; None: no limit."""
    burst: int = 60
    """How deep that bucket is."""
    concurrency: int | None = None
    """How many requests may run at once before one gets 409; None: any number."""
    concurrency_seconds: float = 0.1
    """How long, in real time, a request counts as running."""
