with

buildable as (
    select * from {{ ref('fct_kits_buildable') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

locations as (
    select * from {{ ref('dim_locations') }}
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

named as (
    select
        buildable.kit_product_key,
        buildable.location_key,
        item_products.item_key,
        buildable.provider,
        buildable.account,
        buildable.kit_product_id,
        products.sku as kit_sku,
        products.name as kit_name,
        buildable.location_id,
        locations.name as location_name,
        positions.is_additive as has_own_stock,
        positions.quantity_available,
        buildable.quantity_buildable,
        buildable.quantity_buildable_in_all,
        buildable.limiting_product_key,
        buildable.limiting_product_id,
        limiting_products.sku as limiting_sku,
        limiting_items.item_key as limiting_item_key,
        buildable.component_count,
        buildable.unknown_component_count,
        buildable.stock_basis,
        buildable.is_cycle,
        buildable.is_cut_off,
        buildable.is_recipe_complete
    from buildable
    inner join products on buildable.kit_product_key = products.product_key
    left join products as limiting_products on buildable.limiting_product_key = limiting_products.product_key
    left join locations on buildable.location_key = locations.location_key
    left join positions on buildable.kit_product_key = positions.product_key
    left join item_products on buildable.kit_product_key = item_products.product_key
    left join item_products as limiting_items on buildable.limiting_product_key = limiting_items.product_key
)

select * from named
