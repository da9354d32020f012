{# Every column of a union, in its order: by name where the rows have it, else a null of its type. `columns` is the
   union's columns with their types, `there` names those that the rows have. #}
{% macro padded(columns, there) -%}
    {%- for column, type in columns.items() %}
        {{ column if column in there else "cast(null as " ~ type ~ ") as " ~ column }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
