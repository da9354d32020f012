-- History and the present come by different ways; where history says "now", it must say what levels and totals say.
with

changes as (
    select * from {{ ref('fct_inventory_changes') }}
    where is_current
),

-- Where levels are summed, history has no total (int_inventory_positions_unioned).
present as (
    select
        product_key,
        location_key,
        {{ measures() | join(', ') }}
    from {{ ref('fct_inventory_levels') }}
    union all
    select
        product_key,
        cast(null as {{ type_string() }}) as location_key,
        {{ measures() | join(', ') }}
    from {{ ref('fct_inventory_positions') }}
    where provider in ('{{ providers_with_totals() | join("', '") }}')
)

select coalesce(changes.product_key, present.product_key) as product_key
from changes
full outer join present
    on
        changes.product_key = present.product_key
        and coalesce(changes.location_key, '') = coalesce(present.location_key, '')
where
    changes.product_key is null
    or present.product_key is null
    {% for measure in measures() %}
    or changes.{{ measure }} is distinct from present.{{ measure }}
    {% endfor %}
