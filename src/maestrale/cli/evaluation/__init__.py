"""`maestrale eval`: expressions tried before they are shipped.

A `Place` evaluates texts: on data from a file (`data_place`), on a task of an execution in the database
(`task_place`), or on one of a server (`server_place`). `command` chooses it and asks it what the command line
says; `prompt` asks what a person types, with `completion`; `answers` writes what comes out.
"""
