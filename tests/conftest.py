"""How much the properties try: HYPOTHESIS_PROFILE is `gate` (the default) or `soak`."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.browser", "tests.postgresql"]

# A property is as slow as the machine is busy: no deadline, and slow data is no failure.
settings.register_profile("gate", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", settings.get_profile("gate"), max_examples=2_000, stateful_step_count=80)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
