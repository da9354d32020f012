"""What the pages ask of the published tables: a listing per table, and what the two pages without one ask.

Nothing here adds up what is not additive: shadows, kits made of other products and bundles are left out by
default, and the stock of several systems stands side by side, never in a total of ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.listings import Choice, Column, Limit, Listing, Option
from dashboard.reader import Reading, Row, Shelf
from pipelines.release import Release

SOON = 14
"""Days of cover below which a product runs out soon."""


def providers(release: Release) -> list[str]:
    """Providers that have columns of their own in the report over all systems."""
    content = release.contents.get("rpt_stock_consolidated")
    names = [name for name, _ in content.columns] if content else []
    return [name.removesuffix("_number_at") for name in names if name.endswith("_number_at")]


def shelf(release: Release) -> Shelf:
    """What search, sorting and links need, made of several tables, and what is read row by row."""
    systems = "".join(f"\n    {name}_available," for name in providers(release))
    return Shelf(
        {
            "stock_by_item": STOCK_BY_ITEM.format(systems=systems),
            "cover_by_product": COVER_BY_PRODUCT,
            "products_of_items": PRODUCTS_OF_ITEMS,
            "apart_items": APART_ITEMS,
            "item_words": ITEM_WORDS,
            "stock_by_product": STOCK_BY_PRODUCT,
            "apart_sides": APART_SIDES,
        },
        ("rpt_stock_on_hand", "rpt_low_stock", "rpt_stockouts", "rpt_oversell_risk"),
    )


STOCK_BY_ITEM = """\
select
    item_key,
    sku,
    name,
    gtin,
    system_count,
    quantity_available,{systems}
    available_spread,
    oldest_counted_at,
    unit_of_measure,
    lowest_available,
    lowest_account
from rpt_stock_consolidated"""
STOCK_BY_PRODUCT = """\
select
    members.item_key,
    positions.product_key,
    products.sku,
    products.name as product_name,
    positions.provider,
    positions.account,
    positions.product_id,
    products.vendor_name,
    products.unit_of_measure,
    positions.quantity_available,
    positions.quantity_on_hand,
    positions.quantity_reserved,
    positions.quantity_incoming,
    members.available_elsewhere,
    members.elsewhere_account,
    positions.is_additive,
    positions.untracked_reason,
    positions.counted_at,
    positions.asked_at
from fct_inventory_positions as positions
inner join dim_products as products on positions.product_key = products.product_key
left join bridge_item_products as members on positions.product_key = members.product_key"""
COVER_BY_PRODUCT = """\
select cover.*, classes.abc_class
from rpt_days_of_cover as cover
left join rpt_abc_classes as classes on cover.product_key = classes.product_key"""
PRODUCTS_OF_ITEMS = """\
select
    members.item_key,
    products.product_key,
    products.provider,
    products.account,
    products.product_id,
    products.sku,
    products.name as product_name,
    products.vendor_name
from dim_products as products
left join bridge_item_products as members on products.product_key = members.product_key"""
ITEM_WORDS = """\
select
    members.item_key,
    strip_accents(lower(string_agg(
        concat_ws(' ', products.sku, products.name, products.gtin, products.product_id, codes.barcodes), ' '
    ))) as words
from bridge_item_products as members
inner join dim_products as products on members.product_key = products.product_key
left join (
    select product_key, string_agg(barcode, ' ') as barcodes
    from bridge_product_barcodes
    group by product_key
) as codes on members.product_key = codes.product_key
group by members.item_key"""
APART_ITEMS = """\
select
    *,
    coalesce(disagrees_since = last_day and last_day > first_day, false) as is_new
from (
    select
        item_key,
        sku,
        name,
        measure,
        left_account,
        left_quantity,
        right_account,
        right_quantity,
        abs(difference) as apart,
        min(disagrees_since) over of_item as disagrees_since,
        min(least(left_known_through, right_known_through)) over of_item as known_through
    from rpt_reconciliation
    window of_item as (partition by item_key, measure)
    qualify row_number() over (
        partition by item_key, measure order by abs(difference) desc, reconciliation_key desc
    ) = 1
)
cross join (select min(date_day) as first_day, max(date_day) as last_day from fct_inventory_daily)"""
APART_SIDES = """\
select
    item_key as of_item,
    measure as of_measure,
    list_distinct(flatten(list([
        struct_pack(account := left_account, quantity := left_quantity),
        struct_pack(account := right_account, quantity := right_quantity)
    ]))) as quantities
