-- Matching neither loses a product nor doubles one, and an item has as many as it says.
with

bridged as (
    select
        product_key,
        count(*) as items
    from {{ ref('bridge_item_products') }}
    group by product_key
),

bridged_items as (
    select
        item_key,
        count(*) as product_count,
        count(distinct {{ hash_key(['provider', 'account']) }}) as account_count,
        count(distinct provider) as system_count
    from {{ ref('bridge_item_products') }}
    group by item_key
),

wrong as (
    select coalesce(products.product_key, bridged.product_key) as wrong_key
    from {{ ref('dim_products') }} as products
    full outer join bridged on products.product_key = bridged.product_key
    where products.product_key is null or bridged.product_key is null or bridged.items <> 1

    union all

    select coalesce(items.item_key, bridged_items.item_key) as wrong_key
    from {{ ref('dim_items') }} as items
    full outer join bridged_items on items.item_key = bridged_items.item_key
    where
        items.product_count is distinct from bridged_items.product_count
        or items.account_count is distinct from bridged_items.account_count
        or items.system_count is distinct from bridged_items.system_count
)

select * from wrong
