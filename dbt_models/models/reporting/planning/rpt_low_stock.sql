with

-- Who says how much there is in all has a threshold for all of it; the others have one per location.
positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where provider in ('{{ providers_with_totals() | join("', '") }}')
),

levels as (
    select * from {{ ref('fct_inventory_levels') }}
    where provider not in ('{{ providers_with_totals() | join("', '") }}')
),

products as (
    select * from {{ ref('dim_products') }}
    where deleted_at is null
),

locations as (
    select * from {{ ref('dim_locations') }}
),

overrides as (
    select * from {{ ref('bridge_product_locations') }}
),

stock as (
    select
        positions.product_key,
        cast(null as {{ type_string() }}) as location_key,
        cast(null as {{ type_string() }}) as location_id,
        products.reorder_point,
        'product' as reorder_point_source,
        positions.quantity_available,
        positions.quantity_incoming,
        positions.is_additive
    from positions
    inner join products on positions.product_key = products.product_key

    union all

    select
        levels.product_key,
        levels.location_key,
        levels.location_id,
        case
            when overrides.is_alert_on then overrides.reorder_point
            when overrides.is_alert_on is null then products.reorder_point
        end as reorder_point,
        case when overrides.is_alert_on is null then 'product' else 'location' end as reorder_point_source,
        levels.quantity_available,
        levels.quantity_incoming,
        levels.is_additive
    from levels
    inner join products on levels.product_key = products.product_key
    left join overrides
        on
            levels.product_key = overrides.product_key
            and levels.location_key = overrides.location_key
),

low as (
    select
        {{ hash_key(['stock.product_key', 'stock.location_key']) }} as low_stock_key,
        stock.product_key,
        stock.location_key,
        products.provider,
        products.account,
        products.product_id,
        products.sku,
        products.name as product_name,
        products.vendor_name,
        products.is_active as is_product_active,
        stock.location_id,
        locations.name as location_name,
        stock.quantity_available,
        stock.reorder_point,
        cast(stock.reorder_point - stock.quantity_available as {{ type_quantity() }}) as quantity_short,
        stock.quantity_incoming,
        stock.reorder_point_source,
        stock.is_additive
    from stock
    inner join products on stock.product_key = products.product_key
    left join locations on stock.location_key = locations.location_key
    where stock.quantity_available <= stock.reorder_point
)

select * from low
