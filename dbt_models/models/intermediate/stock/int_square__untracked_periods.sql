with

object_versions as (
    select * from {{ ref('stg_square__catalog_objects') }}
),

counts as (
    select * from {{ ref('stg_square__inventory_counts') }}
),

elements as (
    select
        account,
        valid_from,
        valid_to,
        {{ unnest_list('variations') }} as element
    from object_versions
    where object_type = 'ITEM'
),

-- A variation comes by itself and inside its item, see int_square__variations_merged.
variation_versions as (
    select
        account,
        object_id as variation_id,
        object_version,
        0 as source_rank,
        variation.track_inventory as is_tracked,
        variation.location_overrides as location_overrides,
        valid_from,
        valid_to
    from object_versions
    where object_type = 'ITEM_VARIATION'

    union all

    select
        account,
        element.id as variation_id,
        element.version as object_version,
        1 as source_rank,
        element.item_variation_data.track_inventory as is_tracked,
        element.item_variation_data.location_overrides as location_overrides,
        valid_from,
        valid_to
    from elements
    where element.id is not null
),

override_elements as (
    select
        account,
        variation_id,
        object_version,
        source_rank,
        valid_from,
        {{ unnest_numbered('location_overrides') }} as item
    from variation_versions
),

overrides as (
    select
        account,
        variation_id,
        object_version,
        source_rank,
        valid_from,
        trim(item.element.location_id) as location_id,
        item.element.track_inventory as is_tracked,
        row_number() over (
            partition by account, variation_id, object_version, source_rank, valid_from, trim(item.element.location_id)
            order by item.position
        ) as preference
    from override_elements
    where trim(item.element.location_id) <> ''
),

-- Hardly any variation is ever switched off, and only such a one is looked at closely.
switched_off as (
    select
        account,
        variation_id
    from variation_versions
    where not is_tracked
    union distinct
    select
        account,
        variation_id
    from overrides
    where not is_tracked
),

candidates as (
    select variation_versions.*
    from variation_versions
    inner join switched_off
        on
            variation_versions.account = switched_off.account
            and variation_versions.variation_id = switched_off.variation_id
),

moments as (
    select
        account,
        variation_id,
        valid_from as moment
    from candidates
    union distinct
    select
        account,
        variation_id,
        valid_to as moment
    from candidates
    where valid_to is not null
),

-- What came before the catalogue was first read is as it says then.
periods as (
    select
        account,
        variation_id,
        moment,
        case when lag(moment) over variation_in_time is not null then moment end as valid_from,
        lead(moment) over variation_in_time as valid_to
    from moments
    window variation_in_time as (partition by account, variation_id order by moment)
),

ranked as (
    select
        periods.account,
        periods.variation_id,
        periods.valid_from,
        periods.valid_to,
        candidates.object_version,
        candidates.source_rank,
        candidates.is_tracked,
        candidates.valid_from as version_from,
        row_number() over (
            partition by periods.account, periods.variation_id, periods.moment
            order by
                candidates.object_version desc nulls last, candidates.source_rank asc,
                candidates.valid_from desc nulls last
        ) as preference
    from periods
    inner join candidates
        on
            periods.account = candidates.account
            and periods.variation_id = candidates.variation_id
            and periods.moment >= candidates.valid_from
            and (candidates.valid_to is null or periods.moment < candidates.valid_to)
),

places as (
    select distinct
        counts.account,
        counts.catalog_object_id,
        counts.location_id
    from counts
    inner join switched_off
        on
            counts.account = switched_off.account
            and counts.catalog_object_id = switched_off.variation_id
),

-- What the location says stands before what the variation says.
untracked as (
    select
        'square' as provider,
        places.account,
        places.catalog_object_id as product_id,
        places.location_id,
        ranked.valid_from,
        ranked.valid_to
    from places
    inner join ranked
        on
            places.account = ranked.account
            and places.catalog_object_id = ranked.variation_id
            and ranked.preference = 1
    left join overrides
        on
            ranked.account = overrides.account
            and ranked.variation_id = overrides.variation_id
            and coalesce(ranked.object_version, -1) = coalesce(overrides.object_version, -1)
            and ranked.source_rank = overrides.source_rank
            and ranked.version_from = overrides.valid_from
            and places.location_id = overrides.location_id
            and overrides.preference = 1
    where not coalesce(overrides.is_tracked, ranked.is_tracked, true)
)

select * from untracked
