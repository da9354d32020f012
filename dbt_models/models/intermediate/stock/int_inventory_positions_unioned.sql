{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

accounts as (
    select * from {{ ref('stg_stocktake__accounts') }}
),

totals as (
    select totals.*
    from {{ ref('int_position_versions_measured') }} as totals
    left join accounts on totals.account = accounts.account
    where totals.valid_to is null and {{ is_configured('totals.provider') }}
),

-- Of the others the provider gives a total itself, which is more than its levels say.
levels as (
    select levels.*
    from {{ ref('int_inventory_level_versions_unioned') }} as levels
    left join accounts on levels.account = accounts.account
    where
        levels.valid_to is null
        and {{ is_configured('levels.provider') }}
        and levels.provider not in (
            '{{ providers_with_totals() | join("', '") }}'
        )
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
        max(case when {{ nothing_is_there() }} then 0 else 1 end) = 1 as is_held,
        max(case when untracked_reason is null then 1 else 0 end) = 1 as is_tracked,
        max(untracked_reason) as untracked_reason,
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
        not {{ nothing_is_there() }} as is_held,
        untracked_reason is null as is_tracked,
        untracked_reason,
        is_additive,
        counted_at,
        asked_at
    from totals
)

select * from unioned
