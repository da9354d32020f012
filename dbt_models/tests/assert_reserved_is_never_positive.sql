-- Ventmere S2 writes reserved units as zero or less, in every row ever seen (ventmere_s2.md §6.7). A positive one may
-- mean something else; we report its absolute value and say so.
{{ config(severity='warn') }}

select
    account,
    warehouse_id,
    product_id,
    reserved
from {{ ref('stg_ventmere_s2__inventory_items') }}
where reserved > 0 and valid_to is null
