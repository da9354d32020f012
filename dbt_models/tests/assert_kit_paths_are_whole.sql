-- Every step below the first stands under a component that was opened, and one that was opened has steps below it. The
-- quantity is the one above times the step's own; and each step is a component of its parent, at the place and in the
-- quantity that the provider lists.
with

trees as (
    select * from {{ ref('bridge_kit_trees') }}
),

-- The place of the last step is what follows the last slash; the rest is the path of the step above.
steps as (
    select
        below.kit_tree_key,
        above.kit_tree_key as above_key,
        above.is_leaf or above.is_cycle or above.is_cut_off as is_above_closed,
        below.parent_product_id,
        holders.product_id as opened_product_id,
        below.quantity_per_kit as said,
        {{ times('above.quantity_per_kit', 'below.quantity_per_parent') }} as multiplied
    from trees as below
    left join trees as above
        on
            below.kit_product_key = above.kit_product_key
            and below.depth = above.depth + 1
            and below.path like above.path || '/%'
    left join {{ ref('dim_products') }} as holders on above.stock_product_key = holders.product_key
    where below.depth > 1
)

select kit_tree_key from steps
where
    above_key is null
    or is_above_closed
    or parent_product_id is distinct from opened_product_id
    or said is distinct from multiplied

union all

select trees.kit_tree_key
from trees
left join steps on trees.kit_tree_key = steps.above_key
where not trees.is_leaf and not trees.is_cycle and not trees.is_cut_off and steps.above_key is null

union all

select trees.kit_tree_key
from trees
left join {{ ref('bridge_kit_components') }} as components
    on
        trees.provider = components.provider
        and trees.account = components.account
        and trees.parent_product_id = components.kit_product_id
        and (
            trees.path = cast(components.position as {{ type_string() }})
            or trees.path like '%/' || cast(components.position as {{ type_string() }})
        )
where
    components.kit_product_key is null
    or trees.component_product_id <> components.component_product_id
    or trees.quantity_per_parent is distinct from components.quantity_per_kit
