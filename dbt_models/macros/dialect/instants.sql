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
   text is no time. An hour that the clocks skip or repeat is read as the engine reads it. #}
{% macro instant_in_zone(text, zone) -%}
    {{ return(adapter.dispatch('instant_in_zone', 'stocktake')(text, zone)) }}
{%- endmacro %}

{% macro duckdb__instant_in_zone(text, zone) -%}
    case
        when regexp_full_match({{ text }}, '.*:.*(Z|[+-][0-9]{2}:?[0-9]{2})') then try_cast({{ text }} as timestamptz)
        else timezone({{ zone }}, try_cast({{ text }} as timestamp))
    end
{%- endmacro %}
