with

days as (
    select * from {{ ref('fct_inventory_daily') }}
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
    from days
    group by provider, account
),

first_days as (
    select
        product_key,
        min(date_day) as first_day
    from days
    group by product_key
),

days_out as (
    select
        *,
        lag(date_day) over (partition by product_key order by date_day) as previous_day_out
    from days
    where is_stockout
),

-- A day on which the number was known to be above zero, or was not known, lies between two spells.
days_out_marked as (
    select
        *,
        case when {{ days_between('previous_day_out', 'date_day') }} = 1 then 0 else 1 end as is_start
    from days_out
),

days_out_numbered as (
    select
        *,
        sum(is_start) over (
            partition by product_key
            order by date_day
            rows between unbounded preceding and current row
        ) as spell_number
    from days_out_marked
),

spells as (
    select
        product_key,
        provider,
        account,
        product_id,
        min(date_day) as started_on,
        max(date_day) as last_day_out,
        count(*) as days_out,
        count(case when is_observed then 1 end) as days_observed,
        max(case when is_additive then 0 else 1 end) = 0 as is_additive
    from days_out_numbered
    group by product_key, provider, account, product_id, spell_number
),

joined as (
    select
        {{ hash_key(['spells.product_key', 'spells.started_on']) }} as stockout_key,
        spells.product_key,
        item_products.item_key,
        spells.provider,
        spells.account,
        spells.product_id,
        products.sku,
        products.name as product_name,
        spells.started_on,
        spells.last_day_out,
        spells.days_out,
        spells.days_observed,
        -- Nobody asks an account that is not configured whether it lasts.
        spells.last_day_out = last_days.last_day and coalesce(products.is_configured, true) as is_ongoing,
        -- A spell with which its history begins may have begun before.
        spells.started_on = first_days.first_day as is_at_least,
        item_products.available_elsewhere,
        item_products.elsewhere_account,
        spells.is_additive
    from spells
    inner join last_days on spells.provider = last_days.provider and spells.account = last_days.account
    inner join first_days on spells.product_key = first_days.product_key
    left join item_products on spells.product_key = item_products.product_key
    left join products on spells.product_key = products.product_key
)

select * from joined
