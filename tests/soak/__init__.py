"""Schedules of changes, runs, storms and deaths, drawn by chance, held against a model of what must be true.

`python -m tests.soak --schedules 200 --seed 1` runs as many as there is time for; `make test-all` runs a few.
"""
