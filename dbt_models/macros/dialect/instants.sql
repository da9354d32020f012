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

{% macro spark__microseconds(instant) -%}
    unix_micros({{ instant }})
{%- endmacro %}

{% macro spark__type_instant() -%}
    timestamp
{%- endmacro %}

{% macro spark__instant_of(text) -%}
    {{ usable_instant(spark__timestamp_of(text)) }}
{%- endmacro %}

{# A text as a timestamp, as DuckDB reads it: a date has to be there, seconds need not, 24:00 is the next day's 0:00. #}
{% macro spark__timestamp_of(text) -%}
    {%- set zone = '(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?' -%}
    {%- set with_seconds = "regexp_replace(" ~ text
        ~ ", '^([0-9]+-[0-9]+-[0-9]+[T ][0-9]+:[0-9]+)" ~ zone ~ "$', '$1:00$2')" -%}
    case
        when trim({{ text }}) rlike '^[0-9]+-[0-9]+-[0-9]+([T ][0-9]+:[0-9]+(:[0-9]+([.][0-9]*)?)?{{ zone }})?$'
            then case
                when {{ text }} rlike '[T ]24:00(:00([.]0*)?)?{{ zone }}$'
                    then try_cast(
                        replace(replace({{ with_seconds }}, 'T24:', 'T00:'), ' 24:', ' 00:') as timestamp
                    ) + interval 1 day
                else try_cast({{ with_seconds }} as timestamp)
            end
    end
{%- endmacro %}

{% macro spark__instant_in_zone(text, zone) -%}
    {%- set local = spark__timestamp_of(text) -%}
    {%- set instant = "to_utc_timestamp(" ~ local ~ ", " ~ zone ~ ")" -%}
    {%- set hour_before = instant ~ " - interval 1 hour" -%}
    case
        when {{ instant_of(text) }} is null then null
        when {{ matches(text, '.*:.*(Z|[+-][0-9]{2}:?[0-9]{2})') }} then {{ instant_of(text) }}
        when from_utc_timestamp({{ hour_before }}, {{ zone }}) = {{ local }} then {{ hour_before }}
        else {{ instant }}
    end
{%- endmacro %}
