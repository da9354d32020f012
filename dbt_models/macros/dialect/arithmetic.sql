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

{# A quotient to four digits, half away from zero; null where there is nothing to divide by, or it does not fit. #}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio', 'stocktake')(numerator, denominator)) }}
{%- endmacro %}

{# Long division: the whole part first, then the digits after the point, of the remainder. #}
{% macro duckdb__ratio(numerator, denominator) -%}
    cast(list_transform(
        [{
            'above': {{ duckdb__smallest_units(numerator) }},
            'below': nullif({{ duckdb__smallest_units(denominator) }}, 0)
        }],
        lambda parts: try(
            sign(parts.above) * sign(parts.below) * (
                cast(abs(parts.above) // abs(parts.below) as decimal(34, 4))
                + cast(
                    (abs(parts.above) % abs(parts.below) * 20000 + abs(parts.below)) // (2 * abs(parts.below))
                    as decimal(34, 4)
                ) * cast(0.0001 as decimal(4, 4))
            )
        )
    )[1] as {{ type_quantity() }})
{%- endmacro %}

{# A product of two numbers, exact; null where it does not fit. #}
{% macro times(left, right) -%}
    {{ return(adapter.dispatch('times', 'stocktake')(left, right)) }}
{%- endmacro %}

{% macro duckdb__times(left, right) -%}
    cast(try({{ left }} * {{ right }}) as {{ type_quantity() }})
{%- endmacro %}
