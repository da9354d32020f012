{# The numbers of days over which sales are counted: those that Sellercloud counts itself (sellercloud.md §6.3). #}
{% macro sales_windows() %}
    {{ return([15, 30, 60, 90, 180, 365]) }}
{% endmacro %}

{# Of each product of `sales`, the days of its window that were looked at, and those of them that ended with something to
   sell. A day that nobody looked at is no day in stock. #}
{% macro days_seen_in_stock() -%}
    select
        sales.product_key,
        cast(sum(case when daily.is_observed then 1 else 0 end) as integer) as days_observed,
        cast(
            sum(case when daily.is_observed and not daily.is_stockout then 1 else 0 end) as integer
        ) as days_in_stock
    from sales
    inner join daily
        on
            sales.product_key = daily.product_key
            and daily.date_day > {{ add_days('sales.as_of_day', '-sales.window_days') }}
    group by sales.product_key
{%- endmacro %}
