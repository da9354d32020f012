-- A product that the user's file names and nobody lists is matched with nothing: mistyped, or gone long ago.
{{ config(severity='warn') }}

select
    item_matches.provider,
    item_matches.account,
    item_matches.product_id
from {{ ref('stg_stocktake__item_matches') }} as item_matches
left join {{ ref('dim_products') }} as products
    on
        {{ cleaned('item_matches.provider') }} = {{ cleaned('products.provider') }}
        and {{ cleaned('item_matches.account') }} = {{ cleaned('products.account') }}
        and {{ cleaned('item_matches.product_id') }} = {{ cleaned('products.product_id') }}
where products.product_key is null
