with

totals as (
    select * from {{ ref('int_position_versions_measured') }}
    where valid_to is null
),

-- Of the others the provider gives a total itself, which is more than its levels say.
levels as (
    select * from {{ ref('int_inventory_levels_unioned') }}
    where provider not in ('{{ providers_with_totals() | join("', '") }}')
),

levels_summed as (
    select
        provider,
        account,
        product_id,
        resource,
        {% for measure in measures() %}
        cast({{ sum_known(measure) }} as {{ type_quantity() }}) as {{ measure }},
        {% endfor %}
        {{ unknown_sums() }} as unknown_measures,
        max(case when is_additive then 0 else 1 end) = 0 as is_additive,
        max(counted_at) as counted_at,
        max(asked_at) as asked_at
    from levels
    group by provider, account, product_id, resource
),

unioned as (
    select * from levels_summed

    union all

    select
        provider,
        account,
        product_id,
        resource,
        {{ measures() | join(', ') }},
        unknown_measures,
        is_additive,
        counted_at,
        asked_at
    from totals
)

select * from unioned
