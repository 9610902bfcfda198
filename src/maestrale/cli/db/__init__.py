"""`maestrale db`: a database looked at, checked, and brought up to the schema of this program."""
