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

{# An instant, or null where it lies outside 1900 to 2200: nothing was counted then, ages reckoned from it are nonsense,
   and readers in zones west or east of UTC cannot fetch years 1 and 9999 at all. #}
{% macro usable_instant(instant) -%}
    case
        when
            {{ instant }} >= cast('1900-01-01 00:00:00+00' as {{ type_instant() }})
            and {{ instant }} < cast('2200-01-01 00:00:00+00' as {{ type_instant() }})
            then {{ instant }}
    end
{%- endmacro %}

{# A text as an instant, in UTC where it names no offset; null where it is none that is usable. #}
{% macro instant_of(text) -%}
    {{ return(adapter.dispatch('instant_of', 'stocktake')(text)) }}
{%- endmacro %}

{% macro duckdb__instant_of(text) -%}
    {{ usable_instant("try_cast(" ~ text ~ " as timestamptz)") }}
{%- endmacro %}

{# The instant that a naive local time means in a zone; where the text names its own offset, that holds. Null where the
   text is no time that is usable. Of an hour that the clocks repeat, the first is meant, as in the source; a time that
   they skip is read as an hour later. #}
{% macro instant_in_zone(text, zone) -%}
    {{ return(adapter.dispatch('instant_in_zone', 'stocktake')(text, zone)) }}
{%- endmacro %}

{# Far from 1900 to 2200, an hour before is an error. #}
{% macro duckdb__instant_in_zone(text, zone) -%}
    {%- set local = "try_cast(" ~ text ~ " as timestamp)" -%}
    {%- set instant = "timezone(" ~ zone ~ ", " ~ local ~ ")" -%}
    {%- set hour_before = instant ~ " - interval 1 hour" -%}
    case
        when {{ instant_of(text) }} is null then null
        when regexp_full_match({{ text }}, '.*:.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)') then {{ instant_of(text) }}
        when timezone({{ zone }}, {{ hour_before }}) = {{ local }} then {{ hour_before }}
        else {{ instant }}
    end
{%- endmacro %}
