"""Settings of hypothesis: no property fails because it is slow."""

import os

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
if not os.environ.get("CI"):  # In CI, hypothesis uses its own profile: untimed and repeatable.
    settings.load_profile("untimed")
