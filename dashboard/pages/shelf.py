"""What pages ask again and again: tables of the dashboard's own, made of one question each."""

from dashboard.reader import Shelf
from pipelines.release import Release


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
            "class_by_product": CLASS_BY_PRODUCT,
            "products_of_items": PRODUCTS_OF_ITEMS,
            "apart_items": APART_ITEMS,
            "item_words": ITEM_WORDS,
            "stock_by_product": STOCK_BY_PRODUCT,
        },
        (
            "rpt_stock_on_hand",
            "rpt_low_stock",
            "rpt_stockouts",
            "rpt_oversell_risk",
            "rpt_value_by_location",
            "rpt_sell_through",
            "rpt_days_of_cover",
            "rpt_reconciliation",
        ),
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
CLASS_BY_PRODUCT = """\
select product_key, abc_class
from rpt_abc_classes"""
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
cross join (select min(date_day) as first_day, max(date_day) as last_day from fct_account_days)"""
