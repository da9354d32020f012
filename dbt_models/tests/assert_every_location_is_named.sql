-- Stock at a location that the provider does not list is reported, without a name.
{{ config(severity='warn') }}

select
    provider,
    account,
    location_id
from {{ ref('dim_locations') }}
where is_orphan and is_configured
