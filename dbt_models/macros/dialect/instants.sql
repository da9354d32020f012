{# An instant as whole microseconds since 1970, the same text on every engine. #}
{% macro microseconds(instant) -%}
    {{ return(adapter.dispatch('microseconds', 'stocktake')(instant)) }}
{%- endmacro %}

{% macro duckdb__microseconds(instant) -%}
    epoch_us({{ instant }})
{%- endmacro %}

{# The type of an instant, for nulls that need one. #}
{% macro type_instant() -%}
    {{ return(adapter.dispatch('type_instant', 'stocktake')()) }}
{%- endmacro %}

{% macro duckdb__type_instant() -%}
    timestamp with time zone
{%- endmacro %}
