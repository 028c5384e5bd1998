"""How is the portal served? gunicorn's configuration, named by processes.py."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from hexenroll.leash import die_with_parent

_host = f"[{settings.HEXENROLL_LISTEN}]" if ":" in settings.HEXENROLL_LISTEN else settings.HEXENROLL_LISTEN
bind = f"{_host}:{settings.PORT}"
# Each as it is, and as it looks to a server that listens on IPv6: gunicorn compares what it sees.
_proxies = [str(network) for network in settings.TRUSTED_PROXIES]
_mapped = [f"::ffff:{net.network_address}/{96 + net.prefixlen}" for net in settings.TRUSTED_PROXIES if net.version == 4]
forwarded_allow_ips = ",".join(_proxies + _mapped)
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
