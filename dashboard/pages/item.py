"""What is asked of one item: its products, its places, its days, and what every report says of it."""

from typing import Any

from dashboard.reader import Reading, Row

HISTORY = 90
"""Days that a chart goes back."""


def item_of_product(reading: Reading, provider: str, account: str, product_id: str) -> str | None:
    """The item that a product is."""
    found = reading.rows(
        "select item_key from bridge_item_products\n"
        "where provider = $provider and account = $account and product_id = $product_id",
        {"provider": provider, "account": account, "product_id": product_id},
    )
    return found[0]["item_key"] if found else None


def items_of_sku(reading: Reading, code: str) -> list[str]:
    """The items that a SKU, barcode or product id may mean, those with most products first."""
    found = reading.rows(
        """\
select members.item_key, count(*) as products
from bridge_item_products as members
inner join dim_products as products on members.product_key = products.product_key
where
    lower(products.sku) = lower($code)
    or products.gtin = $code
    or products.product_id = $code
    or members.product_key in (select product_key from bridge_product_barcodes where barcode = $code)
group by members.item_key
order by products desc, members.item_key""",
        {"code": code},
    )
    return [row["item_key"] for row in found]


def item(reading: Reading, item_key: str) -> dict[str, Any] | None:
    """Everything that is known of one item; None where the release has no such item."""
    values: dict[str, Any] = {"item_key": item_key}
    found = reading.rows("select * from dim_items\nwhere item_key = $item_key", values)
    if not found:
        return None
    members = reading.rows(
        "select product_key from bridge_item_products\nwhere item_key = $item_key\norder by product_key",
        values,
    )
    values |= {f"product_{number}": row["product_key"] for number, row in enumerate(members)}
    named = ", ".join(f"$product_{number}" for number in range(len(members))) or "null"
    products = reading.rows(ITEM_PRODUCTS.replace("{products}", named), values)
    answers = {
        name: reading.rows(question.replace("{products}", named), values)
        for name, question in ITEM_TABLES.items()
    }
    answers["days"] = _days_of(reading, products)
    answers["changes"] = _changes_of(reading, products)
    return {
        "item": found[0],
        "products": products,
        "stock": next(iter(reading.rows(ITEM_STOCK, values)), None),
        **answers,
    }


