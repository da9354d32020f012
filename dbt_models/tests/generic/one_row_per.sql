{# The grain: no two rows share these columns, and none of them is missing, but for those that may be. `as_compared` takes
   texts of people as they are compared with others. #}
{% test one_row_per(model, columns, nullable=[], as_compared=false) %}

with

keys as (
    select
        {%- for column in columns %}
        {{ cleaned(column) if as_compared else column }} as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ model }}
)

select
    {{ columns | join(', ') }},
    count(*) as row_count
from keys
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
