{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='change_key',
    on_schema_change='append_new_columns',
    post_hook="{{ forget_rows_not_in(ref('int_level_history'),"
        " ['provider', 'account', 'product_id', 'location_id', 'valid_from']) }}",
) }}

with

history as (
    select * from {{ ref('int_level_history') }}
),

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

-- What is not configured any more has a history and no present.
history_told_apart as (
    select
        history.*,
        {{ is_configured('history.provider') }} as is_configured
    from history
    left join accounts on history.account = accounts.account
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
    from history_told_apart
    window level_in_time as (partition by provider, account, product_id, location_id order by valid_from)
),

-- What stands in the table already is not written again: a build without changes moves no row.
unrecorded as (
    select * from changes
    {% if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as recorded
            where
                recorded.change_key = changes.change_key
                and recorded.valid_to is not distinct from changes.valid_to
                and recorded.is_current = changes.is_current
                and recorded.untracked_reason is not distinct from changes.untracked_reason
                {% for measure in measures() %}
                and recorded.{{ measure }} is not distinct from changes.{{ measure }}
                {% endfor %}
                and recorded.on_hand_change is not distinct from changes.on_hand_change
                and recorded.available_change is not distinct from changes.available_change
                and recorded.counted_at is not distinct from changes.counted_at
        )
    {% endif %}
)

select * from unrecorded
