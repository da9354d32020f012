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

{# The instant that a naive local time means in a zone; where the text names its own offset, that holds. Null where the
   text is no time. Of an hour that the clocks repeat, the first is meant, as in the source; a time that they skip is
   read as an hour later. #}
{% macro instant_in_zone(text, zone) -%}
    {{ return(adapter.dispatch('instant_in_zone', 'stocktake')(text, zone)) }}
{%- endmacro %}

{% macro duckdb__instant_in_zone(text, zone) -%}
    {%- set local = "try_cast(" ~ text ~ " as timestamp)" -%}
    {%- set instant = "timezone(" ~ zone ~ ", " ~ local ~ ")" -%}
    {%- set hour_before = instant ~ " - interval 1 hour" -%}
    case
        when regexp_full_match({{ text }}, '.*:.*(Z|[+-][0-9]{2}:?[0-9]{2})') then try_cast({{ text }} as timestamptz)
        when timezone({{ zone }}, {{ hour_before }}) = {{ local }} then {{ hour_before }}
        else {{ instant }}
    end
{%- endmacro %}
