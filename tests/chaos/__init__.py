"""Real processes on a real PostgreSQL, and everything that can go wrong with them.

`test_chaos.py` runs for `MAESTRALE_CHAOS_SECONDS` (a short time by default; `make chaos` for minutes), from a
seed that it prints. What is wrong at the end is kept, with the logs of all nodes, in the test's directory.
"""
