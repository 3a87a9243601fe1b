"""How gunicorn serves the agent: `gunicorn -c gunicorn.conf.py app.wsgi:app` (R1.1)."""

import gc
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import gunicorn

# Vectors of 160 samples gain nothing from a second BLAS thread; it only competes with the calls.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# eventlet's own resolver takes 100 ms to load; ours works in threads (runtime.py).
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
gc.disable()  # until the start is over
warnings.filterwarnings("ignore", message=r"(?s).*[Ee]ventlet")
if int(gunicorn.__version__.split(".")[0]) >= 26:
    sys.exit(f"gunicorn {gunicorn.__version__} has no eventlet worker: install the version in requirements.txt")
try:
    import eventlet
except ImportError:
    sys.exit("eventlet is not installed: pip install -r requirements.txt")
eventlet.monkey_patch()  # as the worker will: patched before anything else is imported, nothing is left half patched

sys.path.insert(0, str(Path(__file__).parent))
from app import acceptor  # noqa: E402 - after the patching and the path
from app import config as agent_config  # noqa: E402 - likewise

try:
    agent_settings = agent_config.load()
except agent_config.ConfigError as error:
    sys.exit(f"Configuration error:\n{error}")


def on_starting(server: Any) -> None:
    """Refuse another worker (`-k`, GUNICORN_CMD_ARGS) before one is started: calls would stall in it."""
    if server.cfg.worker_class_str != worker_class:
        sys.exit(f"This app needs gunicorn's eventlet worker, not {server.cfg.worker_class_str!r}: leave out -k")


def when_ready(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """The master has loaded what it needs; each worker sees to itself."""
    gc.enable()


def post_worker_init(worker: Any) -> None:
    """Let accepting go on whatever happens, and beyond SIGTERM while calls live: gunicorn would turn Twilio away."""
    worker.sockets = [acceptor.Listener(listener) for listener in worker.sockets]
    told: list[int] = []

    def end() -> None:
        worker.alive = False

    def stop(number: int, _: Any) -> None:
        told.append(number)
        if acceptor.is_replaced(os.getpid(), os.getppid()):
            end()

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - as gunicorn has it
    worker.wsgi.watch(lambda: worker.alive and not told, worker.cfg.graceful_timeout, end)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """The worker has served its last connection: what calls told the store is finished before the process ends."""
    composite = getattr(worker, "wsgi", None)
    if composite is not None:
        composite.stop()


bind = f"0.0.0.0:{agent_settings.port}"
worker_class = "eventlet"
workers = 1  # one process holds all calls; more instances share nothing (R1.6)
worker_connections = acceptor.connections_within(acceptor.raise_descriptor_limit(), 4000)
timeout = 60
graceful_timeout = agent_settings.shutdown_grace_s
keepalive = 5
max_requests = 0
preload_app = False  # children and clients are started after the fork
control_socket_disable = True
secure_scheme_headers: dict[str, str] = {}  # we read forwarded headers ourselves; gunicorn answers 400 to lists
accesslog = None  # one line an event comes from the app itself
errorlog = "-"
loglevel = "warning"
