"""The shapes of what goes over the wire: one struct for each resource and each request of the API.

`api` and `client` share them, and nothing else knows them. An attribute that a representation leaves out is
`msgspec.UNSET`; one that is known and empty is None. `formats` has the texts inside them: timestamps,
JSON in a string, UUIDs.
"""
