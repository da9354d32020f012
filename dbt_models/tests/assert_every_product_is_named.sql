-- Stock of a product that no catalogue names is reported, without a name. Occurs in both providers' own examples.
{{ config(severity='warn') }}

select
    provider,
    account,
    product_id
from {{ ref('dim_products') }}
where is_orphan and is_configured
