{{ config(meta={'merged_by': ['product_key']}) }}

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

item_products as (
    select * from {{ ref('bridge_item_products') }}
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
        positions.unknown_measures,
        1 as place_count,
        positions.is_additive
    from positions
    inner join products on positions.product_key = products.product_key

    union all

    select
        levels.product_key,
        levels.location_key,
        levels.location_id,
        {{ reorder_point_there() }} as reorder_point,
        case when overrides.is_alert_on is null then 'product' else 'location' end as reorder_point_source,
        levels.quantity_available,
        levels.quantity_incoming,
        levels.unknown_measures,
        count(*) over (partition by levels.product_key) as place_count,
        levels.is_additive
    from levels
    inner join products on levels.product_key = products.product_key
    left join overrides
        on
            levels.product_key = overrides.product_key
            and levels.location_key = overrides.location_key
),

low as (
    select * from stock
    where quantity_available <= reorder_point
),

periods as (
    select * from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select * from {{ ref('fct_account_days') }}
),

-- Sales are of all locations together, so they say what one needs only where it is the only one.
low_alone as (
    select product_key
    from low
    where place_count = 1 and is_additive
),

sales as (
    select product_sales.*
    from {{ ref('fct_product_sales') }} as product_sales
    inner join low_alone on product_sales.product_key = low_alone.product_key
    where product_sales.window_days = {{ var('velocity_days') }}
),

{{ days_seen_in_stock() }},

demands as (
    select
        sales.product_key,
        {{ ratio(
            'case when sales.quantity_sold < 0 then 0 else sales.quantity_sold end'
            ~ ' * days.days_observed * sales.window_days',
            'sales.covered_days * days.days_in_stock'
        ) }} as quantity_demanded
    from sales
    inner join days on sales.product_key = days.product_key
),

needed as (
    select
        low.*,
        -- Who does not say what is on its way is taken at his word; what cannot be read is not known.
        low.reorder_point + demands.quantity_demanded - low.quantity_available - case
            when {{ is_unknown('quantity_incoming', 'low.') }} then null
            else coalesce(low.quantity_incoming, 0)
        end as quantity_needed
    from low
    left join demands on low.product_key = demands.product_key and low.place_count = 1 and low.is_additive
),

joined as (
    select
        {{ hash_key(['needed.product_key', 'needed.location_key']) }} as low_stock_key,
        needed.product_key,
        needed.location_key,
        item_products.item_key,
        products.provider,
        products.account,
        products.product_id,
        products.sku,
        products.name as product_name,
        products.vendor_name,
        products.is_active as is_product_active,
        needed.location_id,
        locations.name as location_name,
        products.unit_of_measure,
        needed.quantity_available,
        needed.reorder_point,
        cast(needed.reorder_point - needed.quantity_available as {{ type_quantity() }}) as quantity_short,
        needed.quantity_incoming,
        case
            when needed.quantity_needed <= 0 then 0
            when {{ unit_counted('products.unit_of_measure') }} = ''
                then cast(ceil(needed.quantity_needed) as {{ type_quantity() }})
            else cast(needed.quantity_needed as {{ type_quantity() }})
        end as quantity_suggested,
        needed.reorder_point_source,
        item_products.available_elsewhere,
        item_products.elsewhere_account,
        needed.is_additive
    from needed
    inner join products on needed.product_key = products.product_key
    left join item_products on needed.product_key = item_products.product_key
    left join locations on needed.location_key = locations.location_key
)

select * from joined
