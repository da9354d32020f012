{# 1 where a version has other measures (or other values in the columns `also`) than the one before it, or does not
   follow on it; 0 where it repeats it. The window `in_time` is the model's: one record's versions in their order. #}
{% macro is_change(also=[]) -%}
    case
        when
            (lag(valid_to) over in_time is distinct from valid_from)
            {%- for value in measures() + also %}
            or (lag({{ value }}) over in_time is distinct from {{ value }})
            {%- endfor %}
            then 1
        else 0
    end
{%- endmacro %}

{# For a post-hook of an incremental model: deletes the rows whose key `computed` does not have any more, as after a
   reset of an account. What is computed is all recorded by now, so equal counts mean that there is nothing to forget,
   and nothing is touched. #}
{% macro forget_rows_not_in(computed, columns) %}
    {% if not execute or not is_incremental() %}
        {{ return('') }}
    {% endif %}
    {% set counts = run_query(
        "select (select count(*) from " ~ this ~ "), (select count(*) from " ~ computed ~ " as computed)"
    ).rows[0] %}
    {% if counts[0] == counts[1] %}
        {{ return('') }}
    {% endif %}
    delete from {{ this }}
    where not exists (
        select 1
        from {{ computed }} as computed
        where
            {%- for column in columns %}
            computed.{{ column }} is not distinct from {{ this }}.{{ column }}{{ " and" if not loop.last }}
            {%- endfor %}
    )
{% endmacro %}
