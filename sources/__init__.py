"""What each provider says: dlt sources over httpx. Knows no warehouse and no dbt."""
