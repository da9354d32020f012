{# Schemas are named as the folders are: staging, intermediate, marts, reporting, without the target's prefix. Where many
   share a catalogue, [spark] schema_prefix stands before them. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ var('schema_prefix') ~ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
