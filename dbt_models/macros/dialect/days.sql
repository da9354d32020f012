{# The business day of an instant: days end at midnight in the zone of [stocktake] timezone, UTC unless that is said. #}
{% macro business_day(instant) -%}
    {{ return(adapter.dispatch('business_day', 'stocktake')(instant)) }}
{%- endmacro %}

{% macro duckdb__business_day(instant) -%}
    cast(timezone('{{ var('timezone') }}', {{ instant }}) as date)
{%- endmacro %}

{# Whole days from the first day to the last. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between', 'stocktake')(first, last)) }}
{%- endmacro %}

{% macro duckdb__days_between(first, last) -%}
    ({{ last }} - {{ first }})
{%- endmacro %}

{# The day so many days later; null where it would lie beyond the calendar. #}
{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'stocktake')(day, days)) }}
{%- endmacro %}

{% macro duckdb__add_days(day, days) -%}
    case when {{ days }} < 1000000 then {{ day }} + cast({{ days }} as integer) end
{%- endmacro %}

{# One row per day from the first to the last, both included. It stands alone in the select list of its CTE. #}
{% macro unnest_days(first, last) -%}
    {{ return(adapter.dispatch('unnest_days', 'stocktake')(first, last)) }}
{%- endmacro %}

{% macro duckdb__unnest_days(first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date)
{%- endmacro %}

{# The session's zone is UTC. #}
{% macro spark__business_day(instant) -%}
    cast(from_utc_timestamp({{ instant }}, '{{ var('timezone') }}') as date)
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
    datediff({{ last }}, {{ first }})
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    case when {{ days }} < 1000000 then date_add({{ day }}, cast({{ days }} as integer)) end
{%- endmacro %}

{% macro spark__unnest_days(first, last) -%}
    explode(case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}, interval 1 day) end)
{%- endmacro %}
