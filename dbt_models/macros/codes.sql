{# A code as it is compared where capitals do not count: SKUs, ids of parts and parents, codes of fields. #}
{% macro folded(text) -%}
    lower({{ cleaned(text) }})
{%- endmacro %}

{# A code as people read it: in the provider's own characters, null where none of them can be seen. #}
{% macro as_written(text) -%}
    case when {{ cleaned(text) }} is not null then trim({{ text }}) end
{%- endmacro %}
