{# The numbers of days over which sales are counted: those that Sellercloud counts itself (sellercloud.md §6.3). #}
{% macro sales_windows() %}
    {{ return([15, 30, 60, 90, 180, 365]) }}
{% endmacro %}
