{# A text as a number, or null where it is none. Engines read 1_000 and 1e2 in different ways, so the form is checked
   first; what has more than 28 digits before the point does not fit any decimal of ours. #}
{% macro soft_decimal(text) -%}
    case
        when {{ matches(text, '[+-]?[0-9]{1,28}([.][0-9]+)?') }} then cast({{ text }} as {{ type_quantity() }})
    end
{%- endmacro %}

{% macro soft_boolean(text) -%}
    case
        when lower({{ text }}) in ('true', '1', 'yes') then true
        when lower({{ text }}) in ('false', '0', 'no') then false
    end
{%- endmacro %}
