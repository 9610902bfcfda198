"""Commands about a server: `maestrale execution start`, `maestrale workflow list`, and so on.

They know nothing of the server but the client. `cli/groups.py` says which module has which group; the verbs
that most groups have are made from the table in `kinds`.
"""
