{# Values that we know; a row that has another one is named, so that whoever is warned can look it up. #}
{% test known_values(model, column_name, values, named_by) %}

select
    {{ named_by | join(', ') }},
    {{ column_name }}
from {{ model }}
where {{ column_name }} not in ('{{ values | join("', '") }}')

{% endtest %}
