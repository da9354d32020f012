{# A barcode as 14 digits, or null where it is none: 8, 12, 13 or 14 digits once blanks and hyphens are gone, not all
   zero, and the last one the check digit of the others (GS1 General Specifications §7.9). #}
{% macro gtin(code) -%}
    {%- set digits = "replace(replace(" ~ code ~ ", ' ', ''), '-', '')" -%}
    {%- set padded = "lpad(" ~ digits ~ ", 14, '0')" -%}
    case
        when {{ matches(digits, '[0-9]{8}|[0-9]{12,14}') }} and {{ matches(padded, '.*[1-9].*') }}
            then
                case
                    when (
                        {%- for position in range(1, 15) %}
                        cast(substring({{ padded }}, {{ position }}, 1) as integer)
                        {{- " * 3" if position % 2 == 1 }}{{ " +" if not loop.last }}
                        {%- endfor %}
                    ) % 10 = 0 then {{ padded }}
                end
    end
{%- endmacro %}
