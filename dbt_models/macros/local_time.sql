{# A naive local time as text, or null where the provider writes year 1 or nothing for "never" (sellercloud.md §6). No
   real one lies before 1900. #}
{% macro local_time(text) -%}
    case when not {{ matches(text, '(0[0-9]|1[0-8])[0-9]{2}-.*') }} then nullif(trim({{ text }}), '') end
{%- endmacro %}
