"""Measures tenancy against the ways in which fleets are migrated without it: make bench.

Environment: SIZE tenants, WORKERS "1 2 4", RUNS of everything, XARGS_SIZE (psql, dbmate) and ALEMBIC_SIZE tenants of
the fleet for the slow ways (0 leaves them out; dbmate is left out where it is not installed), DATABASES for tenants
that have one of their own, QUIET seconds to wait before each measurement until others leave the machine alone. The only
argument is the file for the results, JSON. The driver is the program TENANCY, which `make driver` builds.

With 10,000 tenants each run takes 10 GB of disk. Nothing else should use the file system much, nor have deleted many
files within five minutes before.
"""

import datetime
import json
import os
import pathlib
import shutil
import sys
import tempfile

import cluster
import databases
import machine
import memory
import peers
import report
import ways


class Bench:
    def __init__(self, size, workers, runs, xargs_size, alembic_size, quiet, driver, folder):
        self.size = size
        self.driver = driver
        self.quiet = quiet
        self.runs = runs
        self.times = []
        self.tenancy = [ways.Tenancy(count, size) for count in workers]
        # Those that are compared with each other follow each other.
        self.ways = []
        for way in self.tenancy:
            loops = [ways.Loop(way.connections, size, synchronous) for synchronous in (False, True)]
            self.ways += [way, *loops]
        self.drivers = [ways.Driver(driver, "calls", count, size) for count in workers]
        for mode in ("plain", "in_database"):
            self.drivers.append(ways.Driver(driver, mode, max(workers), size))
        self.ways += self.drivers
        if xargs_size > 0:
            self.ways.append(peers.Psql(max(workers), min(xargs_size, size), folder))
            if shutil.which("dbmate"):
                self.ways.append(peers.Dbmate(max(workers), min(xargs_size, size), folder))
        if alembic_size > 0:
            self.ways += peers.alembic_ways(max(workers), min(alembic_size, size), folder)
        self.peers = [way for way in self.ways if hasattr(way, "look")]

    def turns(self):
        """The ways take turns, every other time in reverse."""
        for turn in range(1, self.runs + 1):
            for way in self.ways if turn % 2 else reversed(self.ways):
                yield turn, way

    def record(self, part, turn, way, kind, connections, targets, watch):
        self.times.append(
            {
                "part": part,
                "turn": turn,
                "way": way,
                "kind": kind,
                "connections": connections,
                "targets": targets,
                "seconds": watch.seconds,
                "cpu_seconds": watch.cpu,
                "used_by_others": watch.others,
            }
        )
        print(
            f"{part:8} {way:40} {connections:2} at once {targets:7} targets {watch.seconds:8.2f} s"
            f" {watch.cpu:8.2f} s of CPU, others used {watch.others:4.0%}",
            flush=True,
        )

    def settle(self):
        cluster.checkpoint()
        machine.wait_for_quiet(self.quiet)

    def measure(self, part, turn, way, version):
        self.settle()
        watch = way.measure(version)
        self.record(part, turn, way.name, way.kind, way.connections, way.size, watch)

    def create(self):
        """Every time a fleet that was never used.

        Those of the turns before stay: minutes after many files were deleted, ext4 without a journal still takes
        several times longer to make new ones (recently_deleted() in the kernel's fs/ext4/ialloc.c).
        """
        for turn, way in self.turns():
            way.begin(turn)
            cluster.create_database(way.database, cluster.TEMPLATE)
            self.measure("create", turn, way, cluster.FIRST_VERSION)

    def alter(self):
        """A further column each time, for every way on the fleet that it made itself."""
        for way in self.ways:
            cluster.vacuum_catalogs(way.database)
        for turn, way in self.turns():
            version = f"{turn + 1:03}"
            cluster.add_migration(way.database, version)
            self.measure("alter", turn, way, version)

    def nothing(self):
        """Each time in a new session, whose caches are empty."""
        way = self.tenancy[0]
        parts = {
            "no_op": ("migrate_all, nothing to do", "SELECT count(*) FROM tenancy.migrate_all()"),
            "status": ("status", "SELECT count(*) FROM tenancy.status()"),
        }
        head = f"{self.runs + 1:03}"
        for turn in range(1, self.runs + 1):
            for kind, (name, sql) in parts.items():
                self.settle()
                session = cluster.connect(way.database)
                watch = machine.Stopwatch()
                rows = cluster.run(session, sql)[0][0]
                watch.stop()
                session.close()
                if rows != self.size:
                    raise RuntimeError(f"{name} returned {rows} rows for {self.size} tenants")
                self.record("nothing", turn, f"tenancy.{name}", kind, 1, self.size, watch)
            for way in self.drivers:
                self.settle()
                watch = machine.Stopwatch()
                way.work(None)
                watch.stop()
                self.record("nothing", turn, way.name, f"{way.kind}_no_op", way.connections, self.size, watch)
            for way in self.peers:
                self.settle()
                watch = machine.Stopwatch()
                way.look(head)
                watch.stop()
                self.record("nothing", turn, way.name, f"{way.kind}_no_op", way.connections, way.size, watch)

    def databases(self, count, connections):
        """Tenants with databases of their own, reached in each of the ways that there are."""
        for ways_there in databases.ways(self.driver, count, connections):
            for turn in range(1, self.runs + 1):
                for way in ways_there:
                    self.settle()
                    watch = way.measure(turn)
                    self.record("database", turn, way.name, way.kind, connections, count, watch)

    def memory(self):
        """In a migration of its own and with at most two workers, because watching costs time."""
        way = max((way for way in self.tenancy if way.connections <= 2), key=lambda way: way.connections, default=None)
        way = way or self.tenancy[0]
        version = f"{self.runs + 2:03}"
        cluster.add_migration(way.database, version)
        sql = "SELECT count(*) FROM tenancy.migrate_all(concurrency => %s)"
        result = {"workers": way.connections, "targets": self.size}
        result["alter"] = memory.measure(way.database, sql, [way.connections])
        way.verify(version)
        result["nothing"] = memory.measure(way.database, sql, [way.connections])
        return result


