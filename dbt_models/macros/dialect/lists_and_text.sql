{# One row per element of a list column. It stands alone in the select list of its CTE. #}
{% macro unnest_list(list) -%}
    {{ return(adapter.dispatch('unnest_list', 'stocktake')(list)) }}
{%- endmacro %}

{% macro duckdb__unnest_list(list) -%}
    unnest({{ list }})
{%- endmacro %}

{# One text of a JSON object, by its key. #}
{% macro json_text(document, key) -%}
    {{ return(adapter.dispatch('json_text', 'stocktake')(document, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(document, key) -%}
    json_extract_string({{ document }}, '$."{{ key }}"')
{%- endmacro %}

{# Whether the whole text matches the pattern. #}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'stocktake')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}
