"""Maestrale: a durable workflow service that speaks the language and the API of OpenStack Mistral v2."""

__version__ = "0.1.0"
