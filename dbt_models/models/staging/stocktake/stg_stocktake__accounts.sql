{{ config(materialized='view') }}

select
    account,
    provider,
    timezone,
    coalesce({{ json_text('settings', 'available_basis') }}, 'unknown') as available_basis,
    coalesce({{ json_text('settings', 'warehouse_available') }}, 'unknown') as warehouse_available,
    is_configured
from {{ raw_table(source('stocktake', 'accounts')) }}
