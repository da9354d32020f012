{# A key made of several values. A null is told from an empty text, and 'a','bc' from 'ab','c'. #}
{% macro hash_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce('=' || cast({{ column }} as {{ type_string() }}), '-'){{ " || chr(31) ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro product_key(product_id='product_id') -%}
    {{ hash_key(['provider', 'account', product_id]) }}
{%- endmacro %}

{% macro location_key(location_id='location_id') -%}
    {{ hash_key(['provider', 'account', location_id]) }}
{%- endmacro %}
