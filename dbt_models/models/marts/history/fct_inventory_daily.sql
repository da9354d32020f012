{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='daily_key',
    on_schema_change='append_new_columns',
    post_hook="{{ forget_days_out_of_range() }}",
) }}

with

history as (
    select * from {{ ref('int_position_history') }}
),

product_days as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        resource,
        first_day,
        last_day
    from {{ ref('int_product_days') }}
),

observed_days as (
    select * from {{ ref('int_observed_days') }}
),

history_with_next as (
    select
        *,
        lead(valid_from) over (partition by provider, account, product_id order by valid_from) as next_valid_from
    from history
),

-- A product that vanished has a period too: of its absence.
periods as (
    select
        provider,
        account,
        product_id,
        {{ measures() | join(',\n        ') }},
        untracked_reason,
        is_additive,
        true as is_listed,
        valid_from as changed_at,
        valid_to as changed_again_at
    from history_with_next

    union all

    select
        provider,
        account,
        product_id,
        {% for measure in measures() %}
        cast(null as {{ type_quantity() }}) as {{ measure }},
        {% endfor %}
        cast(null as {{ type_string() }}) as untracked_reason,
        is_additive,
        false as is_listed,
        valid_to as changed_at,
        next_valid_from as changed_again_at
    from history_with_next
    where valid_to is not null and next_valid_from is distinct from valid_to
),

periods_in_days as (
    select
        periods.*,
        product_days.product_key,
        product_days.resource,
        {{ business_day('periods.changed_at') }} as first_day,
        coalesce(
            least({{ add_days(business_day('periods.changed_again_at'), -1) }}, product_days.last_day),
            product_days.last_day
        ) as last_day
    from periods
    inner join product_days
        on
            periods.provider = product_days.provider
            and periods.account = product_days.account
            and periods.product_id = product_days.product_id
),

-- A period that no day ended in is in no day.
periods_at_day_end as (
    select * from periods_in_days
    where first_day <= last_day
),

{% if is_incremental() %}
-- Of each period the row of its first day, which is where it shows whether the table knows it.
recorded_periods as (
    select * from {{ this }}
    where date_day = {{ business_day('changed_at') }}
),

recorded_last_days as (
    select
        provider,
        account,
        max(date_day) as last_day
    from {{ this }}
    group by provider, account
),

recorded_days as (
    select distinct
        provider,
        account,
        resource,
        date_day,
        is_observed
    from {{ this }}
),

-- Days that have to be written again, or for the first time: from one on, until the product's last.
dirty_days as (
    select
        periods_at_day_end.product_key,
        periods_at_day_end.first_day as dirty_day
    from periods_at_day_end
    left join recorded_periods
        on
            periods_at_day_end.product_key = recorded_periods.product_key
            and periods_at_day_end.first_day = recorded_periods.date_day
            and periods_at_day_end.changed_at = recorded_periods.changed_at
            and periods_at_day_end.is_listed = recorded_periods.is_listed
            and periods_at_day_end.is_additive = recorded_periods.is_additive
            and periods_at_day_end.untracked_reason is not distinct from recorded_periods.untracked_reason
            {% for measure in measures() %}
            and periods_at_day_end.{{ measure }} is not distinct from recorded_periods.{{ measure }}
            {% endfor %}
    where recorded_periods.product_key is null

    union all

    select
        recorded_periods.product_key,
        recorded_periods.date_day as dirty_day
    from recorded_periods
    left join periods_at_day_end
        on
            recorded_periods.product_key = periods_at_day_end.product_key
            and recorded_periods.date_day = periods_at_day_end.first_day
            and recorded_periods.changed_at = periods_at_day_end.changed_at
    where periods_at_day_end.product_key is null

    union all

    select
        product_days.product_key,
        {{ add_days('recorded_last_days.last_day', 1) }} as dirty_day
    from product_days
    inner join recorded_last_days
        on
            product_days.provider = recorded_last_days.provider
            and product_days.account = recorded_last_days.account
            and product_days.last_day > recorded_last_days.last_day

    union all

    select
        product_days.product_key,
        recorded_days.date_day as dirty_day
    from product_days
    inner join recorded_days
        on
            product_days.provider = recorded_days.provider
            and product_days.account = recorded_days.account
            and product_days.resource = recorded_days.resource
    left join observed_days
        on
            recorded_days.provider = observed_days.provider
            and recorded_days.account = observed_days.account
            and recorded_days.resource = observed_days.resource
            and recorded_days.date_day = observed_days.date_day
    where recorded_days.is_observed <> (observed_days.date_day is not null)
),

dirty_products as (
    select
        product_key,
        min(dirty_day) as dirty_from
    from dirty_days
    group by product_key
),

periods_to_write as (
    select
        periods_at_day_end.*,
        greatest(periods_at_day_end.first_day, dirty_products.dirty_from) as write_from
    from periods_at_day_end
    inner join dirty_products
        on
            periods_at_day_end.product_key = dirty_products.product_key
            and periods_at_day_end.last_day >= dirty_products.dirty_from
),
{% else %}
periods_to_write as (
    select
        *,
        first_day as write_from
    from periods_at_day_end
),
{% endif %}

period_days as (
    select
        *,
        {{ unnest_days('write_from', 'last_day') }} as date_day
    from periods_to_write
),

days as (
    select
        {{ hash_key(['period_days.product_key', 'period_days.date_day']) }} as daily_key,
        period_days.product_key,
        period_days.provider,
        period_days.account,
        period_days.product_id,
        period_days.resource,
        period_days.date_day,
        {% for measure in measures() %}
        period_days.{{ measure }},
        {% endfor %}
        period_days.untracked_reason,
        period_days.is_additive,
        period_days.is_listed,
        -- Where some of it is not tracked, none of the rest is not none.
        case
            when period_days.untracked_reason is null or period_days.quantity_available > 0
                then period_days.quantity_available <= 0
        end as is_stockout,
        observed_days.date_day is not null as is_observed,
        period_days.changed_at
    from period_days
    left join observed_days
        on
            period_days.provider = observed_days.provider
            and period_days.account = observed_days.account
            and period_days.resource = observed_days.resource
            and period_days.date_day = observed_days.date_day
),

-- From the dirty day on, a day may still be what it was: it is not written again.
unrecorded as (
    select * from days
    {% if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as recorded
            where
                recorded.daily_key = days.daily_key
                and recorded.is_additive = days.is_additive
                and recorded.untracked_reason is not distinct from days.untracked_reason
                and recorded.is_listed = days.is_listed
                and recorded.is_observed = days.is_observed
                and recorded.changed_at = days.changed_at
                {% for measure in measures() %}
                and recorded.{{ measure }} is not distinct from days.{{ measure }}
                {% endfor %}
        )
    {% endif %}
)

select * from unrecorded