ITEM_STOCK = """\
select item_key, system_count, quantity_available, unit_of_measure
from rpt_stock_consolidated
where item_key = $item_key"""
ITEM_PRODUCTS = """\
select
    products.*,
    members.match_rule,
    members.is_ambiguous,
    positions.product_key is not null as has_stock,
    positions.is_additive,
    positions.untracked_reason,
    positions.quantity_available,
    positions.quantity_on_hand,
    positions.quantity_reserved,
    positions.quantity_incoming,
    positions.counted_at,
    positions.asked_at,
    codes.barcodes
from (select * from bridge_item_products where item_key = $item_key) as members
inner join (select * from dim_products where product_key in ({products})) as products
    on members.product_key = products.product_key
left join (select * from fct_inventory_positions where product_key in ({products})) as positions
    on members.product_key = positions.product_key
left join (
    select product_key, string_agg(barcode, ', ' order by position) as barcodes
    from bridge_product_barcodes
    where product_key in ({products})
    group by product_key
) as codes on members.product_key = codes.product_key
order by products.provider, products.account, products.product_id"""
OF_ITEM = "product_key in ({products})"
"""Its products, written out: a join would read the keys of all."""
ITEM_TABLES = {
    "places": """\
select provider, account, sku, product_id, location_name, location_id, quantity_available, quantity_on_hand,
    quantity_reserved, quantity_incoming, unit_of_measure, is_additive, counted_at
from rpt_stock_on_hand
where item_key = $item_key
order by provider, account, product_id, location_name nulls last, location_id""",
    "cover": """\
select * from rpt_days_of_cover
where item_key = $item_key
order by provider, account, product_id""",
    "low": """\
select * from rpt_low_stock
where item_key = $item_key
order by provider, account, product_id, location_name nulls first""",
    "spells": """\
select * from rpt_stockouts
where item_key = $item_key
order by started_on desc, product_id
limit 20""",
    "apart": """\
select * from rpt_reconciliation
where item_key = $item_key
order by measure, abs(difference) desc, reconciliation_key""",
    "kits": f"""\
select distinct
    kits.item_key,
    kits.sku,
    kits.product_name,
    kits.provider,
    kits.account,
    kits.product_id,
    trees.quantity_per_kit
from bridge_kit_trees as trees
inner join products_of_items as kits on trees.kit_product_key = kits.product_key
where trees.is_leaf and trees.stock_{OF_ITEM}
order by kits.provider, kits.product_id, trees.quantity_per_kit
limit 50""",
    "recipe": f"""\
select
    trees.kit_product_id,
    trees.path,
    trees.depth,
    trees.component_product_id,
    trees.quantity_per_parent,
    trees.quantity_per_kit,
    trees.is_leaf,
    trees.is_cycle,
    trees.is_cut_off,
    parts.sku,
    parts.product_name,
    parts.item_key,
    stock.quantity_available
from bridge_kit_trees as trees
left join products_of_items as parts on trees.component_product_key = parts.product_key
left join stock_by_product as stock on trees.stock_product_key = stock.product_key
where trees.kit_{OF_ITEM}
order by trees.provider, trees.account, trees.kit_product_id,
    list_transform(string_split(trees.path, '/'), lambda step: lpad(step, 6, '0'))
limit 200""",
    "fields": f"""\
select provider, account, product_id, field_name, value_text
from bridge_product_custom_fields
where {OF_ITEM} and value_text is not null
order by provider, account, product_id, field_name, position
limit 100""",
    "moves": f"""\
select
    moves.provider,
    moves.account,
    moves.movement_type,
    moves.occurred_at,
    moves.quantity,
    moves.from_state,
    moves.to_state,
    moves.source_name,
    origins.name as from_location,
    targets.name as to_location
from fct_stock_movements as moves
left join dim_locations as origins on moves.from_location_key = origins.location_key
left join dim_locations as targets on moves.to_location_key = targets.location_key
where moves.{OF_ITEM}
order by moves.occurred_at desc, moves.movement_key
limit 20""",
}


def _these(products: list[Row]) -> tuple[str, dict[str, Any]]:
    """Products by our key, by which the files of facts are sorted."""
    values = {f"product_{number}": product["product_key"] for number, product in enumerate(products)}
    return f"product_key in ({', '.join(f'${name}' for name in values) or 'null'})", values


def _days_of(reading: Reading, products: list[Row]) -> list[Row]:
    chosen, values = _these([one for one in products if one["is_additive"]] or products)
    return reading.rows(
        f"""\
select
    date_day,
    provider,
    account,
    case when count(*) = count(quantity_available) then sum(quantity_available) end as quantity_available,
    bool_and(is_observed) as is_observed
from fct_inventory_daily
where
    date_day > (select max(date_day) from fct_account_days) - {HISTORY}
    and {chosen}
group by date_day, provider, account
order by provider, account, date_day""",
        values,
    )


def _changes_of(reading: Reading, products: list[Row]) -> list[Row]:
    chosen, values = _these(products)
    return reading.rows(
        f"""\
select
    changes.valid_from,
    changes.provider,
    changes.account,
    changes.product_id,
    places.name as location_name,
    changes.quantity_available,
    changes.available_change,
    changes.quantity_on_hand,
    changes.on_hand_change
from (
    select * from fct_inventory_changes
    where {chosen}
) as changes
left join dim_locations as places on changes.location_key = places.location_key
order by changes.valid_from desc, changes.account, changes.product_id, changes.location_key
limit 20""",
        values,
    )
