"""A child process that cannot start."""

from app.sidecar.manners import tell_last_words

tell_last_words()
raise ModuleNotFoundError("No module named 'grpc'")
