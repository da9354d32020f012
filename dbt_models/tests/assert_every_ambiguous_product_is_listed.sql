-- What was not matched for an ambiguous code stands in the report with that code; its shadows and what is gone do not.
select
    item_products.product_key,
    item_products.match_rule
from {{ ref('bridge_item_products') }} as item_products
inner join {{ ref('dim_products') }} as products on item_products.product_key = products.product_key
left join {{ ref('rpt_ambiguous_codes') }} as codes
    on
        item_products.product_key = codes.product_key
        and item_products.match_rule = codes.code_type
where
    item_products.is_ambiguous
    and item_products.is_present
    and products.shadow_of_product_key is null
    and codes.product_key is null
