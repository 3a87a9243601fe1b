"""What holds for all tests."""

from hypothesis import settings

# No test is timed: on a busy machine any of them may wait for its turn.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
