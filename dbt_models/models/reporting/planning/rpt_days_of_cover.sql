{{ config(meta={'merged_by': ['product_key']}) }}

with

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive and is_tracked
),

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

sales as (
    select * from {{ ref('fct_product_sales') }}
    where window_days = {{ var('velocity_days') }}
),

periods as (
    select * from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select * from {{ ref('fct_account_days') }}
),

{{ days_seen_in_stock() }},

joined as (
    select
        positions.product_key,
        item_products.item_key,
        positions.provider,
        positions.account,
        positions.product_id,
        products.sku,
        products.name as product_name,
        products.vendor_name,
        products.unit_of_measure,
        positions.quantity_available,
        item_products.available_elsewhere,
        item_products.elsewhere_account,
        case when sales.quantity_sold is null then 'none' else sales.sales_source end as velocity_source,
        sales.window_days,
        sales.covered_days,
        sales.quantity_sold,
        sales.quantity_returned,
        -- More returned than sold is no demand, and no supply.
        case when sales.quantity_sold < 0 then 0 else sales.quantity_sold end as quantity_demanded,
        days.days_observed,
        days.days_in_stock,
        -- What was seen of the window stands for all of it.
        nullif(sales.covered_days * days.days_in_stock, 0) as covered_days_in_stock,
        sales.as_of_day
    from positions
    inner join products on positions.product_key = products.product_key
    inner join sales on positions.product_key = sales.product_key
    left join item_products on positions.product_key = item_products.product_key
    left join days on positions.product_key = days.product_key
),

covered as (
    select
        *,
        {{ ratio('quantity_demanded', 'covered_days') }} as daily_sales,
        {{ ratio('quantity_demanded * days_observed', 'covered_days_in_stock') }} as daily_sales_in_stock,
        case
            when quantity_sold > 0 and quantity_available <= 0 then 0
            when quantity_sold > 0
                then {{ ratio('quantity_available * covered_days_in_stock', 'quantity_sold * days_observed') }}
        end as days_of_cover,
        case
            when quantity_sold > 0 and quantity_available <= 0 then 0
            when quantity_sold > 0
                then {{ ratio('quantity_available * covered_days', 'quantity_sold') }}
        end as days_of_cover_all_days
    from joined
),

dated as (
    select
        product_key,
        item_key,
        provider,
        account,
        product_id,
        sku,
        product_name,
        vendor_name,
        unit_of_measure,
        quantity_available,
        velocity_source,
        window_days,
        covered_days,
        days_observed,
        days_in_stock,
        quantity_sold,
        quantity_returned,
        daily_sales,
        daily_sales_in_stock,
        cast(days_of_cover as {{ type_quantity() }}) as days_of_cover,
        cast(days_of_cover_all_days as {{ type_quantity() }}) as days_of_cover_all_days,
        {{ add_days('as_of_day', 'floor(days_of_cover)') }} as sells_out_on,
        quantity_sold <= 0 as is_no_demand,
        available_elsewhere,
        elsewhere_account,
        as_of_day
    from covered
)

select * from dated
