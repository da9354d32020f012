with

sync_days as (
    select * from {{ ref('int_sync_days') }}
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

-- A run whose line in the sync log is not there yet has left its versions already.
days as (
    select * from sync_days

    union

    select
        provider,
        account,
        resource,
        {{ business_day('moment') }} as date_day
    from moments
)

select * from days
