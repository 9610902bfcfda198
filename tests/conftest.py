"""How hypothesis is used in the tests.

By default it makes the same examples every time, so that a test that fails was broken by a change. The
profile `ci` looks for new ones, and for many more: `HYPOTHESIS_PROFILE=ci pytest --timeout 900`.
"""

import os

from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
"""Whole workflows are large examples; that is known."""

settings.register_profile(
    "default", max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW
)
settings.register_profile(
    "ci", max_examples=3_000, deadline=None, print_blob=True, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
