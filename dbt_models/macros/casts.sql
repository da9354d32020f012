{# The types whose texts may be none of them. A local_time is a naive time, kept as text until the account's zone makes
   it an instant; text and json take whatever is there. #}
{% macro castable_types() %}
    {{ return(['integer', 'decimal', 'boolean', 'instant', 'local_time']) }}
{% endmacro %}

{# Whether any of the fields, at any depth, is of such a type. #}
{% macro castable(fields) %}
    {% for field in fields %}
        {% if field.type in castable_types() or castable(field.fields | default([])) %}
            {{ return(true) }}
        {% endif %}
    {% endfor %}
    {{ return(false) }}
{% endmacro %}

{# A text in the type of a declared field; null where it is none, or not one of the values that have a meaning. #}
{% macro typed(text, field) -%}
    {%- if field.type == 'decimal' -%}
        {{ decimal_of(text) }}
    {%- elif field.type == 'integer' and 'values' in field -%}
        case when {{ integer_of(text) }} in ({{ field['values'] | join(', ') }}) then {{ integer_of(text) }} end
    {%- elif field.type == 'integer' -%}
        {{ integer_of(text) }}
    {%- elif field.type == 'boolean' -%}
        {{ soft_boolean(text) }}
    {%- elif field.type == 'instant' -%}
        {{ instant_of(text) }}
    {%- elif field.type == 'local_time' -%}
        {{ local_time(text) }}
    {%- else -%}
        {{ text }}
    {%- endif -%}
{%- endmacro %}

{# A text as a number, or null where it is none. Engines read 1_000 and 1e2 in different ways, so the form is checked
   first. More than 18 digits before the point are no quantity: see decimal_of. #}
{% macro soft_decimal(text) -%}
    case
        when {{ matches(text, '[+-]?[0-9]{1,18}([.][0-9]+)?') }} then cast({{ text }} as {{ type_quantity() }})
    end
{%- endmacro %}

{% macro soft_boolean(text) -%}
    case
        when lower({{ text }}) in ('true', '1', 'yes') then true
        when lower({{ text }}) in ('false', '0', 'no') then false
    end
{%- endmacro %}
