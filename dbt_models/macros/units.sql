{# A number in the small unit of its kind, from the unit that stands beside it; null where that unit is none of these.
   Every factor is exact by definition. #}
{% macro in_small_unit(value, unit, factors) -%}
    case {{ folded(unit) }}
        {%- for name, factor in factors.items() %}
        when '{{ name }}' then {{ times(value, factor) }}
        {%- endfor %}
    end
{%- endmacro %}

{% macro in_grams(value, unit) -%}
    {{ in_small_unit(value, unit, {'g': '1', 'kg': '1000', 'oz': '28.349523125', 'lb': '453.59237'}) }}
{%- endmacro %}

{% macro in_mm(value, unit) -%}
    {{ in_small_unit(value, unit, {'mm': '1', 'cm': '10', 'in': '25.4'}) }}
{%- endmacro %}

{% macro in_mm3(value, unit) -%}
    {{ in_small_unit(value, unit, {'mm^3': '1', 'cm^3': '1000', 'in^3': '16387.064'}) }}
{%- endmacro %}

{# What a quantity counts, as far as quantities can be added up and compared: '' for pieces, which go without saying, else
   the unit in small letters. Grams are never added to pieces. #}
{% macro unit_counted(unit) -%}
    case
        when {{ folded(unit) }} in ('each', 'ea', 'piece', 'pieces', 'pcs', 'unit', 'units') then ''
        else coalesce({{ folded(unit) }}, '')
    end
{%- endmacro %}

{# Whether all of the rows' stock is counted in one unit, so that it can be added up. #}
{% macro is_one_unit() -%}
    count(distinct unit_counted) < 2
{%- endmacro %}
