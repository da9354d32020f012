{# A field of an inventory change. The outer object has none of its own: exactly one of three inner ones is there, and holds
   them (square.md §6.5). #}
{% macro of_inner_change(field) -%}
    coalesce(record.physical_count.{{ field }}, record.adjustment.{{ field }}, record.transfer.{{ field }})
{%- endmacro %}
