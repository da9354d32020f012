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

-- A run whose row in the ledger is not there yet has left its versions already.
moments as (
    select
        provider,
        account,
        resource,
        finished_at as moment
    from sync_log
    where status in ('ok', 'guarded') and mode <> 'backfill'

    union all

    select
        provider,
        account,
        resource,
        valid_from as moment
    from level_versions

    union all

    select
        provider,
        account,
        resource,
        valid_from as moment
    from total_versions
),

days as (
    select distinct
        provider,
        account,
        resource,
        {{ business_day('moment') }} as date_day
    from moments
)

select * from days
