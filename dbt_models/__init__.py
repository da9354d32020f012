"""The dbt project: SQL and YAML only, called by pipelines/transform.py."""
