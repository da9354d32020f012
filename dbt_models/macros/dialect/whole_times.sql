{# How many whole times a part is in a total, both quantities, neither negative: 0.1 is in 0.3 three times, though a
   quotient of doubles says 2.99. Null where the part is null or 0, or the answer does not fit. #}
{% macro whole_times(part, total) -%}
    {{ return(adapter.dispatch('whole_times', 'stocktake')(part, total)) }}
{%- endmacro %}

{# Measured on DuckDB 2.0: `//` of decimals is a double, of whole numbers exact. A quantity's text without its point is
   the whole number of its smallest units, and fits wherever the quantity did. #}
{% macro duckdb__whole_times(part, total) -%}
    try_cast(
        {{ duckdb__smallest_units(total) }} // nullif({{ duckdb__smallest_units(part) }}, 0) as {{ type_quantity() }}
    )
{%- endmacro %}

{% macro duckdb__smallest_units(quantity) -%}
    cast(replace(cast(cast({{ quantity }} as {{ type_quantity() }}) as varchar), '.', '') as hugeint)
{%- endmacro %}
