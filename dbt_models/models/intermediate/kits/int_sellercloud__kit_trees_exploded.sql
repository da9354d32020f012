{%- set kit_depth = var('kit_depth') | int -%}
with

components as (
    select * from {{ ref('int_sellercloud__kit_components_resolved') }}
),

products as (
    select * from {{ ref('int_sellercloud__products_latest') }}
),

recipes as (
    select distinct
        provider,
        account,
        kit_product_id
    from components
),

-- Kits whose stock is their components'. One without a list of components has nothing to open: what the provider says
-- of it stands. One that is deleted is there no more, and neither is what it was made of.
open_kits as (
    select
        products.provider,
        products.account,
        products.product_id
    from products
    inner join recipes
        on
            products.provider = recipes.provider
            and products.account = recipes.account
            and products.product_id = recipes.kit_product_id
    where
        products.deleted_at is null
        and products.shadow_of_product_id is null
        and not ({{ has_own_stock() }})
),

-- A shadow's stock is its parent's, and so is its recipe. What is deleted is nobody's shadow any more.
parts as (
    select
        components.provider,
        components.account,
        components.kit_product_id,
        components.component_product_id,
        coalesce(products.shadow_of_product_id, components.component_product_id) as stock_product_id,
        components.quantity_per_kit,
        components.position
    from components
    left join products
        on
            components.provider = products.provider
            and components.account = products.account
            and components.component_product_id = products.product_id
            and products.deleted_at is null
),

edges as (
    select
        parts.provider,
        parts.account,
        parts.kit_product_id,
        parts.component_product_id,
        parts.stock_product_id,
        parts.quantity_per_kit,
        parts.position,
        open_kits.product_id is not null as has_parts
    from parts
    left join open_kits
        on
            parts.provider = open_kits.provider
            and parts.account = open_kits.account
            and parts.stock_product_id = open_kits.product_id
),

-- Kits are unrolled, one CTE per depth, because not every engine recurses in a view. `opened_<depth>` is the product
-- whose recipe was read there: who stands on a path is known by comparing ids, not by searching a text.
tree_1 as (
    select
        provider,
        account,
        kit_product_id,
        cast(position as {{ type_string() }}) as path,
        1 as depth,
        kit_product_id as parent_product_id,
        component_product_id,
        stock_product_id,
        quantity_per_kit as quantity_per_parent,
        quantity_per_kit,
        has_parts,
        component_product_id = kit_product_id or stock_product_id = kit_product_id as is_cycle,
        kit_product_id as opened_1
    from edges
),

{% for depth in range(2, kit_depth + 1) -%}
{%- set above = 'tree_' ~ (depth - 1) -%}
{%- set path_ids = [above ~ '.stock_product_id'] -%}
{%- for step in range(1, depth) -%}
{%- do path_ids.append(above ~ '.opened_' ~ step) -%}
{%- endfor -%}
tree_{{ depth }} as (
    select
        {{ above }}.provider,
        {{ above }}.account,
        {{ above }}.kit_product_id,
        {{ above }}.path || '/' || cast(edges.position as {{ type_string() }}) as path,
        {{ depth }} as depth,
        {{ above }}.stock_product_id as parent_product_id,
        edges.component_product_id,
        edges.stock_product_id,
        edges.quantity_per_kit as quantity_per_parent,
        {{ times(above ~ '.quantity_per_kit', 'edges.quantity_per_kit') }} as quantity_per_kit,
        edges.has_parts,
        edges.component_product_id in ({{ path_ids | join(', ') }})
        or edges.stock_product_id in ({{ path_ids | join(', ') }}) as is_cycle,
        {% for step in range(1, depth) %}
        {{ above }}.opened_{{ step }},
        {% endfor %}
        {{ above }}.stock_product_id as opened_{{ depth }}
    from {{ above }}
    inner join edges
        on
            {{ above }}.provider = edges.provider
            and {{ above }}.account = edges.account
            and {{ above }}.stock_product_id = edges.kit_product_id
    where {{ above }}.has_parts and not {{ above }}.is_cycle
),

{% endfor -%}
exploded as (
    {% for depth in range(1, kit_depth + 1) %}
    select
        provider,
        account,
        kit_product_id,
        path,
        depth,
        parent_product_id,
        component_product_id,
        stock_product_id,
        quantity_per_parent,
        quantity_per_kit,
        not has_parts and not is_cycle as is_leaf,
        is_cycle,
        {{ 'has_parts and not is_cycle' if depth == kit_depth else 'false' }} as is_cut_off
    from tree_{{ depth }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from exploded
