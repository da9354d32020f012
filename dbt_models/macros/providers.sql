{# Every provider of Stocktake, for reports that put their numbers side by side. #}
{% macro providers() %}
    {{ return(['sellercloud', 'shipstream', 'square', 'augno', 'ventmere_s2']) }}
{% endmacro %}
