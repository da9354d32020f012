-- Where the provider gives no total, totals and levels are made from the same rows, and must agree on every measure.
with

levels as (
    select
        {% for measure in measures() %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        product_key
    from {{ ref('fct_inventory_levels') }}
    where provider not in ('{{ providers_with_totals() | join("', '") }}')
    group by product_key
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
    where provider not in ('{{ providers_with_totals() | join("', '") }}')
)

select coalesce(positions.product_key, levels.product_key) as product_key
from positions
full outer join levels on positions.product_key = levels.product_key
where
    positions.product_key is null
    or levels.product_key is null
    {% for measure in measures() %}
    or positions.{{ measure }} is distinct from levels.{{ measure }}
    {% endfor %}
