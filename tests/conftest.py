"""What holds for all tests."""

import os

from hypothesis import settings

# As the server has it (gunicorn.conf.py): threads that share a product of small matrices wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No test is timed: on a busy machine any of them may wait for its turn.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
