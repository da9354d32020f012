{{ config(meta={'merged_by': ['product_key']}) }}

with

periods as (
    select * from {{ ref('fct_inventory_periods') }}
),

account_days as (
    select * from {{ ref('fct_account_days') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

item_products as (
    select * from {{ ref('bridge_item_products') }}
),

last_days as (
    select
        provider,
        account,
        max(date_day) as last_day
    from account_days
    group by provider, account
),

first_days as (
    select
        product_key,
        min(first_day) as first_day
    from periods
    group by product_key
),

periods_out as (
    select
        periods.product_key,
        periods.provider,
        periods.account,
        periods.product_id,
        periods.resource,
        periods.is_additive,
        periods.first_day,
        coalesce(periods.last_day, last_days.last_day) as last_day
    from periods
    inner join last_days on periods.provider = last_days.provider and periods.account = last_days.account
    where periods.is_stockout
),

-- A day on which the number was known to be above zero, or was not known, lies between two spells.
periods_out_marked as (
    select
        *,
        case
            when
                lag(last_day) over (partition by product_key order by first_day) = {{ add_days('first_day', -1) }}
                then 0
            else 1
        end as is_start
    from periods_out
),

periods_out_numbered as (
    select
        *,
        sum(is_start) over (
            partition by product_key
            order by first_day
            rows between unbounded preceding and current row
        ) as spell_number
    from periods_out_marked
),

spells as (
    select
        product_key,
        provider,
        account,
        product_id,
        resource,
        min(first_day) as started_on,
        max(last_day) as last_day_out,
        max(case when is_additive then 0 else 1 end) = 0 as is_additive
    from periods_out_numbered
    group by product_key, provider, account, product_id, resource, spell_number
),

spells_observed as (
    select
        spells.*,
        cast({{ days_between('spells.started_on', 'spells.last_day_out') }} + 1 as bigint) as days_out,
        cast({{ days_observed() }} as bigint) as days_observed
    from spells
    {{ join_days_observed('spells', 'spells.last_day_out', add_days('spells.started_on', -1)) }}
),

joined as (
    select
        {{ hash_key(['spells_observed.product_key', 'spells_observed.started_on']) }} as stockout_key,
        spells_observed.product_key,
        item_products.item_key,
        spells_observed.provider,
        spells_observed.account,
        spells_observed.product_id,
        products.sku,
        products.name as product_name,
        spells_observed.started_on,
        spells_observed.last_day_out,
        spells_observed.days_out,
        spells_observed.days_observed,
        -- Nobody asks an account that is not configured whether it lasts.
        spells_observed.last_day_out = last_days.last_day and coalesce(products.is_configured, true) as is_ongoing,
        -- A spell with which its history begins may have begun before.
        spells_observed.started_on = first_days.first_day as is_at_least,
        item_products.available_elsewhere,
        item_products.elsewhere_account,
        spells_observed.is_additive
    from spells_observed
    inner join last_days
        on spells_observed.provider = last_days.provider and spells_observed.account = last_days.account
    inner join first_days on spells_observed.product_key = first_days.product_key
    left join item_products on spells_observed.product_key = item_products.product_key
    left join products on spells_observed.product_key = products.product_key
)

select * from joined
