{# The texts of a group in one, with ", " between them, in this order; null where there are none. #}
{% macro joined_texts(text, order) -%}
    {{ return(adapter.dispatch('joined_texts', 'stocktake')(text, order)) }}
{%- endmacro %}

{% macro duckdb__joined_texts(text, order) -%}
    string_agg({{ text }}, ', ' order by {{ order }})
{%- endmacro %}

{% macro spark__joined_texts(text, order) -%}
    nullif(array_join(transform(
        array_sort(collect_list(case when {{ text }} is not null then named_struct('o', {{ order }}, 't', {{ text }}) end)),
        one -> one.t
    ), ', '), '')
{%- endmacro %}
