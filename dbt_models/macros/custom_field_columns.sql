{# A further column for each entry of var custom_field_columns, of rows that are the fields of one product. #}
{% macro custom_field_columns() -%}
    {%- set taken = ['product_key', 'provider', 'account', 'product_id', 'sku', 'product_name'] -%}
    {%- for wanted in var('custom_field_columns') -%}
        {%- if not wanted.field or not wanted.column
            or wanted.value not in ('text', 'number', 'boolean', 'instant') -%}
            {{ exceptions.raise_compiler_error(
                "custom_field_columns: " ~ wanted ~ " needs a field, a column, and a value that is text, number,"
                ~ " boolean or instant."
            ) }}
        {%- endif -%}
        {%- if wanted.column | lower in taken -%}
            {{ exceptions.raise_compiler_error(
                "custom_field_columns: rpt_custom_fields_wide would have two columns " ~ wanted.column
                ~ "; give this one another name."
            ) }}
        {%- endif -%}
        {%- do taken.append(wanted.column | lower) -%}
        ,
        {{ custom_field_value(wanted) }} as {{ adapter.quote(wanted.column) }}
    {%- endfor -%}
{%- endmacro %}

{# Engines have no greatest of booleans, so that is made of numbers. #}
{% macro custom_field_value(wanted) -%}
    {%- set is_wanted = "field_code = " ~ folded(literal(wanted.field)) -%}
    {{ {
        'text': joined_texts("case when " ~ is_wanted ~ " then value_text end", "position, said_code"),
        'number': "max(case when " ~ is_wanted ~ " and number_rank = 1 then value_number end)",
        'boolean': "max(case when " ~ is_wanted ~ " and boolean_rank = 1"
            ~ " then case when value_boolean then 1 when not value_boolean then 0 end end) = 1",
        'instant': "max(case when " ~ is_wanted ~ " and instant_rank = 1 then value_at end)",
    }[wanted.value] }}
{%- endmacro %}
