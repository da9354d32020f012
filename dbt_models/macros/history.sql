{# 1 where a version has other measures (or other values in the columns `also`) than the one before it, or does not
   follow on it; 0 where it repeats it. The window `in_time` is the model's: one record's versions in their order. #}
{% macro is_change(also=[]) -%}
    case
        when
            (lag(valid_to) over in_time is distinct from valid_from)
            {%- for value in measures() + also %}
            or (lag({{ value }}) over in_time is distinct from {{ value }})
            {%- endfor %}
            then 1
        else 0
    end
{%- endmacro %}

{# Joins that a span of days needs for `days_observed`: fct_account_days at its last day, and at the day before
   its first. The model calls that table `account_days`. #}
{% macro join_days_observed(spans, last_day, day_before) -%}
    inner join account_days as until
        on
            {{ spans }}.provider = until.provider
            and {{ spans }}.account = until.account
            and {{ spans }}.resource = until.resource
            and {{ last_day }} = until.date_day
    left join account_days as before
        on
            {{ spans }}.provider = before.provider
            and {{ spans }}.account = before.account
            and {{ spans }}.resource = before.resource
            and {{ day_before }} = before.date_day
{%- endmacro %}

{# How many days of a span were looked at: two running counts spare the days between. #}
{% macro days_observed() -%}
    until.days_observed - coalesce(before.days_observed, 0)
{%- endmacro %}

{# For a post-hook of an incremental model: deletes the rows whose key `computed` does not have any more, as after a
   reset of an account. What is computed is all recorded by now, so equal counts mean that there is nothing to forget,
   and nothing is touched. #}
{% macro forget_rows_not_in(computed, columns) %}
    {% if not execute or not is_incremental() %}
        {{ return('') }}
    {% endif %}
    {% set counts = run_query(
        "select (select count(*) from " ~ this ~ "), (select count(*) from " ~ computed ~ " as computed)"
    ).rows[0] %}
    {% if counts[0] == counts[1] %}
        {{ return('') }}
    {% endif %}
    delete from {{ this }}
    where not exists (
        select 1
        from {{ computed }} as computed
        where
            {%- for column in columns %}
            computed.{{ column }} is not distinct from {{ this }}.{{ column }}{{ " and" if not loop.last }}
            {%- endfor %}
    )
{% endmacro %}
