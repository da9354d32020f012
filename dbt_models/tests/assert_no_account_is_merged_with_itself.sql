-- By codes, an account gives an item one product at most: two would be an ambiguous code that was merged. Besides it,
-- an item may hold shadows and what is not there any more.
select
    item_products.item_key,
    item_products.provider,
    item_products.account
from {{ ref('bridge_item_products') }} as item_products
inner join {{ ref('dim_products') }} as products on item_products.product_key = products.product_key
where
    item_products.match_rule <> 'seed'
    and products.shadow_of_product_key is null
    and item_products.is_present
group by item_products.item_key, item_products.provider, item_products.account
having count(*) > 1
