{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

-- Of the others the provider gives a total itself, which is more than its levels say.
level_versions as (
    select * from {{ ref('int_inventory_level_versions_unioned') }}
    where provider not in ('{{ providers_with_totals() | join("', '") }}')
),

total_versions as (
    select * from {{ ref('int_position_versions_measured') }}
),

-- What a level brings when it begins, it takes away when it ends: a running sum then costs one row per version, where
-- a join of moments with levels would cost their product.
level_moments as (
    select
        provider,
        account,
        product_id,
        resource,
        valid_from as moment,
        {% for measure in measures() %}
        {{ measure }},
        case when {{ measure }} is null then 0 else 1 end as known_{{ measure }},
        case when {{ is_unknown(measure) }} then 1 else 0 end as unknown_{{ measure }},
        {% endfor %}
        1 as level_count,
        case when is_additive then 0 else 1 end as derived_count,
        case when untracked_reason is null then 0 else 1 end as untracked_count,
        untracked_reason
    from level_versions

    union all

    select
        provider,
        account,
        product_id,
        resource,
        valid_to as moment,
        {% for measure in measures() %}
        -{{ measure }} as {{ measure }},
        case when {{ measure }} is null then 0 else -1 end as known_{{ measure }},
        case when {{ is_unknown(measure) }} then -1 else 0 end as unknown_{{ measure }},
        {% endfor %}
        -1 as level_count,
        case when is_additive then 0 else -1 end as derived_count,
        case when untracked_reason is null then 0 else -1 end as untracked_count,
        untracked_reason
    from level_versions
    where valid_to is not null
),

moments as (
    select
        provider,
        account,
        product_id,
        resource,
        moment,
        {% for measure in measures() %}
        coalesce(sum({{ measure }}), 0) as {{ measure }},
        sum(known_{{ measure }}) as known_{{ measure }},
        sum(unknown_{{ measure }}) as unknown_{{ measure }},
        {% endfor %}
        sum(level_count) as level_count,
        sum(derived_count) as derived_count,
        sum(untracked_count) as untracked_count,
        max(untracked_reason) as untracked_reason
    from level_moments
    group by provider, account, product_id, resource, moment
),

periods as (
    select
        provider,
        account,
        product_id,
        resource,
        moment as valid_from,
        lead(moment) over product_in_time as valid_to,
        {% for measure in measures() %}
        sum({{ measure }}) over product_in_time as {{ measure }},
        sum(known_{{ measure }}) over product_in_time as known_{{ measure }},
        sum(unknown_{{ measure }}) over product_in_time as unknown_{{ measure }},
        {% endfor %}
        sum(level_count) over product_in_time as level_count,
        sum(derived_count) over product_in_time as derived_count,
        sum(untracked_count) over product_in_time as untracked_count,
        -- A provider has one reason for all of its levels.
        max(untracked_reason) over (partition by provider, account, product_id, resource) as untracked_reason
    from moments
    window product_in_time as (partition by provider, account, product_id, resource order by moment)
),

-- The same rule as in int_inventory_positions_unioned: what is said is added up, a sum of nothing said is null, and so
-- is one of which a part is unknown.
unioned as (
    select
        provider,
        account,
        product_id,
        resource,
        {% for measure in measures() %}
        case
            when known_{{ measure }} > 0 and unknown_{{ measure }} = 0
                then cast({{ measure }} as {{ type_quantity() }})
        end as {{ measure }},
        {% endfor %}
        case when untracked_count > 0 then untracked_reason end as untracked_reason,
        derived_count = 0 as is_additive,
        valid_from,
        valid_to
    from periods
    where level_count > 0

    union all

    select
        provider,
        account,
        product_id,
        resource,
        {{ measures() | join(',\n        ') }},
        untracked_reason,
        is_additive,
        valid_from,
        valid_to
    from total_versions
),

-- "1" after "1.0", a newer clock on the same number, or units that moved between two locations, are no change.
marked as (
    select
        *,
        {{ is_change(also=['is_additive', 'untracked_reason']) }} as is_change
    from unioned
    window in_time as (partition by provider, account, product_id order by valid_from)
),

numbered as (
    select
        *,
        sum(is_change) over (
            partition by provider, account, product_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as change_number
    from marked
),

collapsed as (
    select
        provider,
        account,
        product_id,
        max(resource) as resource,
        {% for measure in measures() %}
        max({{ measure }}) as {{ measure }},
        {% endfor %}
        untracked_reason,
        is_additive,
        min(valid_from) as valid_from,
        case when count(valid_to) = count(*) then max(valid_to) end as valid_to
    from numbered
    group by provider, account, product_id, untracked_reason, is_additive, change_number
)

select * from collapsed
