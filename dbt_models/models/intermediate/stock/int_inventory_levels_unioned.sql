{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

counts as (
    select * from {{ ref('stg_square__inventory_counts') }}
    where valid_to is null
),

snapshot_levels as (
    select * from {{ ref('int_ventmere_s2__levels_measured') }}
    where valid_to is null
),

warehouse_levels as (
    select * from {{ ref('int_warehouse_levels_measured') }}
    where valid_to is null
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

untracked as (
    select * from {{ ref('int_square__untracked_periods') }}
    where valid_to is null
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
        -- A bundle's count is derived from its components', which are counted themselves (square.md §4.4).
        max(case when is_estimated then 1 else 0 end) = 0 as is_additive,
        max(counted_at) as counted_at,
        max(asked_at) as asked_at
    from counts
    group by account, catalog_object_id, location_id
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
        is_additive,
        counted_at,
        asked_at
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
        asked_at
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
        asked_at
    from warehouse_levels
),

-- What is not configured any more has a history and no present.
configured as (
    select unioned.*
    from unioned
    left join accounts on unioned.account = accounts.account
    where {{ is_configured('unioned.provider') }}
)

select * from configured
