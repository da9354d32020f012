{{ config(materialized='view') }}

select
    run_id,
    account,
    provider,
    resource,
    record_key,
    reason,
    payload,
    {{ usable_instant('seen_at') }} as seen_at
from {{ raw_table(source('stocktake', 'unreadable_records')) }}
