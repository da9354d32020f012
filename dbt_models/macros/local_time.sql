{# A naive local time as text; null where it is none, lies outside the years that are believed, or says "never". #}
{% macro local_time(text) -%}
    case when {{ instant_of(text) }} is not null then trim({{ text }}) end
{%- endmacro %}

{# Whether a time says that there is none: Sellercloud and Augno write year 1 for it (sellercloud.md §6, augno.md §6.3).
   No real one lies before 1900. #}
{% macro is_never(text) -%}
    {{ matches(text, '(0[0-9]|1[0-8])[0-9]{2}-.*') }}
{%- endmacro %}
