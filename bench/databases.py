"""Tenants that have a database each, next to what it takes to open as many connections."""

import concurrent.futures
import os
import pathlib
import subprocess

import psycopg2

import cluster
import machine

CONTROL = "bench_control"
KINDS = {
    "calls": ("tenancy upgrade, extension in each database", []),
    "plain": ("tenancy upgrade, no extension there", []),
    "in_database": ("tenancy upgrade --in-database", ["--in-database"]),
}
USER = "bench_deployer"
PASSWORD = "sheer speed"


class Connecting:
    """Opens a connection to each database and closes it."""

    name = "opening connections"

    def __init__(self, databases, connections, kind):
        self.databases = databases
        self.connections = connections
        self.kind = f"connect_{kind}"

    def measure(self, _turn):
        watch = machine.Stopwatch()
        with concurrent.futures.ThreadPoolExecutor(self.connections) as pool:
            list(pool.map(self.connect, self.databases))
        watch.stop()
        return watch

    @staticmethod
    def connect(database):
        psycopg2.connect(dbname=database, user=USER, password=PASSWORD).close()


class Upgrade:
    def __init__(self, driver, databases, connections, kind):
        self.databases = databases
        self.name, options = KINDS[kind]
        self.command = [driver, "upgrade", "--concurrency", str(connections), *options]
        self.kind = f"upgrade_{kind}"

    def measure(self, turn):
        version = f"{turn + 1:03}"
        cluster.add_migration(CONTROL, version)
        environment = {**os.environ, "PGDATABASE": CONTROL, "PGUSER": USER, "PGPASSWORD": PASSWORD}
        watch = machine.Stopwatch()
        subprocess.run(self.command, env=environment, capture_output=True, check=True)
        watch.stop()
        for database in self.databases:
            if cluster.count_migrated(database, version) != 1:
                raise RuntimeError(f"{self.name}: {database} has no {version}")
        return watch


def require_password():
    """Whoever deploys logs in with a password, as over a network: that is most of what a connection costs."""
    cluster.run_in("postgres", f"CREATE ROLE {USER} SUPERUSER LOGIN PASSWORD %s", [PASSWORD])
    rules = pathlib.Path(cluster.run_in("postgres", "SHOW hba_file")[0][0])
    others = rules.read_text(encoding="utf-8")
    rules.write_text(f"local all {USER} scram-sha-256\n{others}", encoding="utf-8")
    cluster.run_in("postgres", "SELECT pg_reload_conf()")


def make_fleet(kind, count):
    """A control database, and `count` tenants' databases at the first migration."""
    cluster.create_database(CONTROL, "template0")
    cluster.run_in(CONTROL, "CREATE EXTENSION tenancy")
    cluster.add_migration(CONTROL, cluster.FIRST_VERSION)
    template = f"bench_{kind}_template"
    cluster.create_database(template, "template0")
    if kind == "calls":
        cluster.run_in(template, "CREATE EXTENSION tenancy")
    databases = [f"bench_tenant_{number:04}" for number in range(1, count + 1)]
    register = "SELECT tenancy.register_tenant(%s, isolation => 'database', database => %s)"
    for database in databases:
        cluster.create_database(database, template)
        cluster.run_in(CONTROL, register, [database, database])
    return databases


def ways(driver, count, connections):
    """For each kind of fleet in turn, what is to be measured there; its databases go with the next kind."""
    require_password()
    for kind in KINDS:
        databases = make_fleet(kind, count)
        upgrade = Upgrade(driver, databases, connections, kind)
        upgrade.measure(0)
        yield [Connecting(databases, connections, kind), upgrade]
