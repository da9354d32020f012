{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

history as (
    select * from {{ ref('int_position_history') }}
),

product_days as (
    select * from {{ ref('int_product_days') }}
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

-- A day that is not over for its account, because it knows of none so late, is none yet.
periods_in_days as (
    select
        periods.*,
        product_days.resource,
        {{ business_day('periods.changed_at') }} as first_day,
        {{ add_days(business_day('periods.changed_again_at'), -1) }} as last_day
    from periods
    inner join product_days
        on
            periods.provider = product_days.provider
            and periods.account = product_days.account
            and periods.product_id = product_days.product_id
            and {{ business_day('periods.changed_at') }} <= product_days.last_day
),

-- A period that no day ended in is in no day.
periods_at_day_end as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        resource,
        first_day,
        last_day,
        {{ measures() | join(',\n        ') }},
        untracked_reason,
        is_additive,
        is_listed,
        -- Where some of it is not tracked, none of the rest is not none.
        case
            when untracked_reason is null or quantity_available > 0 then quantity_available <= 0
        end as is_stockout,
        changed_at
    from periods_in_days
    where last_day is null or first_day <= last_day
)

select * from periods_at_day_end
