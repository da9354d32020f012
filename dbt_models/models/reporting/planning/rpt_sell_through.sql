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
        case when sales.quantity_sold is null then 'none' else sales.sales_source end as sales_source,
        sales.window_days,
        sales.covered_days,
        sales.quantity_sold,
        positions.quantity_on_hand,
        -- More returned than sold is nothing sold; what is owed is nothing there.
        case when sales.quantity_sold < 0 then 0 else sales.quantity_sold end as quantity_gone,
        case when positions.quantity_on_hand < 0 then 0 else positions.quantity_on_hand end as quantity_left,
        sales.as_of_day
    from positions
    inner join products on positions.product_key = products.product_key
    left join item_products on positions.product_key = item_products.product_key
    left join sales on positions.product_key = sales.product_key
),

divided as (
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
        sales_source,
        window_days,
        covered_days,
        quantity_sold,
        quantity_on_hand,
        {{ ratio('quantity_gone', 'quantity_gone + quantity_left') }} as sell_through,
        as_of_day
    from joined
)

select * from divided
