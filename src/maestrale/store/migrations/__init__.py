"""What brings a database with an older schema to the present one: revisions of Alembic, for both databases.

What this package promises:

* A revision is one transaction, and so is all that a file needs: a program that is killed leaves the schema
  as it was. What cannot be done in a transaction (an index on a large table that others go on writing) has a
  revision of its own, which can be begun again.
* Two programs that upgrade at once take turns; the second finds nothing to do.
* No statement waits long for a lock while others wait behind it: it gives way, and is tried again.

`versions/` has a module for each version of the schema: `v0004_….py` leads from 3 to 4. It is written out and
stays as it is: what `schema` makes of the structs goes on changing, and a database may be years old. A test
compares what the revisions lead to with what `schema` makes. A module says:

* `revision`, `down_revision`: the number of the schema in four digits, and of the one before.
* `serves`: the oldest version of the schema whose programs may go on beside it. A revision that only adds,
  with a default for what old programs do not write, keeps the number of the one before: old and new nodes
  then run side by side. One that takes away or changes comes a version later, when no program uses it any
  more: a column of another type makes every statement fail that a node has prepared with it.
* `upgrade()`: what is done, with the means of `operations`. Its docstring says what is slow about it.

An index on a table that may be large is a revision of its own (`create_index_beside_writers`): among other
statements it would keep their tables locked for as long as it takes. `meta` is never altered: a row of it is
the turn that upgrades take.

Loading this loads nothing of Alembic: that takes longer than all else that a command does.
"""
