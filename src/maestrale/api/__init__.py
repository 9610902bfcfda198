"""HTTP in, operations out: the REST API of Mistral v2, and what we add to it.

The API is a table of endpoints (`endpoint.Endpoint`). From it requests are routed and checked, the caller
is identified, errors become statuses (here and only here), and `/openapi.json` and `/docs` are made. A module
of this package that has `ENDPOINTS` is one resource of it:

    async def get_workflow(call: Call) -> Workflow: …

    ENDPOINTS = (Endpoint(method="GET", path="/v2/workflows/{id}", handler=get_workflow, …), …)

A handler may raise any `maestrale.errors.Error`; it never makes an error answer by itself.
"""

from maestrale.api.answers import Answer
from maestrale.api.app import make_app
from maestrale.api.backend import Backend, Figure
from maestrale.api.call import Call, Caller
from maestrale.api.endpoint import Endpoint, Parameter, page_type
from maestrale.api.settings import ApiSettings

__all__ = [
    "Answer",
    "ApiSettings",
    "Backend",
    "Call",
    "Caller",
    "Endpoint",
    "Figure",
    "Parameter",
    "make_app",
    "page_type",
]
