{# The numbers of days over which sales are counted: those that Sellercloud counts itself (sellercloud.md §6.3). #}
{% macro sales_windows() %}
    {{ return([15, 30, 60, 90, 180, 365]) }}
{% endmacro %}

{# Two CTEs, of which `days` has, of each product of `sales`, the days of its window that were looked at, and those of them
   that ended with something to sell. A day that nobody looked at is no day in stock. `periods` is fct_inventory_periods,
   and `account_days` fct_account_days, whose running counts spare the days between. #}
{% macro days_seen_in_stock() -%}
{%- set day_before_window = add_days('sales.as_of_day', '-sales.window_days') -%}
spans as (
    select
        periods.product_key,
        periods.provider,
        periods.account,
        periods.resource,
        periods.is_stockout,
        greatest({{ add_days('periods.first_day', -1) }}, {{ day_before_window }}) as day_before,
        coalesce(periods.last_day, sales.as_of_day) as last_day
    from sales
    inner join periods
        on
            sales.product_key = periods.product_key
            and {{ day_before_window }} < coalesce(periods.last_day, sales.as_of_day)
),

days as (
    select
        spans.product_key,
        cast(sum({{ days_observed() }}) as integer) as days_observed,
        cast(
            sum(case when not spans.is_stockout then {{ days_observed() }} else 0 end) as integer
        ) as days_in_stock
    from spans
    {{ join_days_observed('spans', 'spans.last_day', 'spans.day_before') }}
    group by spans.product_key
)
{%- endmacro %}
