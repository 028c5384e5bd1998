"""Did something fail because a disk is full? Asked by whatever writes files or rows, and says so then."""

import errno
import sqlite3

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
POSTGRESQL_FULL = "53100"  # disk_full, https://www.postgresql.org/docs/current/errcodes-appendix.html


def is_disk_full(error: BaseException) -> bool:
    """Tell whether an error, or one that caused it, is a full disk: of files, of SQLite or of PostgreSQL."""
    cause: BaseException | None = error
    while cause is not None:
        if (
            (isinstance(cause, OSError) and cause.errno in FULL)
            or getattr(cause, "sqlite_errorcode", None) in SQLITE_FULL
            or getattr(cause, "sqlstate", None) == POSTGRESQL_FULL
        ):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
