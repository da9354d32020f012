{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

level_versions as (
    select * from {{ ref('int_inventory_level_versions_unioned') }}
),

total_versions as (
    select * from {{ ref('int_position_versions_measured') }}
),

versions as (
    select
        provider,
        account,
        product_id,
        location_id,
        {{ measures() | join(',\n        ') }},
        untracked_reason,
        counted_at,
        valid_from,
        valid_to
    from level_versions

    union all

    select
        provider,
        account,
        product_id,
        cast(null as {{ type_string() }}) as location_id,
        {{ measures() | join(',\n        ') }},
        untracked_reason,
        counted_at,
        valid_from,
        valid_to
    from total_versions
),

-- "1" after "1.0", or a newer clock on the same number, is no change.
marked as (
    select
        *,
        {{ is_change(also=['untracked_reason']) }} as is_change
    from versions
    window in_time as (partition by provider, account, product_id, location_id order by valid_from)
),

numbered as (
    select
        *,
        sum(is_change) over (
            partition by provider, account, product_id, location_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as change_number
    from marked
),

collapsed as (
    select
        provider,
        account,
        product_id,
        location_id,
        {% for measure in measures() %}
        max({{ measure }}) as {{ measure }},
        {% endfor %}
        untracked_reason,
        min(counted_at) as counted_at,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to
    from numbered
    group by provider, account, product_id, location_id, untracked_reason, change_number
),

-- What is not configured any more has a history and no present.
told_apart as (
    select
        collapsed.*,
        {{ is_configured('collapsed.provider') }} as is_configured
    from collapsed
    left join accounts on collapsed.account = accounts.account
),

changes as (
    select
        {{ product_key() }} as product_key,
        case when location_id is not null then {{ location_key() }} end as location_key,
        provider,
        account,
        product_id,
        location_id,
        valid_from,
        valid_to,
        valid_to is null and is_configured as is_current,
        {{ measures() | join(',\n        ') }},
        untracked_reason,
        cast(
            quantity_on_hand - lag(quantity_on_hand) over level_in_time as {{ type_quantity() }}
        ) as on_hand_change,
        cast(
            quantity_available - lag(quantity_available) over level_in_time as {{ type_quantity() }}
        ) as available_change,
        counted_at
    from told_apart
    window level_in_time as (partition by provider, account, product_id, location_id order by valid_from)
)

select * from changes
