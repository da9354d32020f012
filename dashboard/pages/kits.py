"""Kits: how many can be made, and which part stops me?"""

from dashboard.listings import Column, Listing
from dashboard.pages.common import of, state

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
    filters=of("kits", vendor="product"),
    choices=(
        state(
            ("", "all kits"),
            ("none", "cannot be made", "kits.quantity_buildable_in_all <= 0"),
            ("beyond", "more promised than can be made", "kits.promised_beyond > 0"),
            ("unknown", "recipe not known", "not kits.is_recipe_complete"),
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
    filters=of("lines", "location"),
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
    filters={**of("parts"), "vendor": "products.vendor_name = $vendor"},
    empty="No kit lacks a part.",
)
