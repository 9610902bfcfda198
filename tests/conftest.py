"""How tests run that are coroutines, and how hypothesis is used.

By default hypothesis makes the same examples every time, so that a test that fails was broken by a change.
The profile `ci` looks for new ones, and for many more: `HYPOTHESIS_PROFILE=ci pytest --timeout 900`.
A failing example is shown as it was found: to make a whole workflow small takes minutes, which no other test
should wait for. `HYPOTHESIS_SHRINK=1 pytest --timeout 900`, with the test that failed, makes it small.
"""

import asyncio
import inspect
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from .postgresql import empty_postgresql_url, postgresql, postgresql_url

__all__ = ["empty_postgresql_url", "postgresql", "postgresql_url"]

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
"""Whole workflows are large examples; that is known."""

FOUND = (Phase.explicit, Phase.reuse, Phase.generate)
PHASES = (*FOUND, Phase.shrink) if os.environ.get("HYPOTHESIS_SHRINK") else FOUND

settings.register_profile(
    "default",
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=SLOW,
    phases=PHASES,
)
settings.register_profile(
    "ci", max_examples=3_000, deadline=None, print_blob=True, suppress_health_check=SLOW, phases=PHASES
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine in an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments: dict[str, Any] = {
        name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters
    }
    asyncio.run(pyfuncitem.obj(**arguments))
    return True
