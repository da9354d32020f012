{# What _<provider>__sources.yml says of a raw table under config.meta: its key columns, its declared fields, and, where
   it holds quantities, which fields feed the measures. The graph is complete only when models run; while dbt parses,
   and in unit tests, the answer is empty. #}
{% macro declared(source_name, table_name, what) %}
    {% if not execute or graph.sources is not defined %}
        {{ return([]) }}
    {% endif %}
    {% for node in graph.sources.values() %}
        {% if node.source_name == source_name and node.name == table_name %}
            {{ return(node.config.meta.get(what, [])) }}
        {% endif %}
    {% endfor %}
    {{ exceptions.raise_compiler_error("No source " ~ source_name ~ "." ~ table_name ~ " is declared.") }}
{% endmacro %}

{# The fields of a raw table that feed some measure, as a list of texts in SQL. #}
{% macro measure_fields(source_name, table_name) -%}
    {%- set paths = [] -%}
    {%- for measure in declared(source_name, table_name, 'measures') or [] -%}
        {%- do paths.extend(fields_behind(source_name, table_name, measure)) -%}
    {%- endfor -%}
    '{{ paths | unique | join("', '") }}'
{%- endmacro %}

{# Every raw table of records, as provider and table. Models and tests that look at all staging models loop over it. #}
{% macro record_tables() %}
    {{ return([
        ['sellercloud', 'inventory'],
        ['sellercloud', 'warehouse_inventory'],
        ['sellercloud', 'warehouses'],
        ['shipstream', 'total_levels'],
        ['shipstream', 'warehouse_levels'],
        ['shipstream', 'products'],
        ['shipstream', 'warehouses'],
        ['shipstream', 'merchants'],
        ['augno', 'items'],
        ['augno', 'item_inventory'],
        ['square', 'inventory_counts'],
        ['square', 'inventory_changes'],
        ['square', 'catalog_objects'],
        ['square', 'locations'],
        ['ventmere_s2', 'warehouses'],
        ['ventmere_s2', 'products'],
        ['ventmere_s2', 'inventory_items'],
    ]) }}
{% endmacro %}
