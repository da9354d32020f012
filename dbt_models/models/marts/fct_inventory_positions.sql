with

levels as (
    select * from {{ ref('int_inventory_levels_unioned') }}
),

summed as (
    select
        {{ product_key() }} as product_key,
        provider,
        account,
        product_id,
        {% for measure in measures() %}
        cast(sum({{ measure }}) as {{ type_quantity() }}) as {{ measure }},
        {% endfor %}
        -- A bundle's count is derived from its components', which are counted themselves (square.md §4.4).
        max(case when is_estimated then 1 else 0 end) = 0 as is_additive,
        max(counted_at) as counted_at,
        max(asked_at) as asked_at
    from levels
    group by provider, account, product_id
)

select * from summed
