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

-- A step of a path is a product that was opened, and what was found in its recipe. Who stands on a path is known by
-- comparing ids, not by searching a text.
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
        kit_product_id as opened_1,
        component_product_id as component_1,
        quantity_per_kit as quantity_1
    from edges
),

ways as (
    select false as goes_on
    union all
    select true as goes_on
),

-- Not every engine recurses in a view, and some plan every CTE anew wherever it is read. So paths are doubled: each
-- stands for itself, and one that is as long as any and ends in a kit goes on, too, in every path of that kit.
{% set tree = namespace(depth=1) -%}
{%- for _ in range(kit_depth) if tree.depth < kit_depth -%}
{%- set half = tree.depth -%}
{%- set more = [half, kit_depth - half] | min -%}
{%- set tree.depth = half + more -%}
{%- set opened_above = [] -%}
{%- for step in range(1, half + 1) -%}
{%- do opened_above.append('above.opened_' ~ step) -%}
{%- endfor -%}
{%- set opened_above = opened_above | join(', ') -%}
{%- set products = [] -%}
{%- for step in range(1, more + 1) -%}
{%- do products.append(times((['above.quantity_per_kit'] + products) | last, 'below.quantity_' ~ step)) -%}
{%- endfor -%}
tree_{{ tree.depth }} as (
    select
        above.provider,
        above.account,
        above.kit_product_id,
        case when ways.goes_on then above.path || '/' || below.path else above.path end as path,
        case when ways.goes_on then above.depth + below.depth else above.depth end as depth,
        {% for column in [
            'parent_product_id', 'component_product_id', 'stock_product_id', 'quantity_per_parent', 'has_parts'
        ] %}
        case when ways.goes_on then below.{{ column }} else above.{{ column }} end as {{ column }},
        {% endfor %}
        -- Multiplied from the top down, as one would by hand: what is rounded, or does not fit, depends on the order.
        case
            when not ways.goes_on then above.quantity_per_kit
            {% for product in products %}
            when below.depth = {{ loop.index }} then {{ product }}
            {% endfor %}
        end as quantity_per_kit,
        {% for part in ['opened', 'component', 'quantity'] if tree.depth < kit_depth %}
        {% for step in range(1, half + 1) %}
        above.{{ part }}_{{ step }},
        {% endfor %}
        {% for step in range(1, more + 1) %}
        case when ways.goes_on then below.{{ part }}_{{ step }} end as {{ part }}_{{ half + step }},
        {% endfor %}
        {% endfor %}
        case
            when ways.goes_on
                then
                    below.is_cycle
                    or below.component_product_id in ({{ opened_above }})
                    or below.stock_product_id in ({{ opened_above }})
            else above.is_cycle
        end as is_cycle
    from tree_{{ half }} as above
    inner join ways
        on not ways.goes_on or (above.depth = {{ half }} and above.has_parts and not above.is_cycle)
    left join tree_{{ half }} as below
        on
            above.provider = below.provider
            and above.account = below.account
            and case when ways.goes_on then above.stock_product_id end = below.kit_product_id
            and below.depth <= {{ more }}
    where
        not ways.goes_on
        -- What repeats the path above is not opened, so nothing goes on below it.
        or (
            below.kit_product_id is not null
            {% for step in range(1, more) %}
            and (
                below.depth <= {{ step }}
                or (
                    below.component_{{ step }} not in ({{ opened_above }})
                    and below.opened_{{ step + 1 }} not in ({{ opened_above }})
                )
            )
            {% endfor %}
        )
),

{% endfor -%}
exploded as (
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
        has_parts and not is_cycle and depth = {{ kit_depth }} as is_cut_off
    from tree_{{ tree.depth }}
)

select * from exploded
