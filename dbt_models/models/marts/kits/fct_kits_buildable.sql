with

products as (
    select * from {{ ref('dim_products') }}
    where deleted_at is null and is_configured
),

-- A kit that is gone is made of nothing.
trees as (
    select bridge_kit_trees.*
    from {{ ref('bridge_kit_trees') }} as bridge_kit_trees
    inner join products on bridge_kit_trees.kit_product_key = products.product_key
),

levels as (
    select * from {{ ref('fct_inventory_levels') }}
),

positions as (
    select * from {{ ref('fct_inventory_positions') }}
),

recipes as (
    select
        kit_product_key,
        count(quantity_per_kit) = count(*) as is_quantity_known,
        max(case when is_cycle then 1 else 0 end) = 1 as is_cycle,
        max(case when is_cut_off then 1 else 0 end) = 1 as is_cut_off
    from trees
    group by kit_product_key
),

-- A product is a kit because the provider calls it one, or because it says what it is made of. A shadow of a kit that
-- says nothing itself is made of what its parent is made of.
kits as (
    select
        products.product_key,
        products.provider,
        products.account,
        products.product_id,
        case
            when recipes.kit_product_key is not null then products.product_key
            else products.shadow_of_product_key
        end as recipe_key
    from products
    left join recipes on products.product_key = recipes.kit_product_key
    where products.is_kit or recipes.kit_product_key is not null
),

-- What one kit takes of each product: components that share a stock, on whatever path, count together.
needs as (
    select
        kit_product_key as recipe_key,
        coalesce(stock_product_key, component_product_id) as component,
        max(stock_product_key) as component_product_key,
        min(component_product_id) as component_product_id,
        sum(quantity_per_kit) as quantity_needed
    from trees
    where is_leaf
    group by kit_product_key, coalesce(stock_product_key, component_product_id)
    -- What is taken in no quantity limits nothing; a quantity that is not known stays, and nothing can be built.
    having sum(quantity_per_kit) > 0 or sum(quantity_per_kit) is null
),

components as (
    select
        kits.product_key as kit_product_key,
        needs.component,
        needs.component_product_key,
        coalesce(products.product_id, needs.component_product_id) as component_product_id,
        needs.quantity_needed
    from kits
    inner join needs on kits.recipe_key = needs.recipe_key
    left join products on needs.component_product_key = products.product_key
),

-- One basis per account, so that no kit is the least of two kinds of numbers.
bases as (
    select
        provider,
        account,
        case when count(quantity_available) > 0 then 'available' else 'on_hand' end as stock_basis
    from levels
    group by provider, account
),

stock as (
    select
        levels.product_key,
        levels.location_key,
        levels.location_id,
        bases.stock_basis,
        case
            when bases.stock_basis = 'available' then levels.quantity_available
            else levels.quantity_on_hand
        end as quantity
    from levels
    inner join bases on levels.provider = bases.provider and levels.account = bases.account
),

stocked_somewhere as (
    select distinct product_key
    from stock
),

places as (
    select distinct
        components.kit_product_key,
        stock.location_key,
        stock.location_id,
        stock.stock_basis
    from components
    inner join stock on components.component_product_key = stock.product_key
),

-- A component that lies elsewhere does not lie here, and that is known; of one that lies nowhere nothing is.
held_at_places as (
    select
        places.kit_product_key,
        places.location_key,
        components.component_product_key,
        components.component_product_id,
        components.quantity_needed,
        case
            when stock.product_key is not null then stock.quantity
            when stocked_somewhere.product_key is not null then 0
        end as quantity
    from places
    inner join components on places.kit_product_key = components.kit_product_key
    left join stock
        on components.component_product_key = stock.product_key and places.location_key = stock.location_key
    left join stocked_somewhere on components.component_product_key = stocked_somewhere.product_key
),

held as (
    select
        kit_product_key,
        location_key,
        component_product_key,
        component_product_id,
        quantity_needed,
        quantity
    from held_at_places

    union all

    select
        components.kit_product_key,
        cast(null as {{ type_string() }}) as location_key,
        components.component_product_key,
        components.component_product_id,
        components.quantity_needed,
        positions.quantity_available as quantity
    from components
    left join positions on components.component_product_key = positions.product_key
),

suffices_for as (
    select
        kit_product_key,
        location_key,
        component_product_key,
        component_product_id,
        quantity,
        {{ whole_times('quantity_needed', 'case when quantity > 0 then quantity else 0 end') }} as kits
    from held
),

ranked as (
    select
        *,
        row_number() over (
            partition by kit_product_key, location_key
            order by case when kits is null then 1 else 0 end, kits, component_product_id, component_product_key
        ) as scarcity_rank
    from suffices_for
),

built as (
    select
        kit_product_key,
        location_key,
        min(kits) as kits,
        max(case when scarcity_rank = 1 then component_product_key end) as limiting_product_key,
        max(case when scarcity_rank = 1 then component_product_id end) as limiting_product_id,
        count(*) as component_count,
        count(*) - count(quantity) as unknown_component_count
    from ranked
    group by kit_product_key, location_key
),

-- Where no component has a level anywhere, the kit has one line, of the stock in all.
lines as (
    select
        kit_product_key,
        location_key,
        location_id,
        stock_basis
    from places

    union all

    select
        kits.product_key as kit_product_key,
        cast(null as {{ type_string() }}) as location_key,
        cast(null as {{ type_string() }}) as location_id,
        'available' as stock_basis
    from kits
    left join places on kits.product_key = places.kit_product_key
    where places.kit_product_key is null
),

completeness as (
    select
        kits.product_key as kit_product_key,
        coalesce(recipes.is_cycle, false) as is_cycle,
        coalesce(recipes.is_cut_off, false) as is_cut_off,
        built_in_all.kit_product_key is not null
        and recipes.is_quantity_known
        and not recipes.is_cycle
        and not recipes.is_cut_off as is_recipe_complete,
        built_in_all.kits as kits_in_all
    from kits
    left join recipes on kits.recipe_key = recipes.kit_product_key
    left join built as built_in_all
        on kits.product_key = built_in_all.kit_product_key and built_in_all.location_key is null
),

joined as (
    select
        kits.product_key as kit_product_key,
        lines.location_key,
        kits.provider,
        kits.account,
        kits.product_id as kit_product_id,
        lines.location_id,
        case when completeness.is_recipe_complete then built.kits end as quantity_buildable,
        case when completeness.is_recipe_complete then completeness.kits_in_all end as quantity_buildable_in_all,
        case when completeness.is_recipe_complete then built.limiting_product_key end as limiting_product_key,
        case when completeness.is_recipe_complete then built.limiting_product_id end as limiting_product_id,
        coalesce(built.component_count, 0) as component_count,
        coalesce(built.unknown_component_count, 0) as unknown_component_count,
        lines.stock_basis,
        completeness.is_cycle,
        completeness.is_cut_off,
        completeness.is_recipe_complete
    from lines
    inner join kits on lines.kit_product_key = kits.product_key
    inner join completeness on lines.kit_product_key = completeness.kit_product_key
    left join built
        on
            lines.kit_product_key = built.kit_product_key
            and coalesce(lines.location_key, '') = coalesce(built.location_key, '')
)

select * from joined
