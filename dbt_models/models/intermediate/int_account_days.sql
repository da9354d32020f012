with

sync_log as (
    select * from {{ ref('stg_stocktake__sync_log') }}
),

level_versions as (
    select * from {{ ref('int_inventory_level_versions_unioned') }}
),

total_versions as (
    select * from {{ ref('int_position_versions_measured') }}
),

moments as (
    select
        provider,
        account,
        finished_at as moment
    from sync_log
    where status in ('ok', 'guarded') and mode <> 'backfill'
    union all
    select
        provider,
        account,
        valid_from as moment
    from level_versions
    union all
    select
        provider,
        account,
        valid_from as moment
    from total_versions
),

days as (
    select
        provider,
        account,
        {{ utc_day('max(moment)') }} as last_day
    from moments
    group by provider, account
)

select * from days
