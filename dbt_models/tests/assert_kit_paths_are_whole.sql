-- Every step below the first stands under a component that was opened, and one that was opened has steps below it. What
-- is multiplied out is the parent's quantity times the step's own.
with

trees as (
    select * from {{ ref('bridge_kit_trees') }}
),

-- The place of the last step is what follows the last slash; the rest is the parent's path.
steps as (
    select
        below.kit_tree_key,
        above.kit_tree_key as above_key,
        above.is_leaf or above.is_cycle or above.is_cut_off as is_above_closed,
        above.component_product_id as above_product_id,
        below.parent_product_id,
        below.quantity_per_kit as said,
        {{ times('above.quantity_per_kit', 'below.quantity_per_parent') }} as multiplied
    from trees as below
    left join trees as above
        on
            below.kit_product_key = above.kit_product_key
            and below.depth = above.depth + 1
            and below.path like above.path || '/%'
    where below.depth > 1
),

opened_in_vain as (
    select trees.kit_tree_key
    from trees
    left join steps on trees.kit_tree_key = steps.above_key
    where not trees.is_leaf and not trees.is_cycle and not trees.is_cut_off and steps.above_key is null
)

select kit_tree_key from steps
where
    above_key is null
    or is_above_closed
    or above_product_id <> parent_product_id
    or said is distinct from multiplied
union all
select kit_tree_key from opened_in_vain
