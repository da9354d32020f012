-- History and the present come by different ways; where history says "now", it must say what the levels say.
with

changes as (
    select * from {{ ref('fct_inventory_changes') }}
    where is_current
)

select coalesce(changes.product_key, levels.product_key) as product_key
from changes
full outer join {{ ref('fct_inventory_levels') }} as levels
    on
        changes.product_key = levels.product_key
        and changes.location_key = levels.location_key
where
    changes.product_key is null
    or levels.product_key is null
    {% for measure in measures() %}
    or changes.{{ measure }} is distinct from levels.{{ measure }}
    {% endfor %}
