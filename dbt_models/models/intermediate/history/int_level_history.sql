with

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
)

select * from collapsed
