"""Commands about a server: `maestrale execution start`, `maestrale workflow list`, and so on.

They know nothing but the client. Groups of commands are in `groups`; what the verbs of most groups have
in common is made from the table in `kinds`.
"""
