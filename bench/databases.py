"""Tenants that have a database each, next to what it takes to open as many connections."""

import concurrent.futures
import os
import subprocess

import cluster
import machine

CONTROL = "bench_control"
KINDS = {"calls": "tenancy upgrade, extension in each database", "plain": "tenancy upgrade, no extension there"}


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
            list(pool.map(lambda database: cluster.connect(database).close(), self.databases))
        watch.stop()
        return watch


class Upgrade:
    def __init__(self, driver, databases, connections, kind):
        self.databases = databases
        self.command = [driver, "upgrade", "--concurrency", str(connections)]
        self.name = KINDS[kind]
        self.kind = f"upgrade_{kind}"

    def measure(self, turn):
        version = f"{turn + 1:03}"
        cluster.add_migration(CONTROL, version)
        watch = machine.Stopwatch()
        subprocess.run(self.command, env={**os.environ, "PGDATABASE": CONTROL}, capture_output=True, check=True)
        watch.stop()
        for database in self.databases:
            if cluster.count_migrated(database, version) != 1:
                raise RuntimeError(f"{self.name}: {database} has no {version}")
        return watch


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
    for kind in KINDS:
        databases = make_fleet(kind, count)
        upgrade = Upgrade(driver, databases, connections, kind)
        upgrade.measure(0)
        yield [Connecting(databases, connections, kind), upgrade]