from rpt_reconciliation
group by item_key, measure"""

VENDOR_OF_PRODUCT = "product_key in (select product_key from products_of_items where vendor_name = $vendor)"
OF_PRODUCT = {"provider": "provider = $provider", "account": "account = $account"}
PRODUCT = Column("sku", "Product", "product")
OF_ITEM = "item_key in (select item_key from products_of_items where {column} = ${name})"
ELSEWHERE = Column("available_elsewhere", "Elsewhere", "elsewhere", is_wide=True)
FOUND_BY_WORD = (
    "item_key in (select item_key from item_words where contains(words, strip_accents(lower({word}))))"
)
NOT_FOUND = "Nothing matches. Search looks into SKU, name, every barcode and product id of all systems."

# Stock


def stock_of_items(release: Release) -> Listing:
    """One row per item; a column for each system that the release knows."""
    names = providers(release)
    systems = "".join(f"{name}_available,\n    " for name in names)
    return Listing(
        name="items",
        title="By item",
        table="rpt_stock_consolidated",
        select=f"item_key, sku, name, gtin, unit_of_measure, lowest_available, lowest_account,\n    {systems}"
        "quantity_available, available_spread, oldest_counted_at, system_count",
        source="stock_by_item",
        columns=(
            Column("sku", "Item", "product"),
            *(Column(f"{name}_available", name.replace("_", " "), "out", is_wide=True) for name in names),
            Column("quantity_available", "Sum", "sum"),
            Column("available_spread", "Apart", "number"),
            Column("oldest_counted_at", "Oldest count", "moment", is_wide=True),
        ),
        order="sku nulls last, name nulls last",
        tie="item_key",
        filters={
            "provider": OF_ITEM.format(column="provider", name="provider"),
            "account": OF_ITEM.format(column="account", name="account"),
            "location": "item_key in (select item_key from products_of_items"
            " inner join fct_inventory_levels using (product_key) where location_key = $location)",
            "vendor": OF_ITEM.format(column="vendor_name", name="vendor"),
        },
        search=FOUND_BY_WORD,
        choices=(
            Choice(
                "state",
                "Show",
                (
                    Option("", "all items"),
                    Option("out", "out in every system", "quantity_available <= 0"),
                    Option("negative", "negative in some system", "lowest_available < 0"),
                    Option("apart", "systems apart", "available_spread > 0"),
                    Option("unknown", "available not known", "quantity_available is null"),
                ),
            ),
        ),
        figures={
            "items": "count(*)",
            "out in every system": "count(*) filter (where quantity_available <= 0)",
            "negative in some system": "count(*) filter (where lowest_available < 0)",
            "of unknown quantity": "count(*) filter (where quantity_available is null)",
        },
        empty=NOT_FOUND,
    )


STOCK_OF_PRODUCTS = Listing(
    name="products",
    title="By product",
    table="fct_inventory_positions",
    select="""item_key, product_key, sku, product_name, provider, account, product_id, vendor_name,
    unit_of_measure, quantity_available, quantity_on_hand, quantity_reserved, quantity_incoming,
    available_elsewhere, elsewhere_account, is_additive, untracked_reason, counted_at, asked_at""",
    source="stock_by_product",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("quantity_on_hand", "On hand", "number"),
        Column("quantity_reserved", "Reserved", "number", is_wide=True),
        Column("quantity_incoming", "Incoming", "number", is_wide=True),
        ELSEWHERE,
        Column("counted_at", "Counted", "moment", is_wide=True),
    ),
    order="sku nulls last, product_name nulls last",
    tie="product_key",
    filters={
        "provider": "provider = $provider",
        "account": "account = $account",
        "location": "product_key in"
        " (select product_key from fct_inventory_levels where location_key = $location)",
        "vendor": "vendor_name = $vendor",
    },
    search=FOUND_BY_WORD,
    choices=(
        Choice(
            "state",
            "Show",
            (
                Option("", "all products"),
                Option("out", "out", "is_additive and quantity_available <= 0"),
                Option("negative", "negative", "quantity_available < 0"),
                Option("unknown", "available not known", "quantity_available is null"),
            ),
        ),
    ),
    empty=NOT_FOUND,
)

STOCK_OF_PLACES = Listing(
    name="places",
    title="By place",
    table="rpt_stock_on_hand",
    select="""stock.item_key, stock.product_key, stock.sku, stock.product_name, stock.provider,
    stock.account, stock.product_id, stock.location_name, stock.unit_of_measure, stock.quantity_available,
    stock.quantity_on_hand, stock.quantity_reserved, stock.quantity_incoming, stock.quantity_unsellable,
    stock.available_elsewhere, stock.elsewhere_account, stock.is_additive,
    stock.untracked_reason, stock.counted_at, stock.asked_at""",
    source="rpt_stock_on_hand as stock",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("quantity_on_hand", "On hand", "number"),
        Column("quantity_reserved", "Reserved", "number", is_wide=True),
        Column("quantity_incoming", "Incoming", "number", is_wide=True),
        Column("quantity_unsellable", "Unsellable", "number", is_wide=True),
        Column("counted_at", "Counted", "moment", is_wide=True),
    ),
    order="stock.sku nulls last, stock.product_name nulls last, stock.location_name nulls last",
    tie="stock.product_key, stock.location_key",
    filters={
        "provider": "stock.provider = $provider",
        "account": "stock.account = $account",
        "location": "stock.location_key = $location",
        "vendor": f"stock.{VENDOR_OF_PRODUCT}",
    },
    search=FOUND_BY_WORD,
    choices=(
        Choice(
            "state",
            "Show",
            (
                Option("", "all places"),
                Option("out", "out there", "stock.is_additive and stock.quantity_available <= 0"),
                Option("negative", "negative", "stock.quantity_available < 0"),
                Option("unknown", "available not known", "stock.quantity_available is null"),
            ),
        ),
    ),
    empty=NOT_FOUND,
)

# Low and out

IN_OWN_STOCK = Choice(
    "show",
    "Products",
    (
        Option("", "active, with stock of their own", "low.is_additive and low.is_product_active"),
        Option("all", "all, shadows and bundles too"),
    ),
)

REORDER = Listing(
    name="reorder",
    title="At or below reorder point",
    table="rpt_low_stock",
    select="""low.item_key, low.product_key, low.sku, low.product_name, low.provider, low.account,
    low.product_id, coalesce(low.location_name, 'all together') as location_name, low.vendor_name,
    low.unit_of_measure, low.quantity_available, low.reorder_point, low.quantity_short, low.quantity_incoming,
    low.quantity_suggested,
    low.available_elsewhere, low.elsewhere_account, cover.quantity_sold, cover.velocity_source,
    low.is_additive""",
    source="rpt_low_stock as low",
    joins="left join cover_by_product as cover on low.product_key = cover.product_key",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("reorder_point", "Reorder at", "number", is_wide=True),
        Column("quantity_short", "Short", "bar"),
        Column("quantity_incoming", "Incoming", "number", is_wide=True),
        Column("quantity_suggested", "Suggested", "number"),
        ELSEWHERE,
        Column("quantity_sold", "Sold, 30 d", "number", is_wide=True),
        Column("vendor_name", "Vendor", is_wide=True),
    ),
    order="low.quantity_short desc",
    tie="low.low_stock_key",
    filters={
        "provider": "low.provider = $provider",
        "account": "low.account = $account",
        "location": "low.location_key = $location",
        "vendor": "low.vendor_name = $vendor",
    },
    choices=(
        Choice(
            "state",
            "Show",
            (
                Option("", "all"),
                Option("left", "not out yet", "low.quantity_available > 0"),
                Option("out", "out", "low.quantity_available <= 0"),
            ),
        ),
        IN_OWN_STOCK,
    ),
    figures={
        "products": "count(distinct low.product_key)",
        "places": "count(*)",
        "of them out": "count(*) filter (where low.quantity_available <= 0)",
        "have stock in another system": "count(*) filter (where low.available_elsewhere > 0)",
    },
    empty="Nothing is at or below its reorder point.",
    group="vendor_name",
)


def _stockouts(name: str, title: str, order: str, always: str, empty: str, *more: Column) -> Listing:
    return Listing(
        name=name,
        title=title,
        table="rpt_stockouts",
        select="""spells.item_key, spells.product_key, spells.sku, spells.product_name,
    spells.provider, spells.account, spells.product_id, spells.started_on, spells.last_day_out,
    spells.days_out, spells.days_observed, spells.is_ongoing, spells.is_at_least,
    spells.available_elsewhere, spells.elsewhere_account, cover.quantity_sold, cover.velocity_source""",
        source="rpt_stockouts as spells",
        joins="left join cover_by_product as cover on spells.product_key = cover.product_key",
        columns=(
            PRODUCT,
            Column("days_out", "Days out", "bar"),
            Column("started_on", "Since", "day"),
            *more,
            Column("days_observed", "Days looked at", "number", is_wide=True),
            ELSEWHERE,
            Column("quantity_sold", "Sold, 30 d", "number", is_wide=True),
        ),
        order=order,
        tie="spells.stockout_key",
        always=f"spells.is_additive and {always}",
        filters={
            "provider": "spells.provider = $provider",
            "account": "spells.account = $account",
            "vendor": f"spells.{VENDOR_OF_PRODUCT}",
        },
        choices=(
            Choice(
                "state",
                "Show",
                (Option("", "all"), Option("selling", "that sold in 30 days", "cover.quantity_sold > 0")),
            ),
        ),
        figures={
            "spells": "count(*)",
            "have stock in another system": "count(*) filter (where spells.available_elsewhere > 0)",
        },
        empty=empty,
    )


OUT_NOW = _stockouts(
    "out",
    "Out now",
    "cover.quantity_sold desc nulls last, spells.days_out desc",
    "spells.is_ongoing",
    "Nothing is out.",
)
OUT_BEFORE = _stockouts(
    "ended",
    "Ended lately",
    "spells.last_day_out desc, spells.days_out desc",
    "not spells.is_ongoing",
    "No spell without stock has ended since history began.",
    Column("last_day_out", "Last day out", "day"),
)

PROMISED = Listing(
    name="promised",
    title="Promised twice",
    table="rpt_oversell_risk",
    select="""risk.item_key, risk.product_key, risk.sku, risk.product_name, risk.provider,
    risk.account, risk.product_id, risk.quantity_available, risk.quantity_promised, risk.quantity_at_risk,
    risk.quantity_advertised, risk.advertised_by_shadows, risk.advertised_by_kits, risk.quantity_backordered,
    risk.is_oversold, risk.available_elsewhere, risk.elsewhere_account""",
    source="rpt_oversell_risk as risk",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("quantity_promised", "Promised", "number", is_wide=True),
        Column("quantity_at_risk", "At risk", "bar"),
        Column("quantity_advertised", "By itself", "number", is_wide=True),
        Column("advertised_by_shadows", "By shadows", "number", is_wide=True),
        Column("advertised_by_kits", "By kits", "number", is_wide=True),
        Column("quantity_backordered", "Waited for", "number", is_wide=True),
        ELSEWHERE,
    ),
    order="risk.is_oversold desc, risk.quantity_at_risk desc",
    tie="risk.product_key",
    filters={
        "provider": "risk.provider = $provider",
        "account": "risk.account = $account",
        "vendor": f"risk.{VENDOR_OF_PRODUCT}",
    },
    choices=(
        Choice(
            "state",
            "Show",
            (
                Option("", "all at risk", "risk.quantity_at_risk > 0"),
                Option("oversold", "more sold than there is", "risk.is_oversold"),
            ),
        ),
    ),
    figures={
        "products": "count(*)",
        "sold beyond what there is": "count(*) filter (where risk.is_oversold)",
    },
    empty="No product is promised beyond what there is, where the channels say what they offer.",
)

# Cover

SELLS = "cover.quantity_available > 0 and cover.days_of_cover"
BUCKETS = (
    Option("out", "out", "cover.quantity_available <= 0 and not cover.is_no_demand"),
    Option("7", "under 7 days", f"{SELLS} < 7"),
    Option("14", "7 to 14", f"{SELLS} >= 7 and cover.days_of_cover < 14"),
    Option("30", "14 to 30", f"{SELLS} >= 14 and cover.days_of_cover < 30"),
    Option("60", "30 to 60", f"{SELLS} >= 30 and cover.days_of_cover < 60"),
    Option("90", "60 to 90", f"{SELLS} >= 60 and cover.days_of_cover < 90"),
    Option("more", "90 and more", f"{SELLS} >= 90"),
    Option("none", "no demand", "cover.is_no_demand"),
    Option(
        "unknown",
        "not known",
        "cover.is_no_demand is null or (not cover.is_no_demand and (cover.quantity_available is null"
        " or (cover.quantity_available > 0 and cover.days_of_cover is null)))",
    ),
)
"""Every product stands in one of them."""

COVER = Listing(
    name="cover",
    title="Days of cover",
    table="rpt_days_of_cover",
    select="""cover.item_key, cover.product_key, cover.sku, cover.product_name, cover.provider,
    cover.account, cover.product_id, cover.vendor_name, cover.unit_of_measure, cover.quantity_available,
    cover.days_of_cover, cover.days_of_cover_all_days, cover.sells_out_on, cover.quantity_sold,
    cover.daily_sales_in_stock, cover.velocity_source, cover.covered_days, cover.days_in_stock,
    cover.days_observed, cover.is_no_demand, cover.abc_class, cover.available_elsewhere,
    cover.elsewhere_account""",
    source="cover_by_product as cover",
    columns=(
        PRODUCT,
        Column("quantity_available", "Available", "out"),
        Column("days_of_cover", "Days left", "days"),
        Column("sells_out_on", "Out on", "day", is_wide=True),
        Column("days_of_cover_all_days", "By all days", "days", is_wide=True),
        Column("quantity_sold", "Sold, 30 d", "number"),
        Column("velocity_source", "Told by", "system", is_wide=True),
        Column("days_in_stock", "Days in stock", "number", is_wide=True),
        Column("abc_class", "Class", is_wide=True),
        ELSEWHERE,
    ),
    order="case when cover.quantity_available > 0 then cover.days_of_cover end asc nulls last,"
    " cover.quantity_sold desc nulls last",
    tie="cover.product_key",
    filters={
        "provider": "cover.provider = $provider",
        "account": "cover.account = $account",
        "vendor": "cover.vendor_name = $vendor",
    },
    choices=(
        Choice("state", "Show", (Option("", "all"), *BUCKETS)),
        Choice(
            "class",
            "Class",
            (
                Option("", "all"),
                *(
                    Option(one, one, f"cover.abc_class = '{one}'")
                    for one in ("A", "B", "C", "none", "unknown")
                ),
            ),
        ),
    ),
    limits=(Limit("days", "Days below", f"{SELLS} < cast($days as decimal(18, 4))"),),
    empty="No product is like that.",
)

# Kits

KITS = Listing(
    name="kits",
    title="Kits",
    table="rpt_kit_buildable",
    select="""kits.item_key, kits.product_key, kits.sku, kits.product_name, kits.provider,
    kits.account, kits.product_id, kits.quantity_available, kits.quantity_buildable_in_all,
    kits.promised_beyond, kits.limiting_part, kits.limiting_item_key, kits.limiting_count, kits.place_count,
    kits.component_count, kits.unknown_component_count, kits.has_own_stock, kits.is_cycle, kits.is_cut_off,
    kits.is_recipe_complete""",
    source="""(
    select
        lines.kit_product_key as product_key,
        max(lines.item_key) as item_key,
        max(lines.kit_sku) as sku,
        max(lines.kit_name) as product_name,
        max(lines.provider) as provider,
        max(lines.account) as account,
        max(lines.kit_product_id) as product_id,
        bool_or(lines.has_own_stock) as has_own_stock,
        max(lines.quantity_available) as quantity_available,
        max(lines.quantity_buildable_in_all) as quantity_buildable_in_all,
        max(case
            when not lines.has_own_stock then lines.quantity_available - lines.quantity_buildable_in_all
        end) as promised_beyond,
        max(coalesce(lines.limiting_sku, lines.limiting_product_id)) as limiting_part,
        max(lines.limiting_item_key) as limiting_item_key,
        count(distinct lines.limiting_product_id) as limiting_count,
        count(lines.location_key) as place_count,
        max(lines.component_count) as component_count,
        max(lines.unknown_component_count) as unknown_component_count,
        bool_or(lines.is_cycle) as is_cycle,
        bool_or(lines.is_cut_off) as is_cut_off,
        bool_and(lines.is_recipe_complete) as is_recipe_complete
    from rpt_kit_buildable as lines
    group by lines.kit_product_key
) as kits""",
    columns=(
        Column("sku", "Kit", "product"),
        Column("quantity_available", "System says", "number"),
        Column("quantity_buildable_in_all", "Can be made", "out"),
        Column("promised_beyond", "Too many", "number", is_wide=True),
        Column("limiting_part", "Part that stops it", "part"),
        Column("component_count", "Parts", "number", is_wide=True),
        Column("unknown_component_count", "Of unknown stock", "number", is_wide=True),
        Column("is_recipe_complete", "Recipe", "recipe", is_wide=True),
    ),
    order="kits.promised_beyond desc nulls last, kits.quantity_buildable_in_all asc nulls last",
    tie="kits.product_key",
    filters={
        "provider": "kits.provider = $provider",
        "account": "kits.account = $account",
        "vendor": f"kits.{VENDOR_OF_PRODUCT}",
    },
    choices=(
        Choice(
            "state",
            "Show",
            (
                Option("", "all kits"),
                Option("none", "cannot be made", "kits.quantity_buildable_in_all <= 0"),
                Option("beyond", "more promised than can be made", "kits.promised_beyond > 0"),
                Option("unknown", "recipe not known", "not kits.is_recipe_complete"),
            ),
        ),
    ),
    empty="No kit is like that.",
)

KITS_BY_PLACE = Listing(
    name="places",
    title="By place",
    table="rpt_kit_buildable",
    select="""lines.item_key, lines.kit_product_key as product_key, lines.kit_sku as sku,
    lines.kit_name as product_name, lines.provider, lines.account, lines.kit_product_id as product_id,
    coalesce(lines.location_name, lines.location_id, 'all together') as location_name,
    lines.quantity_buildable, coalesce(lines.limiting_sku, lines.limiting_product_id) as limiting_part,
    lines.limiting_item_key, 1 as limiting_count, lines.component_count,
    lines.unknown_component_count, lines.stock_basis, lines.is_cycle, lines.is_cut_off,
    lines.is_recipe_complete""",
    source="rpt_kit_buildable as lines",
    columns=(
        Column("sku", "Kit", "product"),
        Column("quantity_buildable", "Can be made there", "out"),
        Column("limiting_part", "Part that stops it", "part"),
        Column("unknown_component_count", "Of unknown stock", "number", is_wide=True),
        Column("stock_basis", "Made of", "system", is_wide=True),
        Column("is_recipe_complete", "Recipe", "recipe", is_wide=True),
    ),
    order="lines.kit_sku nulls last, lines.kit_name nulls last, lines.location_name nulls last",
    tie="lines.kit_product_key, lines.location_key",
    filters={
        "provider": "lines.provider = $provider",
        "account": "lines.account = $account",
        "location": "lines.location_key = $location",
    },
    empty="No kit is like that.",
)

PARTS = Listing(
    name="parts",
    title="Parts that stop most kits",
    table="rpt_kit_buildable",
    select="""parts.item_key, parts.product_key, products.sku, products.name as product_name, parts.provider,
    parts.account, products.product_id, products.vendor_name, parts.kit_count, positions.quantity_available,
    positions.quantity_incoming""",
    source="""(
    select
        lines.limiting_item_key as item_key,
        lines.limiting_product_key as product_key,
        lines.provider,
        lines.account,
        count(distinct lines.kit_product_key) as kit_count
    from rpt_kit_buildable as lines
    where lines.quantity_buildable_in_all <= 0 and lines.limiting_product_key is not null
    group by lines.limiting_item_key, lines.limiting_product_key, lines.provider, lines.account
) as parts
inner join dim_products as products on parts.product_key = products.product_key
left join fct_inventory_positions as positions on parts.product_key = positions.product_key""",
    columns=(
        Column("sku", "Part", "product"),
        Column("kit_count", "Kits it stops", "bar"),
        Column("quantity_available", "Available", "out"),
        Column("quantity_incoming", "Incoming", "number"),
        Column("vendor_name", "Vendor", is_wide=True),
    ),
    order="parts.kit_count desc",
    tie="parts.product_key",
    filters={
        "provider": "parts.provider = $provider",
        "account": "parts.account = $account",
        "vendor": "products.vendor_name = $vendor",
    },
    empty="No kit lacks a part.",
)

# Disagreements

MEASURE = Choice(
    "measure",
    "Measure",
    (
        Option("", "available", "measure = 'available'"),
        Option("on_hand", "on hand", "measure = 'on_hand'"),
    ),
)
SINCE = Limit("since", "Since", "disagrees_since >= $since", "date")

APART = Listing(
    name="items",
    title="By item",
    table="rpt_reconciliation",
    select="""item_key, sku, name, measure, sides.quantities, left_account, left_quantity, right_account,
    right_quantity, apart, disagrees_since, known_through, is_new""",
    source="apart_items",
    joins="left join apart_sides as sides on item_key = sides.of_item and measure = sides.of_measure",
    columns=(
        Column("sku", "Item", "product"),
        Column("quantities", "From least to most", "dots", is_wide=True, is_sortable=False),
        Column("left_quantity", "Furthest apart", "sides", is_sortable=False),
        Column("apart", "Apart", "number"),
        Column("disagrees_since", "Since", "day"),
        Column("known_through", "Known through", "moment", is_wide=True),
    ),
    order="is_new desc, apart desc",
    tie="item_key, measure",
    filters={
        "provider": OF_ITEM.format(column="provider", name="provider"),
        "account": OF_ITEM.format(column="account", name="account"),
        "vendor": OF_ITEM.format(column="vendor_name", name="vendor"),
    },
    choices=(
        MEASURE,
        Choice("state", "Show", (Option("", "all"), Option("new", "new on the last day", "is_new"))),
    ),
    limits=(Limit("least", "Apart by at least", "apart >= cast($least as decimal(38, 10))"), SINCE),
    figures={
        "items": "count(*)",
        "new on the last day": "count(*) filter (where is_new)",
    },
    empty="The systems that were asked within a day of each other agree on every item they share.",
)

PAIRS = Listing(
    name="pairs",
    title="By pair of systems",
    table="rpt_reconciliation",
    select="""item_key, sku, name, measure, left_account, left_quantity, right_account, right_quantity,
    difference, disagrees_since, match_rule, left_known_through, right_known_through""",
    source="rpt_reconciliation",
    columns=(
        Column("sku", "Item", "product"),
        Column("left_quantity", "The two", "sides", is_sortable=False),
        Column("difference", "Difference", "number"),
        Column("disagrees_since", "Since", "day"),
        Column("match_rule", "Matched by", is_wide=True),
        Column("left_known_through", "First known through", "moment", is_wide=True),
        Column("right_known_through", "Second known through", "moment", is_wide=True),
    ),
    order="abs(difference) desc",
    tie="reconciliation_key",
    filters={
        "provider": "(left_provider = $provider or right_provider = $provider)",
        "account": "(left_account = $account or right_account = $account)",
    },
    choices=(MEASURE,),
    limits=(Limit("least", "Apart by at least", "abs(difference) >= cast($least as decimal(38, 10))"), SINCE),
    empty="The systems that were asked within a day of each other agree on every item they share.",
)

CODES = Listing(
    name="codes",
    title="Codes that match nothing",
    table="rpt_ambiguous_codes",
    select="""item_key, product_key, sku, product_name, provider, account, product_id, code_type, code,
    products_in_account, gtin""",
    source="rpt_ambiguous_codes",
    columns=(
        PRODUCT,
        Column("code_type", "Kind"),
        Column("code", "Code"),
        Column("products_in_account", "Products that share it", "number"),
    ),
    order="code_type, code, account",
    tie="product_key",
    filters={**OF_PRODUCT, "vendor": VENDOR_OF_PRODUCT},
    empty="No code stands for two products of one account.",
)

# Freshness

RESOURCES = Listing(
    name="resources",
    title="What was asked",
    table="rpt_freshness",
    select="""account, provider, resource, last_status, asked_through, lag_seconds, newest_counted_at,
    counted_age_seconds, last_run_at, last_success_at, last_sweep_at, is_configured, as_of""",
    source="rpt_freshness",
    columns=(
        Column("account", "Account", "system"),
        Column("resource", "Resource", "system"),
        Column("last_status", "Last read", "status"),
        Column("asked_through", "Complete through", "moment"),
        Column("lag_seconds", "Behind", "duration", is_wide=True),
        Column("newest_counted_at", "Newest count", "moment", is_wide=True),
        Column("last_sweep_at", "Read whole", "moment", is_wide=True),
    ),
    order="last_status = 'ok', lag_seconds desc nulls first",
    tie="account, resource",
    filters=OF_PRODUCT,
    choices=(
        Choice(
            "show",
            "Accounts",
            (Option("", "configured", "is_configured"), Option("all", "all that ever were")),
        ),
    ),
    empty="No account has been asked.",
)

RUNS = Listing(
    name="runs",
    title="Last runs",
    table="rpt_sync_proof",
    select="""run_id, account, provider, resource, mode, status, started_at, finished_at, rows_promised,
    rows_read, rows_unreadable, rows_missing, rows_new, rows_retired, rows_repaired, requests, retries,
    error_class, error_message""",
    source="rpt_sync_proof",
    columns=(
        Column("started_at", "Began", "moment"),
        Column("account", "Account", "system"),
        Column("resource", "Resource", "system", is_wide=True),
        Column("mode", "How", is_wide=True),
        Column("status", "Result", "status"),
        Column("rows_promised", "Promised", "number", is_wide=True),
        Column("rows_read", "Read", "number"),
        Column("rows_unreadable", "Unreadable", "number", is_wide=True),
        Column("rows_missing", "Missing", "number", is_wide=True),
        Column("rows_new", "New versions", "number", is_wide=True),
        Column("rows_retired", "Gone", "number", is_wide=True),
        Column("rows_repaired", "Repaired", "number"),
        Column("error_message", "In words", is_wide=True, is_sortable=False),
    ),
    order="started_at desc",
    tie="sync_key",
    filters=OF_PRODUCT,
    choices=(
        Choice(
            "state",
            "Show",
            (
                Option("", "all"),
                Option("bad", "failed or held back", "status <> 'ok'"),
                Option("repaired", "that repaired something", "rows_repaired > 0"),
            ),
        ),
    ),
    empty="No run has been noted.",
)

DRIFT = Listing(
    name="drift",
    title="Fields that changed",
    table="rpt_schema_drift",
    select="""provider, account, resource, field_path, drift, record_key, said, reason, declared_type,
    kinds_seen, version_count, current_count, uncast_count, feeds_measure, first_seen_at, last_seen_at""",
    source="rpt_schema_drift",
    columns=(
        Column("field_path", "Field"),
        Column("provider", "System", "system"),
        Column("resource", "Resource", "system", is_wide=True),
        Column("drift", "What", "system"),
        Column("declared_type", "Declared", is_wide=True),
        Column("kinds_seen", "Seen as", is_wide=True),
        Column("record_key", "Record", is_wide=True),
        Column("said", "Says", is_wide=True),
        Column("current_count", "In records now", "number"),
        Column("last_seen_at", "Last seen", "moment", is_wide=True),
    ),
    order="drift, provider, resource, field_path",
    tie="field_key, account, record_key, reason",
    filters={"provider": "provider = $provider"},
    always="drift <> 'never_seen'",
    empty="Every field came as it is declared.",
)


@dataclass(frozen=True)
class Page:
    """A page with tabs, of which one is shown."""

    path: str
    title: str
    question: str
    tabs: tuple[Listing, ...]

    def tab(self, params: Mapping[str, str]) -> Listing:
        """The listing that is asked for: by name, else the one the filters are about."""
        named = next((one for one in self.tabs if one.name == params.get("tab")), None)
        if named is not None:
            return named
        wanted = next((one for one in ("location", "account") if params.get(one)), None)
        by_filter = {"location": "places", "account": "products"}.get(wanted or "", "")
        return next(
            (one for one in self.tabs if self.path == "/stock" and one.name == by_filter), self.tabs[0]
        )


def pages(release: Release) -> tuple[Page, ...]:
    """Every page but Today and the item's own."""
    return (
        Page(
            "/stock",
            "Stock",
            "How much of it is where, in every system?",
            (stock_of_items(release), STOCK_OF_PRODUCTS, STOCK_OF_PLACES),
        ),
        Page(
            "/low",
            "Low and out",
            "What do I order, move or recount?",
            (REORDER, OUT_NOW, OUT_BEFORE, PROMISED),
        ),
        Page("/cover", "Cover", "When will it run out?", (COVER,)),
        Page("/kits", "Kits", "How many can be made, and which part stops me?", (KITS, KITS_BY_PLACE, PARTS)),
        Page("/disagreements", "Disagreements", "Who says what, since when?", (APART, PAIRS, CODES)),
        Page("/freshness", "Freshness", "How sure are we?", (RESOURCES, RUNS, DRIFT)),
    )


