-- A kit's tree begins with its components as the provider lists them, all of them and nothing else.
with

first_steps as (
    select * from {{ ref('bridge_kit_trees') }}
    where depth = 1
)

select
    coalesce(components.kit_product_key, first_steps.kit_product_key) as kit_product_key,
    coalesce(cast(components.position as {{ type_string() }}), first_steps.path) as path
from {{ ref('bridge_kit_components') }} as components
full outer join first_steps
    on
        components.kit_product_key = first_steps.kit_product_key
        and cast(components.position as {{ type_string() }}) = first_steps.path
where
    components.kit_product_key is null
    or first_steps.kit_product_key is null
    or components.component_product_id <> first_steps.component_product_id
    or components.component_product_key is distinct from first_steps.component_product_key
    or components.quantity_per_kit is distinct from first_steps.quantity_per_kit
    or first_steps.quantity_per_parent is distinct from first_steps.quantity_per_kit
