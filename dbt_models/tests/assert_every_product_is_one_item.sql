-- Matching neither loses a product nor doubles one, and an item has as many as it says: those that are there, or all
-- where none is.
with

bridged as (
    select
        product_key,
        count(*) as items
    from {{ ref('bridge_item_products') }}
    group by product_key
),

items_there as (
    select distinct item_key
    from {{ ref('bridge_item_products') }}
    where is_present
),

bridged_items as (
    select
        products.item_key,
        count(*) as product_count,
        count(distinct {{ hash_key(['products.provider', 'products.account']) }}) as account_count,
        count(distinct products.provider) as system_count
    from {{ ref('bridge_item_products') }} as products
    left join items_there on products.item_key = items_there.item_key
    where products.is_present or items_there.item_key is null
    group by products.item_key
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
