{# The seven measures of design §7, in the order in which every table has them. #}
{% macro measures() %}
    {{ return([
        'quantity_on_hand', 'quantity_available', 'quantity_reserved', 'quantity_incoming',
        'quantity_backordered', 'quantity_unsellable', 'quantity_advertised',
    ]) }}
{% endmacro %}

{% macro type_quantity() -%}
    decimal(38, 10)
{%- endmacro %}

{# The states whose quantities are added up to a measure. #}
{% macro states_of_measures() %}
    {{ return({
        'quantity_on_hand': ['IN_STOCK', 'RESERVED_FOR_SALE', 'RETURNED_BY_CUSTOMER', 'RECEIVED_FROM_VENDOR'],
        'quantity_available': ['IN_STOCK'],
        'quantity_reserved': ['RESERVED_FOR_SALE'],
        'quantity_incoming': ['ORDERED_FROM_VENDOR', 'IN_TRANSIT', 'IN_TRANSIT_TO'],
        'quantity_backordered': [],
        'quantity_unsellable': ['RETURNED_BY_CUSTOMER', 'RECEIVED_FROM_VENDOR'],
        'quantity_advertised': ['IN_STOCK'],
    }) }}
{% endmacro %}

{# The measures of rows that hold one quantity per state, aggregated per product and location. #}
{% macro measures_from_states() %}
    {%- for measure in measures() %}
    cast({{ sum_of_states(states_of_measures()[measure]) }} as {{ type_quantity() }}) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# Of the same rows, the measures of which a part is unknown. #}
{% macro unknown_measures_from_states() %}
    {%- set conditions = {} -%}
    {%- for measure, states in states_of_measures().items() if states -%}
        {%- do conditions.update({measure: 'not ' ~ is_sum_of_states_known(states)}) -%}
    {%- endfor -%}
    {{ names_of(conditions) }}
{% endmacro %}

{# The sum of the states that are there. Null when none is there (the product never touched them: square.md §4.5), and
   null when one is there without a quantity: part of the sum is unknown, so the sum is. #}
{% macro sum_of_states(states) -%}
    {%- if not states -%}
        null
    {%- else -%}
        case
            when {{ is_sum_of_states_known(states) }}
                then sum(case when {{ is_one_of(states) }} then quantity end)
        end
    {%- endif -%}
{%- endmacro %}

{% macro is_sum_of_states_known(states) -%}
    (sum(case when {{ is_one_of(states) }} and quantity is null then 1 else 0 end) = 0)
{%- endmacro %}

{% macro is_one_of(states) -%}
    state in ('{{ states | join("', '") }}')
{%- endmacro %}

{# The measures of rows that hold available, reserved and incoming side by side, where the account says whether
   `available` already excludes what is reserved (net) or not (gross). Without that, on hand is not known. Reserved
   comes with either sign (ventmere_s2.md §6.7). #}
{% macro measures_from_basis() %}
    {%- set expressions = {
        'quantity_on_hand':
            "case available_basis when 'net' then available + abs(reserved) when 'gross' then available end",
        'quantity_available': "case available_basis when 'gross' then available - abs(reserved) else available end",
        'quantity_reserved': 'abs(reserved)',
        'quantity_incoming': 'incoming',
    } -%}
    {%- for measure in measures() %}
    cast({{ expressions.get(measure, 'null') }} as {{ type_quantity() }}) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# The fields of a raw table that feed a measure, as `measures` in its sources YAML says. What holds a field, and the
   record as a whole ('' as uncast_values names it), feeds what the field feeds. #}
{% macro fields_behind(source_name, table_name, measure) %}
    {% set paths = [''] %}
    {% for path in (declared(source_name, table_name, 'measures') or {}).get(measure, []) %}
        {% set parts = path.split('.') %}
        {% for length in range(1, parts | length + 1) %}
            {% do paths.append(parts[:length] | join('.')) %}
        {% endfor %}
    {% endfor %}
    {{ return(paths | unique | list) }}
{% endmacro %}

{# The names of the measures that are unknown because what feeds them could not be read, with ", " between them; null
   when none is. The rows are of one staging model and have its uncast_values. #}
{% macro unknown_measures(source_name, table_name) -%}
    {%- set conditions = {} -%}
    {%- for measure in declared(source_name, table_name, 'measures') or [] if measure in measures() -%}
        {%- do conditions.update({
            measure: is_uncast('uncast_values', fields_behind(source_name, table_name, measure))
        }) -%}
    {%- endfor -%}
    {{ names_of(conditions) }}
{%- endmacro %}

{# The names whose conditions hold, with ", " between them; null when none does. #}
{% macro names_of(conditions) -%}
    nullif(substr(
        {%- for name, condition in conditions.items() %}
        case when {{ condition }} then ', {{ name }}' else '' end{{ " ||" if not loop.last }}
        {%- else %} ''
        {%- endfor %},
        3
    ), '')
{%- endmacro %}

{# Whether a measure is unknown in a row: it is null, and not because its provider does not say it. #}
{% macro is_unknown(measure, rows='') -%}
    ({{ rows }}{{ measure }} is null and {{ rows }}unknown_measures like '%{{ measure }}%')
{%- endmacro %}

{# The sum of a measure over rows. Who does not say it is left out; what is unknown makes the sum unknown, so that it is
   never a smaller number than it should be. #}
{% macro sum_known(measure, rows='') -%}
    case
        when max(case when {{ is_unknown(measure, rows) }} then 1 else 0 end) = 0 then sum({{ rows }}{{ measure }})
    end
{%- endmacro %}

{# The measures whose sums are unknown, by their names. #}
{% macro unknown_sums() -%}
    {%- set conditions = {} -%}
    {%- for measure in measures() -%}
        {%- do conditions.update(
            {measure: 'max(case when ' ~ is_unknown(measure) ~ ' then 1 else 0 end) = 1'}
        ) -%}
    {%- endfor -%}
    {{ names_of(conditions) }}
{%- endmacro %}
