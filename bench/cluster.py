"""The private cluster: its databases, and what a report says about it."""

import os
import pathlib
import platform
import subprocess

import psycopg2

TEMPLATE = "bench_template"

# What a tenant begins with; later releases add a column each.
FIRST_VERSION = "001"
FIRST_SQL = """\
CREATE TABLE users (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text,
    plan integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_created_at_idx ON users (created_at);"""

TRACKING_SQL = """\
CREATE TABLE schema_migrations (
    migration_set varchar(63) NOT NULL, version varchar(128) NOT NULL, description varchar(200) NOT NULL,
    checksum varchar(64) NOT NULL, state varchar(8) NOT NULL, applied_at timestamptz NOT NULL,
    applied_by name NOT NULL, duration interval, PRIMARY KEY (migration_set, version)
);"""


def migration_sql(version):
    """The SQL of a migration by its version, a number of three digits."""
    return FIRST_SQL if version == FIRST_VERSION else f"ALTER TABLE users ADD COLUMN extra_{version} text;"


def use(sockets):
    """Every connection from here on, also of programs that are started, goes to the server in that folder."""
    os.environ.update(PGHOST=sockets, PGPORT="5432", PGUSER="postgres", PGDATABASE="postgres", LC_ALL="C.UTF-8")


def connect(database, **settings):
    """A connection that commits each statement."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    connection = psycopg2.connect(dbname=database, options=options)
    connection.autocommit = True
    return connection


def run(connection, sql, parameters=None):
    """Runs one statement; its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def run_in(database, sql, parameters=None):
    connection = connect(database)
    try:
        return run(connection, sql, parameters)
    finally:
        connection.close()


def schema_name(number):
    return f"t_{number:06}"


def create_database(name, template):
    drop_database(name)
    run_in("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")


def drop_database(name):
    run_in("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def make_template(size):
    """A database with `size` empty schemas, all of them registered tenants, and the first migration."""
    create_database(TEMPLATE, "template0")
    connection = connect(TEMPLATE)
    run(connection, "CREATE EXTENSION tenancy")
    run(connection, pathlib.Path(__file__).with_name("fleet.sql").read_text(encoding="utf-8"))
    run(connection, "CALL make_schemas(%s)", [size])
    run(connection, "SELECT count(*) FROM tenancy.discover(%s)", [r"t\_%"])
    connection.close()
    vacuum_catalogs(TEMPLATE)
    add_migration(TEMPLATE, FIRST_VERSION)


def add_migration(database, version):
    run_in(database, "SELECT tenancy.add_migration(%s, %s)", [version, migration_sql(version)])


def vacuum_catalogs(database):
    """What autovacuum would do sooner or later. It has no reason to touch the small tables of the tenants."""
    sql = """SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
              WHERE c.relkind = 'r' AND c.relnamespace IN ('pg_catalog'::regnamespace, 'tenancy'::regnamespace)"""
    connection = connect(database)
    run(connection, f"VACUUM ANALYZE {run(connection, sql)[0][0]}")
    connection.close()


def checkpoint():
    """What was written before is not paid for by what is measured next."""
    run_in("postgres", "CHECKPOINT")


def count_at_head(database):
    """The tenants that tenancy finds at head: their tracking tables have its shape and rows, whoever made them."""
    return run_in(database, "SELECT count(*) FROM tenancy.status() WHERE tenant <> '' AND state = 'current'")[0][0]


def count_migrated(database, version):
    """The tenants whose table has what the migration makes."""
    column = "id" if version == FIRST_VERSION else f"extra_{version}"
    sql = """SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              WHERE c.relname = 'users' AND c.relkind = 'r' AND a.attname = %s"""
    return run_in(database, sql, [column])[0][0]


def describe_versions():
    alembic = subprocess.run(["alembic", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "postgresql": run_in("postgres", "SHOW server_version")[0][0],
        "tenancy": run_in(TEMPLATE, "SELECT extversion FROM pg_extension WHERE extname = 'tenancy'")[0][0],
        "alembic": alembic.split()[-1],
        "python": platform.python_version(),
    }


def describe_settings():
    """The settings that matter here, and all that are not PostgreSQL's defaults."""
    sql = """SELECT name, current_setting(name) FROM pg_settings
              WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'shared_buffers',
                             'max_wal_size', 'max_locks_per_transaction', 'max_worker_processes', 'autovacuum')
                 OR source NOT IN ('default', 'override', 'client', 'environment variable')
              ORDER BY name"""
    return dict(run_in("postgres", sql))
