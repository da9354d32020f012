-- Totals and levels are two tables made from the same rows; they must agree on every product and measure.
with

levels as (
    select
        {% for measure in measures() %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        product_key
    from {{ ref('fct_inventory_levels') }}
    group by product_key
)

select coalesce(positions.product_key, levels.product_key) as product_key
from {{ ref('fct_inventory_positions') }} as positions
full outer join levels on positions.product_key = levels.product_key
where
    positions.product_key is null
    or levels.product_key is null
    {% for measure in measures() %}
    or positions.{{ measure }} is distinct from levels.{{ measure }}
    {% endfor %}
