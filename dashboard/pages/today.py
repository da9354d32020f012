"""Today: what needs me this morning, counted among the rows of the other pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.listings import Column, Listing
from dashboard.pages.common import ELSEWHERE, PRODUCT
from dashboard.pages.cover import COVER
from dashboard.pages.disagreements import APART
from dashboard.pages.kits import KITS
from dashboard.pages.low import OUT_NOW, PROMISED, REORDER
from dashboard.reader import Reading, Row

SOON = 14
"""Days of cover below which a product runs out soon."""


@dataclass(frozen=True)
class Tile:
    """A count that leads to the list it counts."""

    title: str
    path: str
    listing: Listing
    params: Mapping[str, str]
    note: str
    tone: str
    parts: Mapping[str, str]
    """More to count among the same rows, by the words that follow the number."""
    counted: str = "count(*)"


SELLING_OUT = Tile(
    "Out, and selling",
    "/cover",
    COVER,
    {"state": "out"},
    "nothing available of what sold",
    "bad",
    {"have stock in another system": "count(*) filter (where cover.available_elsewhere > 0)"},
)
RUNNING_OUT = Tile(
    f"Runs out in {SOON} days",
    "/cover",
    COVER,
    {"days": str(SOON)},
    "at the speed at which it sold",
    "warn",
    {"have stock in another system": "count(*) filter (where cover.available_elsewhere > 0)"},
)
APART_NOW = Tile(
    "Systems disagree",
    "/disagreements",
    APART,
    {},
    "items with different numbers",
    "info",
    {"new on the last day": "count(*) filter (where is_new)"},
)
TILES = (
    SELLING_OUT,
    RUNNING_OUT,
    Tile(
        "At or below reorder point",
        "/low",
        REORDER,
        {"state": "left"},
        "products, and not out yet",
        "warn",
        {"places": "count(*)"},
        "count(distinct low.product_key)",
    ),
    Tile(
        "Promised twice",
        "/low",
        PROMISED,
        {"tab": "promised"},
        "channels offer more than there is",
        "warn",
        {"sold beyond what there is": "count(*) filter (where risk.is_oversold)"},
    ),
    APART_NOW,
    Tile(
        "Kits that cannot be made",
        "/kits",
        KITS,
        {"state": "none"},
        "a part is missing",
        "info",
        {},
    ),
)


def tile_counts(reading: Reading, tile: Tile, params: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """What a tile counts, and its parts; one question for all."""
    asked = tile.listing.asked({**params, **tile.params})
    total, *parts = asked.counts(reading, tile.counted, *tile.parts.values())
    return total, dict(zip(tile.parts, parts, strict=True))


def trust(reading: Reading) -> dict[str, Any]:
    """How sure we are: what was asked, what failed, and which accounts nobody asks any more."""
    asked = reading.rows(
        "select provider, account, resource, last_status, asked_through, as_of\n"
        "from rpt_freshness\nwhere is_configured\norder by asked_through nulls first, account, resource"
    )
    unasked = reading.rows(
        "select distinct account\nfrom fct_inventory_positions\n"
        "where account not in (select account from rpt_freshness where is_configured)\norder by account"
    )
    return {
        "resources": len(asked),
        "failed": [row for row in asked if row["last_status"] != "ok"],
        "oldest": asked[0]["asked_through"] if asked else None,
        "as_of": max((row["as_of"] for row in asked if row["as_of"]), default=None),
        "unasked": [row["account"] for row in unasked],
    }


def history_begins(reading: Reading) -> Row:
    """The first and the last day that history knows, and the zone at whose midnight they end."""
    return reading.row(
        "select min(date_day) as first_day, max(date_day) as last_day,\n"
        "    (select any_value(timezone) from rpt_daily_counts) as timezone\nfrom fct_account_days"
    )


SINCE_YESTERDAY = {
    "Newly out": Listing(
        name="newly_out",
        title="Newly out",
        table="rpt_stockouts",
        select=OUT_NOW.select,
        source=OUT_NOW.source,
        joins=OUT_NOW.joins,
        columns=(PRODUCT, Column("quantity_sold", "Sold lately", "number"), ELSEWHERE),
        order="cover.quantity_sold desc nulls last",
        tie=OUT_NOW.tie,
        always="spells.is_additive and spells.is_ongoing and spells.started_on = spells.last_day_out"
        " and spells.started_on > (select min(date_day) from fct_account_days)",
        filters=OUT_NOW.filters,
        empty="Nothing ran out on the last day.",
    ),
    "Back in stock": Listing(
        name="back",
        title="Back in stock",
        table="rpt_stockouts",
        select=OUT_NOW.select,
        source=OUT_NOW.source,
        joins=OUT_NOW.joins,
        columns=(PRODUCT, Column("days_out", "Days out", "number"), ELSEWHERE),
        order="spells.days_out desc",
        tie=OUT_NOW.tie,
        always="spells.is_additive and not spells.is_ongoing"
        " and spells.last_day_out = (select max(date_day) from fct_account_days) - 1",
        filters=OUT_NOW.filters,
        empty="Nothing came back on the last day.",
    ),
}


def systems(reading: Reading, params: Mapping[str, str]) -> list[Row]:
    """A line per account: its products, how many are out, when it was asked and last counted."""
    wanted = [name for name in ("provider", "account") if params.get(name)]
    where = "".join(f"\n    and positions.{name} = ${name}" for name in wanted)
    return reading.rows(
        f"""\
select
    positions.provider,
    positions.account,
    count(*) as products,
    count(*) filter (where positions.quantity_available <= 0) as products_out,
    count(*) filter (where positions.quantity_available is null) as products_unknown,
    max(positions.counted_at) as newest_counted_at,
    any_value(asked.asked_through) as asked_through,
    coalesce(bool_and(asked.is_ok), false) as is_ok
from fct_inventory_positions as positions
left join (
    select account, min(asked_through) as asked_through, bool_and(last_status = 'ok') as is_ok
    from rpt_freshness
    where is_configured
    group by account
) as asked on positions.account = asked.account
where positions.is_additive{where}
group by positions.provider, positions.account
order by positions.provider, positions.account""",
        {name: params[name] for name in wanted},
    )


COUNTS = {
    "products_out": "Out",
    "products_low": "Low",
    "products_at_risk": "Promised twice",
    "items_disagreeing": "Disagreeing",
}
"""What is counted by day, and its heading."""


def day_counts(reading: Reading, params: Mapping[str, str]) -> list[Row]:
    """A line per account: what its last day ended with, and the day before that."""
    wanted = [name for name in ("provider", "account") if params.get(name)]
    where = "".join(f"\n    and {name} = ${name}" for name in wanted)
    before = ",\n    ".join(f"lag({name}) over by_day as {name}_before" for name in COUNTS)
    return reading.rows(
        f"""\
select
    provider,
    account,
    date_day,
    is_observed,
    {", ".join(COUNTS)},
    {before}
from rpt_daily_counts
where account in (select account from dim_accounts where is_configured){where}
window by_day as (partition by provider, account order by date_day)
qualify row_number() over (partition by provider, account order by date_day desc) = 1
order by provider, account""",
        {name: params[name] for name in wanted},
    )
