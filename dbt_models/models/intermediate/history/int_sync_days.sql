with

sync_log as (
    select * from {{ ref('stg_stocktake__sync_log') }}
),

days as (
    select distinct
        provider,
        account,
        resource,
        {{ business_day('finished_at') }} as date_day
    from sync_log
    where status in ('ok', 'guarded') and mode <> 'backfill'
)

select * from days
