{{ config(materialized='view') }}

select
    account,
    provider,
    timezone,
    coalesce({{ json_text('settings', 'available_basis') }}, 'unknown') as available_basis,
    is_configured
from {{ source('stocktake', 'accounts') }}
