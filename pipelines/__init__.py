"""Load and run: from accounts to published tables. The `stocktake` command is here."""
