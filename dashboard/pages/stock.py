"""Stock: how much of it is where, in every system?"""

from dashboard.listings import Column, Listing
from dashboard.pages.common import ELSEWHERE, FOUND_BY_WORD, ITEM_FILTERS, PRODUCT, of, state
from dashboard.pages.shelf import providers
from pipelines.release import Release

NOT_FOUND = "Nothing matches. Search looks into SKU, name, every barcode and product id of all systems."


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
            **ITEM_FILTERS,
            "location": "item_key in (select item_key from products_of_items"
            " inner join fct_inventory_levels using (product_key) where location_key = $location)",
        },
        search=FOUND_BY_WORD,
        choices=(
            state(
                ("", "all items"),
                ("out", "out in every system", "quantity_available <= 0"),
                ("negative", "negative in some system", "lowest_available < 0"),
                ("apart", "systems apart", "available_spread > 0"),
                ("unknown", "available not known", "quantity_available is null"),
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
        **of("", "vendor"),
        "location": "product_key in"
        " (select product_key from fct_inventory_levels where location_key = $location)",
    },
    search=FOUND_BY_WORD,
    choices=(
        state(
            ("", "all products"),
            ("out", "out", "is_additive and quantity_available <= 0"),
            ("negative", "negative", "quantity_available < 0"),
            ("unknown", "available not known", "quantity_available is null"),
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
    filters=of("stock", "location", vendor="product"),
    search=FOUND_BY_WORD,
    choices=(
        state(
            ("", "all places"),
            ("out", "out there", "stock.is_additive and stock.quantity_available <= 0"),
            ("negative", "negative", "stock.quantity_available < 0"),
            ("unknown", "available not known", "stock.quantity_available is null"),
        ),
    ),
    empty=NOT_FOUND,
)
