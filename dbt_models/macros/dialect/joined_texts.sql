{# The texts of a group in one, with ", " between them, in this order; null where there are none. #}
{% macro joined_texts(text, order) -%}
    {{ return(adapter.dispatch('joined_texts', 'stocktake')(text, order)) }}
{%- endmacro %}

{% macro duckdb__joined_texts(text, order) -%}
    string_agg({{ text }}, ', ' order by {{ order }})
{%- endmacro %}
