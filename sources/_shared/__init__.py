"""What every provider's room uses: the HTTP client, its errors, the mark, and raw rows."""
