{{ config(materialized='view') }}

select
    provider,
    account,
    product_id,
    item_code
from {{ source('stocktake', 'item_matches') }}