# Today


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
    Tile(
        "Systems disagree",
        "/disagreements",
        APART,
        {},
        "items with different numbers",
        "info",
        {"new on the last day": "count(*) filter (where is_new)"},
    ),
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
        "    (select any_value(timezone) from rpt_daily_counts) as timezone\nfrom fct_inventory_daily"
    )


SINCE_YESTERDAY = {
    "Newly out": Listing(
        name="newly_out",
        title="Newly out",
        table="rpt_stockouts",
        select=OUT_NOW.select,
        source=OUT_NOW.source,
        joins=OUT_NOW.joins,
        columns=(PRODUCT, Column("quantity_sold", "Sold, 30 d", "number"), ELSEWHERE),
        order="cover.quantity_sold desc nulls last",
        tie=OUT_NOW.tie,
        always="spells.is_additive and spells.is_ongoing and spells.started_on = spells.last_day_out"
        " and spells.started_on > (select min(date_day) from fct_inventory_daily)",
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
        " and spells.last_day_out = (select max(date_day) from fct_inventory_daily) - 1",
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


# What can be chosen


def filters(reading: Reading) -> dict[str, list[tuple[str, str]]]:
    """What each filter offers: value and label. Vendors are many: the first ones by name."""
    accounts = reading.rows("select account, provider from dim_accounts\norder by account")
    places = reading.rows(
        "select location_key, account, coalesce(name, location_id) as name from dim_locations\n"
        "where deleted_at is null\norder by account, name, location_key\nlimit 500"
    )
    vendors = reading.rows(
        "select distinct vendor_name from dim_products\nwhere vendor_name is not null\n"
        "order by vendor_name\nlimit 500"
    )
    return {
        "provider": [
            (name, name.replace("_", " ")) for name in sorted({row["provider"] for row in accounts})
        ],
        "account": [(row["account"], row["account"]) for row in accounts],
        "location": [(row["location_key"], f"{row['name']} · {row['account']}") for row in places],
        "vendor": [(row["vendor_name"], row["vendor_name"]) for row in vendors],
    }


def colours(reading: Reading) -> dict[str, int]:
    """A colour per account, of its system: the same on every page of a release."""
    rows = reading.rows("select account, provider from dim_accounts\norder by provider, account")
    names = list(dict.fromkeys(row["provider"] for row in rows))
    return {row["account"]: names.index(row["provider"]) for row in rows}


def is_identifier(value: str) -> bool:
    """Whether a text can be one of our keys."""
    return re.fullmatch(r"[0-9a-zA-Z_-]{1,64}", value) is not None
