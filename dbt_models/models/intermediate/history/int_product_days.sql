{{ config(meta={'merged_by': ['account', 'product_id']}) }}

with

history as (
    select * from {{ ref('int_position_history') }}
),

account_days as (
    select * from {{ ref('int_account_days') }}
),

first_versions as (
    select
        provider,
        account,
        product_id,
        max(resource) as resource,
        min(valid_from) as first_valid_from
    from history
    group by provider, account, product_id
),

days as (
    select
        first_versions.provider,
        first_versions.account,
        first_versions.product_id,
        first_versions.resource,
        {{ business_day('first_versions.first_valid_from') }} as first_day,
        account_days.last_day
    from first_versions
    inner join account_days
        on
            first_versions.provider = account_days.provider
            and first_versions.account = account_days.account
)

select * from days
