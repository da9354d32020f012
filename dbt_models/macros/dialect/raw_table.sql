{# A raw table, by the relation that source() gives. #}
{% macro raw_table(relation) -%}
    {{ return(adapter.dispatch('raw_table', 'stocktake')(relation)) }}
{%- endmacro %}

{% macro duckdb__raw_table(relation) -%}
    {{ relation }}
{%- endmacro %}

{# Of Spark, the view that a session has over what homes shipped (pipelines/spark.py). A view for good cannot name the
   files, and lies in no schema. #}
{% macro spark__raw_table(relation) -%}
    `{{ relation.schema }}__{{ relation.identifier }}`
{%- endmacro %}

{# While dbt compiles for Spark it asks for no relation: there is no incremental form, and nobody need be connected. #}
{% macro spark__list_relations_without_caching(relation) %}
    {{ return([]) }}
{% endmacro %}
