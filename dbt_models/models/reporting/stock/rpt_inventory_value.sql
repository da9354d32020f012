{{ config(meta={'merged_by': ['product_key']}) }}

with

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where is_additive
),

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

-- Nothing that somebody keeps in stock costs nothing: a zero is a cost that nobody entered.
joined as (
    select
        positions.product_key,
        item_products.item_key,
        positions.provider,
        positions.account,
        positions.product_id,
        products.sku,
        products.name as product_name,
        products.brand,
        products.vendor_name,
        products.deleted_at is not null as is_product_deleted,
        positions.quantity_on_hand,
        nullif(products.unit_cost, 0) as unit_cost,
        products.currency_code
    from positions
    inner join products on positions.product_key = products.product_key
    left join item_products on positions.product_key = item_products.product_key
),

valued as (
    select
        *,
        {{ times('quantity_on_hand', 'unit_cost') }} as value_at_cost,
        unit_cost is null as is_cost_missing,
        currency_code is null as is_currency_missing
    from joined
)

select * from valued
