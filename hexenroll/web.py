"""How is the portal served? gunicorn's configuration, named by processes.py."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from hexenroll.leash import die_with_parent

_host = f"[{settings.HEXENROLL_LISTEN}]" if ":" in settings.HEXENROLL_LISTEN else settings.HEXENROLL_LISTEN
bind = f"{_host}:{settings.PORT}"
forwarded_allow_ips = ",".join(str(network) for network in settings.TRUSTED_PROXIES)
workers = 2
worker_class = "gthread"
threads = 8
timeout = 120  # seconds without a sign of life from a whole worker, not the length of a request
graceful_timeout = 10
keepalive = 5
# The workers' heartbeat is a file: on a disk, a slow fsync of something else would look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(Path(settings.FILE_UPLOAD_TEMP_DIR))  # noqa: S108
control_socket_disable = True
accesslog = "-"
logger_class = "hexenroll.masked_log.GunicornLogger"  # links of invitations are keys
access_log_format = "%(t)s %(h)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"  # without the query: it may hold a token


def post_fork(server: Any, worker: Any) -> None:
    """Let no worker outlive the master."""
    die_with_parent(worker.ppid)
