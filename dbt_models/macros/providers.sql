{# Every provider of Stocktake, for reports that put their numbers side by side. #}
{% macro providers() %}
    {{ return(['sellercloud', 'shipstream', 'square', 'augno', 'ventmere_s2']) }}
{% endmacro %}

{# The providers that say themselves how much there is of a product in all. Of the others, levels are summed up. #}
{% macro providers_with_totals() %}
    {{ return(['sellercloud', 'shipstream', 'augno']) }}
{% endmacro %}
