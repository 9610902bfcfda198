"""The `maestrale` command.

This layer promises: stdout holds what was asked for and nothing else, stderr the rest; the exit code
says how it went (`exit_codes`); whatever is wrong is told in a sentence with a code and a way on, never
as a traceback; what a command does not need is not imported.
"""
