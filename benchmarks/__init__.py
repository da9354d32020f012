"""What Stocktake costs, beside what the same costs by hand; README.md has the last table."""
