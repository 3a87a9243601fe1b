"""How gunicorn serves the agent: `gunicorn -c gunicorn.conf.py app.wsgi:app` (R1.1)."""

import sys
import warnings
from pathlib import Path

import gunicorn

sys.path.insert(0, str(Path(__file__).parent))

from app import config

if int(gunicorn.__version__.split(".")[0]) >= 26:
    sys.exit(f"gunicorn {gunicorn.__version__} has no eventlet worker: install the version in requirements.txt")
warnings.filterwarnings("ignore", message=r"(?s).*[Ee]ventlet", category=DeprecationWarning)

try:
    settings = config.load()
except config.ConfigError as error:
    sys.exit(f"Configuration error:\n{error}")

bind = f"0.0.0.0:{settings.port}"
worker_class = "eventlet"
workers = 1  # one process holds all calls; more instances share nothing (R1.6)
worker_connections = 1000
timeout = 60
graceful_timeout = 25
keepalive = 5
max_requests = 0
preload_app = False  # children and clients are started after the fork
control_socket_disable = True
accesslog = None  # one line an event comes from the app itself
errorlog = "-"
loglevel = "warning"
