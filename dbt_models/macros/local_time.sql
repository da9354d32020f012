{# A naive local time as text, or null where the provider writes year 1 or nothing for "never" (sellercloud.md §6). #}
{% macro local_time(text) -%}
    case when {{ text }} not like '0001-01-01%' then nullif(trim({{ text }}), '') end
{%- endmacro %}
