{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

history as (
    select * from {{ ref('int_position_history') }}
),

positions as (
    select * from {{ ref('int_inventory_positions_unioned') }}
),

movements as (
    select * from {{ ref('int_square__stock_movements_latest') }}
),

listed_products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

product_days as (
    select * from {{ ref('int_product_days') }}
),

accounts_with_movements as (
    select * from {{ ref('int_square__accounts_with_movements') }}
),

-- What a provider says of sales stands before the movements that it lists, and those before what we saw ourselves.
products as (
    select
        positions.provider,
        positions.account,
        positions.product_id,
        product_days.first_day,
        product_days.last_day as as_of_day,
        case
            when positions.provider = 'sellercloud' then 'provider'
            when accounts_with_movements.account is not null then 'movements'
            else 'history'
        end as sales_source
    from positions
    inner join product_days
        on
            positions.provider = product_days.provider
            and positions.account = product_days.account
            and positions.product_id = product_days.product_id
    left join accounts_with_movements
        on
            positions.provider = accounts_with_movements.provider
            and positions.account = accounts_with_movements.account
),

windows as (
    {% for days in sales_windows() %}
    select {{ days }} as window_days
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

product_windows as (
    select
        products.provider,
        products.account,
        products.product_id,
        products.first_day,
        products.as_of_day,
        products.sales_source,
        windows.window_days,
        {{ add_days('products.as_of_day', '-windows.window_days') }} as day_before_window
    from products
    cross join windows
),

said as (
    {% for days in sales_windows() %}
    select
        provider,
        account,
        product_id,
        {{ days }} as window_days,
        sold_{{ days }}_days_quantity as quantity_sold
    from listed_products
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- A recount is no movement.
moved as (
    select
        provider,
        account,
        product_id,
        {{ business_day('occurred_at') }} as date_day,
        quantity,
        coalesce(from_state, '') in ('SOLD', 'SOLD_ONLINE') as is_from_sold,
        coalesce(to_state, '') in ('SOLD', 'SOLD_ONLINE') as is_to_sold,
        coalesce(from_state, '') = 'UNLINKED_RETURN' as is_unlinked_return
    from movements
    where change_type <> 'PHYSICAL_COUNT'
),

-- A sale leaves stock for good, and what comes back, to wherever, is none: after a return with or without a receipt.
-- Sold online and handed over later is two entries of one sale, returned and put back on the shelf two of one return
-- (square.md §6.2).
sales_booked as (
    select
        provider,
        account,
        product_id,
        date_day,
        case when is_to_sold then quantity else -quantity end as quantity_sold,
        case when not is_to_sold then quantity else 0 end as quantity_returned
    from moved
    where is_from_sold <> is_to_sold or (is_unlinked_return and not is_to_sold)
),

history_with_breaks as (
    select
        *,
        case when lag(valid_to) over product_in_time = valid_from then 0 else 1 end as is_back
    from history
    window product_in_time as (partition by provider, account, product_id order by valid_from)
),

-- Unbroken runs, in which the product was never away.
history_in_runs as (
    select
        *,
        sum(is_back) over (
            partition by provider, account, product_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as run_number
    from history_with_breaks
),

-- A number that could not be read for a while hides no fall: the next one that can is held against the last.
history_with_previous as (
    select
        provider,
        account,
        product_id,
        valid_from,
        quantity_on_hand,
        quantity_available,
        lag(quantity_on_hand) over run_in_time as previous_on_hand,
        lag(quantity_available) over run_in_time as previous_available
    from history_in_runs
    where quantity_on_hand is not null or quantity_available is not null
    window run_in_time as (partition by provider, account, product_id, run_number order by valid_from)
),

-- Whoever tells no sales shows them in falling stock. What fell while a product was away, nobody knows.
falls as (
    select
        provider,
        account,
        product_id,
        {{ business_day('valid_from') }} as date_day,
        coalesce(previous_on_hand - quantity_on_hand, previous_available - quantity_available) as quantity_sold
    from history_with_previous
),

sales as (
    select
        provider,
        account,
        product_id,
        'movements' as sales_source,
        date_day,
        quantity_sold,
        quantity_returned
    from sales_booked
    union all
    select
        provider,
        account,
        product_id,
        'history' as sales_source,
        date_day,
        quantity_sold,
        cast(null as {{ type_quantity() }}) as quantity_returned
    from falls
    where quantity_sold > 0
),

sales_in_window as (
    select
        product_windows.provider,
        product_windows.account,
        product_windows.product_id,
        product_windows.window_days,
        -- An entry whose quantity cannot be read leaves the sum unknown.
        case when count(*) = count(sales.quantity_sold) then sum(sales.quantity_sold) end as quantity_sold,
        case when count(*) = count(sales.quantity_returned) then sum(sales.quantity_returned) end as quantity_returned
    from product_windows
    inner join sales
        on
            product_windows.provider = sales.provider
            and product_windows.account = sales.account
            and product_windows.product_id = sales.product_id
            and product_windows.sales_source = sales.sales_source
            and product_windows.day_before_window < sales.date_day
            and product_windows.as_of_day >= sales.date_day
    group by
        product_windows.provider, product_windows.account, product_windows.product_id, product_windows.window_days
),

measured as (
    select
        product_windows.provider,
        product_windows.account,
        product_windows.product_id,
        product_windows.window_days,
        product_windows.as_of_day,
        product_windows.sales_source,
        cast(
            case
                when product_windows.sales_source = 'provider' then said.quantity_sold
                when sales_in_window.product_id is null then 0
                else sales_in_window.quantity_sold
            end as {{ type_quantity() }}
        ) as quantity_sold,
        -- Only movements tell returns: a rise of stock may be a delivery.
        cast(
            case
                when product_windows.sales_source <> 'movements' then null
                when sales_in_window.product_id is null then 0
                else sales_in_window.quantity_returned
            end as {{ type_quantity() }}
        ) as quantity_returned,
        cast(
            case
                when
                    product_windows.sales_source = 'history'
                    and product_windows.first_day > product_windows.day_before_window
                    then {{ days_between('product_windows.first_day', 'product_windows.as_of_day') }}
                else product_windows.window_days
            end as integer
        ) as covered_days
    from product_windows
    left join said
        on
            product_windows.provider = said.provider
            and product_windows.account = said.account
            and product_windows.product_id = said.product_id
            and product_windows.window_days = said.window_days
    left join sales_in_window
        on
            product_windows.provider = sales_in_window.provider
            and product_windows.account = sales_in_window.account
            and product_windows.product_id = sales_in_window.product_id
            and product_windows.window_days = sales_in_window.window_days
),

keyed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        window_days,
        as_of_day,
        sales_source,
        quantity_sold,
        quantity_returned,
        covered_days
    from measured
)

select * from keyed
