-- By codes, an account gives an item one product at most: two would be an ambiguous code that was merged. Besides it,
-- an item may hold shadows and deleted products without stock.
select
    item_products.item_key,
    item_products.provider,
    item_products.account
from {{ ref('bridge_item_products') }} as item_products
inner join {{ ref('dim_products') }} as products on item_products.product_key = products.product_key
left join {{ ref('fct_inventory_positions') }} as positions on item_products.product_key = positions.product_key
where
    item_products.match_rule <> 'seed'
    and products.shadow_of_product_key is null
    and (products.deleted_at is null or positions.product_key is not null)
group by item_products.item_key, item_products.provider, item_products.account
having count(*) > 1
