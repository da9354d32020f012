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

{# The measures of rows that hold one quantity per state, aggregated per product and location. #}
{% macro measures_from_states() %}
    {%- set states = {
        'quantity_on_hand': ['IN_STOCK', 'RESERVED_FOR_SALE', 'RETURNED_BY_CUSTOMER', 'RECEIVED_FROM_VENDOR'],
        'quantity_available': ['IN_STOCK'],
        'quantity_reserved': ['RESERVED_FOR_SALE'],
        'quantity_incoming': ['ORDERED_FROM_VENDOR', 'IN_TRANSIT', 'IN_TRANSIT_TO'],
        'quantity_backordered': [],
        'quantity_unsellable': ['RETURNED_BY_CUSTOMER', 'RECEIVED_FROM_VENDOR'],
        'quantity_advertised': ['IN_STOCK'],
    } -%}
    {%- for measure in measures() %}
    cast({{ sum_of_states(states[measure]) }} as {{ type_quantity() }}) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# The sum of the states that are there. Null when none is there (the product never touched them: square.md §4.5), and
   null when one is there without a quantity: part of the sum is unknown, so the sum is. #}
{% macro sum_of_states(states) -%}
    {%- if not states -%}
        null
    {%- else -%}
        {%- set is_part = "state in ('" ~ states | join("', '") ~ "')" -%}
        case
            when sum(case when {{ is_part }} and quantity is null then 1 else 0 end) = 0
                then sum(case when {{ is_part }} then quantity end)
        end
    {%- endif -%}
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
