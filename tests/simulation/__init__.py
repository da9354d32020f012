"""A model check of reading: the real clients and the real reading over the sandbox, in one process.

No sockets, no dlt pipeline, no database: a dictionary is the warehouse, and time passes only when it is told
to. So thousands of schedules are tried a minute, with the model of tests/soak: `make simulate`.
"""
