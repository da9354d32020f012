{# A quotient to four digits; null where there is nothing to divide by. Quotients alone are rounded: engines divide
   decimals in different ways, and agree on the fourth digit. #}
{% macro ratio(numerator, denominator) -%}
    cast(
        round(cast({{ numerator }} as double precision) / nullif(cast({{ denominator }} as double precision), 0), 4)
        as {{ type_quantity() }}
    )
{%- endmacro %}
