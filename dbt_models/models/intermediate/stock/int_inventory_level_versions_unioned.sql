{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

counts as (
    select * from {{ ref('stg_square__inventory_counts') }}
),

snapshot_levels as (
    select * from {{ ref('int_ventmere_s2__levels_measured') }}
),

warehouse_levels as (
    select * from {{ ref('int_warehouse_levels_measured') }}
),

untracked as (
    select * from {{ ref('int_square__untracked_periods') }}
),

-- A level changes when any of its states does, or its tracking, and ends when its last state does.
moments as (
    select
        account,
        catalog_object_id,
        location_id,
        valid_from as moment
    from counts
    union distinct
    select
        account,
        catalog_object_id,
        location_id,
        valid_to as moment
    from counts
    where valid_to is not null
    union distinct
    select
        account,
        product_id as catalog_object_id,
        location_id,
        valid_from as moment
    from untracked
    where valid_from is not null
    union distinct
    select
        account,
        product_id as catalog_object_id,
        location_id,
        valid_to as moment
    from untracked
    where valid_to is not null
),

periods as (
    select
        account,
        catalog_object_id,
        location_id,
        moment as valid_from,
        lead(moment) over (
            partition by account, catalog_object_id, location_id
            order by moment
        ) as valid_to
    from moments
),

counts_by_period as (
    select
        counts.*,
        periods.valid_from as period_from,
        periods.valid_to as period_to
    from periods
    inner join counts
        on
            periods.account = counts.account
            and periods.catalog_object_id = counts.catalog_object_id
            and periods.location_id = counts.location_id
            and periods.valid_from >= counts.valid_from
            and (counts.valid_to is null or periods.valid_from < counts.valid_to)
),

counts_pivoted as (
    select
        'square' as provider,
        account,
        catalog_object_id as product_id,
        location_id,
        'inventory_counts' as resource,
        {{ measures_from_states() }},
        {{ unknown_measures_from_states() }} as unknown_measures,
        max(case when is_estimated then 1 else 0 end) = 1 as is_estimated,
        max(counted_at) as counted_at,
        max(asked_at) as asked_at,
        period_from as valid_from,
        period_to as valid_to
    from counts_by_period
    group by account, catalog_object_id, location_id, period_from, period_to
),

counts_told_apart as (
    select
        counts_pivoted.*,
        case when untracked.product_id is not null then 'not_tracked' end as untracked_reason
    from counts_pivoted
    left join untracked
        on
            counts_pivoted.provider = untracked.provider
            and counts_pivoted.account = untracked.account
            and counts_pivoted.product_id = untracked.product_id
            and counts_pivoted.location_id = untracked.location_id
            and (untracked.valid_from is null or counts_pivoted.valid_from >= untracked.valid_from)
            and (untracked.valid_to is null or counts_pivoted.valid_from < untracked.valid_to)
),

unioned as (
    select
        provider,
        account,
        product_id,
        location_id,
        resource,
        {{ measures_where_tracked() }},
        untracked_reason,
        is_estimated,
        -- A bundle's count is derived from its components', which are counted themselves (square.md §4.4).
        not is_estimated as is_additive,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from counts_told_apart

    union all

    select
        provider,
        account,
        product_id,
        location_id,
        resource,
        {{ measures() | join(', ') }},
        unknown_measures,
        untracked_reason,
        is_estimated,
        true as is_additive,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from snapshot_levels

    union all

    select
        provider,
        account,
        product_id,
        location_id,
        resource,
        {{ measures() | join(', ') }},
        unknown_measures,
        untracked_reason,
        false as is_estimated,
        is_additive,
        counted_at,
        asked_at,
        valid_from,
        valid_to
    from warehouse_levels
)

select * from unioned
