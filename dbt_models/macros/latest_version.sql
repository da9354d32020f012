{# 1 for the version of a record that stands for it: the current one, or, where it is gone, the last there was. #}
{% macro latest_version_rank(key) -%}
    row_number() over (
        partition by account, {{ key }}
        order by case when valid_to is null then 0 else 1 end, valid_from desc nulls last, version_key
    )
{%- endmacro %}
