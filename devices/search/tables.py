"""Where is the text that is searched, on PostgreSQL? Made with the migrations, as soon as the database has pg_trgm.

The trigram index is not on the device table, because it would nearly double the time of an import. Triggers write
down which numbers are new or changed (a range for each statement, next to nothing); a worker brings their text into the
index (keep_up.py); until then find.py looks at those devices themselves. So nothing is ever missed.
"""

import logging
from typing import Any, Final

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DatabaseError

logger = logging.getLogger(__name__)

MIGRATION: Final = ("devices", "0008_search_index")
DEVICE, USER = 1, 2  # `kind` of a row
# Table, and the text of one of its rows; by kind.
SOURCES: Final = {
    DEVICE: ("devices_device", "upper(coalesce({0}serial_number, '') || E'\\n' || {0}name)", ("serial_number", "name")),
    USER: ("devices_deviceuser", "upper({0}name || E'\\n' || {0}email)", ("name", "email")),
}
TABLES: Final = """
    CREATE TABLE devices_searchtext (
        kind smallint NOT NULL, id bigint NOT NULL, text text NOT NULL, PRIMARY KEY (kind, id)
    );
    CREATE TABLE devices_searchdue (
        number bigserial PRIMARY KEY, kind smallint NOT NULL, first bigint NOT NULL, last bigint NOT NULL
    );
    CREATE INDEX devices_searchtext_device ON devices_searchtext USING gin (text gin_trgm_ops) WHERE kind = 1;
    CREATE INDEX devices_searchtext_user ON devices_searchtext USING gin (text gin_trgm_ops) WHERE kind = 2;
"""
TRIGGERS: Final = """
    CREATE FUNCTION {table}_search_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO devices_searchdue (kind, first, last)
        SELECT {kind}, min(id), max(id) FROM fresh HAVING min(id) IS NOT NULL;
        RETURN NULL;
    END $$;
    CREATE FUNCTION {table}_search_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO devices_searchdue (kind, first, last) VALUES ({kind}, NEW.id, NEW.id);
        RETURN NULL;
    END $$;
    CREATE TRIGGER {table}_search_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_new();
    CREATE TRIGGER {table}_search_changed AFTER UPDATE OF {columns} ON {table}
        FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION {table}_search_changed();
    INSERT INTO devices_searchdue (kind, first, last)
        SELECT {kind}, min(id), max(id) FROM {table} HAVING min(id) IS NOT NULL;
"""


def create(database: Any) -> None:
    """Make tables, triggers and indexes; on another database, or without pg_trgm, nothing: search reads all rows."""
    if database.vendor != "postgresql" or not _has_trigrams(database):
        return
    statements = [TABLES]
    for kind, (table, _text, columns) in SOURCES.items():
        differs = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
        statements.append(TRIGGERS.format(kind=kind, table=table, columns=", ".join(columns), differs=differs))
    with transaction.atomic(using=database.alias), database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def create_missing(database: Any) -> None:
    """Make what the migration could not, because the database had no pg_trgm then; called after each `migrate`."""
    if database.vendor != "postgresql" or _has_tables(database):
        return
    if MIGRATION in MigrationRecorder(database).applied_migrations():
        create(database)


def drop(schema_editor: Any) -> None:
    """Take everything away that `create` made."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for table, _text, _columns in SOURCES.values():
            for what in ("new", "changed"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_search_{what} ON {table}")
                cursor.execute(f"DROP FUNCTION IF EXISTS {table}_search_{what}()")
        cursor.execute("DROP TABLE IF EXISTS devices_searchtext, devices_searchdue")


def _has_trigrams(database: Any) -> bool:
    """Tell whether pg_trgm is there, or could be made: that takes a right, and PostgreSQL's contrib package."""
    try:
        with transaction.atomic(using=database.alias), database.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        logger.warning("search reads all rows, because the database has no pg_trgm: %s", error)
        return False
    return True


def is_there() -> bool:
    """Tell whether the database has the index; asked once by each connection."""
    if connection.vendor != "postgresql":
        return False
    kept: Any = connection  # a reconnection makes no new one
    known: bool | None = getattr(kept, "_has_search_tables", None)
    if known is None:
        known = kept._has_search_tables = _has_tables(connection)
    return known


def _has_tables(database: Any) -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT to_regclass('devices_searchtext') IS NOT NULL")
        return bool(cursor.fetchone()[0])
