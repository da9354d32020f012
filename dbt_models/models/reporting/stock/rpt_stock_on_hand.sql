{{ config(meta={'merged_by': ['product_key']}) }}

with

levels as (
    select * from {{ ref('fct_inventory_levels') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

locations as (
    select * from {{ ref('dim_locations') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

joined as (
    select
        levels.product_key,
        levels.location_key,
        item_products.item_key,
        levels.provider,
        levels.account,
        levels.product_id,
        products.sku,
        products.gtin,
        products.name as product_name,
        products.brand,
        levels.location_id,
        locations.name as location_name,
        {% for measure in measures() %}
        levels.{{ measure }},
        {% endfor %}
        levels.is_tracked,
        levels.untracked_reason,
        levels.is_sold_out,
        levels.sold_out_until,
        levels.is_additive,
        products.unit_of_measure,
        item_products.available_elsewhere,
        item_products.elsewhere_account,
        products.is_active as is_product_active,
        locations.is_active as is_location_active,
        products.deleted_at is not null as is_product_deleted,
        locations.deleted_at is not null as is_location_deleted,
        products.is_orphan as is_product_unknown,
        locations.is_orphan as is_location_unknown,
        levels.counted_at,
        levels.asked_at
    from levels
    left join products on levels.product_key = products.product_key
    left join locations on levels.location_key = locations.location_key
    left join item_products on levels.product_key = item_products.product_key
)

select * from joined
