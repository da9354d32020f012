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
        counted_at,
        valid_from,
        valid_to
    from total_versions
),

versions_with_previous as (
    select
        *,
        {% for measure in measures() %}
        lag({{ measure }}) over level_in_time as previous_{{ measure }},
        {% endfor %}
        lag(valid_to) over level_in_time as previous_valid_to
    from versions
    window level_in_time as (partition by provider, account, product_id, location_id order by valid_from)
),

-- "1" after "1.0", or a newer clock on the same number, is no change.
versions_marked as (
    select
        *,
        case
            when
                (previous_valid_to is distinct from valid_from)
                {% for measure in measures() %}
                or ({{ measure }} is distinct from previous_{{ measure }})
                {% endfor %}
                then 1
            else 0
        end as is_change
    from versions_with_previous
),

versions_numbered as (
    select
        *,
        sum(is_change) over (
            partition by provider, account, product_id, location_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as change_number
    from versions_marked
),

collapsed as (
    select
        provider,
        account,
        product_id,
        location_id,
        change_number,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to,
        {% for measure in measures() %}
        max({{ measure }}) as {{ measure }},
        {% endfor %}
        min(counted_at) as counted_at
    from versions_numbered
    group by provider, account, product_id, location_id, change_number
),

changes as (
    select
        {{ hash_key(['provider', 'account', 'product_id', 'location_id', microseconds('valid_from')]) }} as change_key,
        {{ product_key() }} as product_key,
        case when location_id is not null then {{ location_key() }} end as location_key,
        provider,
        account,
        product_id,
        location_id,
        valid_from,
        valid_to,
        valid_to is null as is_current,
        {{ measures() | join(',\n        ') }},
        cast(
            quantity_on_hand - lag(quantity_on_hand) over level_in_time as {{ type_quantity() }}
        ) as on_hand_change,
        cast(
            quantity_available - lag(quantity_available) over level_in_time as {{ type_quantity() }}
        ) as available_change,
        counted_at
    from collapsed
    window level_in_time as (partition by provider, account, product_id, location_id order by valid_from)
)

select * from changes
