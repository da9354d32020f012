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

{# Of Spark, where a product or quotient of two quantities has fewer digits than it needs, or fails. So quantities are
   taken apart: into whole smallest units, or into what stands before and after the point, which fit. #}
{% macro spark__smallest_units(quantity) -%}
    cast(replace(cast(cast({{ quantity }} as {{ type_quantity() }}) as string), '.', '') as decimal(38, 0))
{%- endmacro %}

{# How many whole times one whole number is in another: their remainder is taken away first, so nothing is rounded. #}
{% macro spark__whole_quotient(above, below) -%}
    cast(({{ above }} - {{ above }} % {{ below }}) / {{ below }} as decimal(28, 0))
{%- endmacro %}

{% macro spark__whole_times(part, total) -%}
    try_cast({{ spark__whole_quotient(
        spark__smallest_units(total), 'nullif(' ~ spark__smallest_units(part) ~ ', 0)'
    ) }} as {{ type_quantity() }})
{%- endmacro %}

{% macro spark__ratio(numerator, denominator) -%}
    get(transform(
        array(named_struct(
            'above', abs({{ spark__smallest_units(numerator) }}),
            'below', nullif(abs({{ spark__smallest_units(denominator) }}), 0),
            'sign', cast(sign({{ numerator }}) * sign({{ denominator }}) as decimal(1, 0))
        )),
        parts -> cast(
            parts.sign * (
                cast({{ spark__whole_quotient('parts.above', 'parts.below') }} as decimal(32, 4))
                + cast({{ spark__whole_quotient(
                    '(cast(parts.above % parts.below as decimal(33, 0)) * cast(20000 as decimal(5, 0)) + parts.below)',
                    'cast(2 * parts.below as decimal(38, 0))'
                ) }} as decimal(5, 0)) * cast(0.0001 as decimal(4, 4))
            ) as {{ type_quantity() }}
        )
    ), 0)
{%- endmacro %}

{% macro spark__times(left, right) -%}
    get(transform(
        array(named_struct(
            'l', cast({{ left }} as {{ type_quantity() }}), 'r', cast({{ right }} as {{ type_quantity() }})
        )),
        p -> {{ spark__plus(
            spark__plus(
                'try_cast(' ~ spark__whole('p.l') ~ ' * ' ~ spark__whole('p.r') ~ ' as decimal(28, 10))',
                spark__whole('p.l') ~ ' * ' ~ spark__part('p.r')
            ),
            spark__plus(
                spark__part('p.l') ~ ' * ' ~ spark__whole('p.r'),
                'round(' ~ spark__part('p.l') ~ ' * ' ~ spark__part('p.r') ~ ', 10)'
            )
        ) }}
    ), 0)
{%- endmacro %}

{% macro spark__whole(quantity) -%}
    try_cast({{ quantity }} - {{ quantity }} % 1 as decimal(18, 0))
{%- endmacro %}

{% macro spark__part(quantity) -%}
    cast({{ quantity }} % 1 as decimal(10, 10))
{%- endmacro %}

{# A sum that keeps its ten digits after the point. #}
{% macro spark__plus(left, right) -%}
    cast(cast({{ left }} as decimal(37, 10)) + cast({{ right }} as decimal(37, 10)) as {{ type_quantity() }})
{%- endmacro %}
