{{ config(materialized='view') }}

select
    provider,
    account,
    product_id,
    item_code
from {{ raw_table(source('stocktake', 'item_matches')) }}
