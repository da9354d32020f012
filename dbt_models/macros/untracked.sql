{# The seven measures, and which of them are unknown, of rows that say in untracked_reason why their numbers mean nothing:
   null where they do. #}
{% macro measures_where_tracked() -%}
    {%- for measure in measures() + ['unknown_measures'] %}
    case when untracked_reason is null then {{ measure }} end as {{ measure }}
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Whether nothing is there: every measure is 0 or not told, and none unknown, whatever is advertised. Where stock is
   another's (virtual inventory, a drop shipper's warehouse), such a row says nothing; any other is told as it came. #}
{% macro nothing_is_there() -%}
    (
        unknown_measures is null and
        {%- for measure in measures() if measure != 'quantity_advertised' %}
        coalesce({{ measure }}, 0) = 0{{ " and" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
