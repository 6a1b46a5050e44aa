"""No property is failed for being slow."""

import os

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
if not os.environ.get("CI"):  # there hypothesis has a profile of its own: untimed and repeatable
    settings.load_profile("untimed")
