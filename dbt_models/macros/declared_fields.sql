{# What _<provider>__sources.yml says of a raw table under config.meta: its key columns and its declared fields.
   The graph is complete only when models run; while dbt parses, the answer is empty. #}
{% macro declared(source_name, table_name, what) %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {% for node in graph.sources.values() %}
        {% if node.source_name == source_name and node.name == table_name %}
            {{ return(node.config.meta[what]) }}
        {% endif %}
    {% endfor %}
    {{ exceptions.raise_compiler_error("No source " ~ source_name ~ "." ~ table_name ~ " is declared.") }}
{% endmacro %}