def number(name, default, least):
    value = int(os.environ.get(name) or default)
    if value < least:
        sys.exit(f"{name} must be at least {least}")
    return value


def main(result_file):
    size = number("SIZE", 10000, 1)
    workers = [int(count) for count in (os.environ.get("WORKERS") or "1 2 4").split()]
    runs = number("RUNS", 3, 1)
    xargs_size = number("XARGS_SIZE", 500, 0)
    alembic_size = number("ALEMBIC_SIZE", 50, 0)
    databases_size = number("DATABASES", 200, 0)
    quiet = number("QUIET", 30, 0)
    driver = os.environ["TENANCY"]
    started = datetime.datetime.now(datetime.timezone.utc)

    cluster.use(os.environ["TENANCY_SOCKETS"])
    print(f"making a fleet of {size} empty schemas", flush=True)
    cluster.make_template(size)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(size, workers, runs, xargs_size, alembic_size, quiet, driver, folder)
        bench.create()
        bench.alter()
        bench.nothing()
    if databases_size > 0:
        bench.databases(databases_size, max(workers))
    watched = bench.memory()

    lines = report.summarize(bench.times)
    goals = report.judge(lines, watched)
    report.print_tables(lines)
    report.print_others(bench.times)
    report.print_memory(watched)
    report.print_goals(goals)
    result = {
        "started": started.isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "versions": cluster.describe_versions(),
        "settings": cluster.describe_settings(),
        "size": size,
        "runs": runs,
        "quiet": quiet,
        "summary": lines,
        "memory": watched,
        "goals": [{"goal": goal, "measured": measured, "met": met} for goal, measured, met in goals],
        "times": bench.times,
    }
    pathlib.Path(result_file).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nevery single time: {result_file}")


if __name__ == "__main__":
    main(sys.argv[1])
