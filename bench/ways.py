"""The ways to bring a fleet to a revision. Each has a database of its own, made from one template."""

import os
import subprocess
import threading

import psycopg2

import cluster
import machine


class Way:
    """One competitor. `connections` work at once, on the first `size` tenants of the fleet."""

    def __init__(self, name, kind, connections, size):
        self.name = name
        self.kind = kind
        self.connections = connections
        self.size = size
        self.database = None

    @property
    def schemas(self):
        return [cluster.schema_name(number) for number in range(1, self.size + 1)]

    def begin(self, turn):
        """From here on it works on the fleet of that turn."""
        self.database = f"bench_{self.kind}_{self.connections}_{turn}"

    def prepare(self, version):
        """What is not measured."""

    def work(self, version):
        """What is measured."""
        raise NotImplementedError

    def clean_up(self):
        """Behind work()."""

    def measure(self, version):
        """A stopwatch that ran during one migration of all tenants; fails unless every one of them has it then."""
        self.prepare(version)
        watch = machine.Stopwatch()
        self.work(version)
        watch.stop()
        self.clean_up()
        self.verify(version)
        return watch

    def verify(self, version):
        migrated = cluster.count_migrated(self.database, version)
        at_head = cluster.count_at_head(self.database)
        if migrated != self.size or at_head != self.size:
            raise RuntimeError(f"{self.name}: {migrated} of {self.size} tenants have {version}, {at_head} are at head")


class Tenancy(Way):
    def __init__(self, workers, size):
        super().__init__("tenancy.migrate_all", "tenancy", workers, size)
        self.session = None

    def prepare(self, version):
        self.session = cluster.connect(self.database)

    def work(self, version):
        sql = "SELECT count(*) FILTER (WHERE success AND steps = 1) FROM tenancy.migrate_all(concurrency => %s)"
        done = cluster.run(self.session, sql, [self.connections])[0][0]
        if done != self.size:
            raise RuntimeError(f"{self.name} migrated {done} of {self.size} tenants")

    def clean_up(self):
        self.session.close()


class Loop(Way):
    """The PL/pgSQL procedure of fleet.sql, on every connection for its share of the tenants."""

    def __init__(self, connections, size, synchronous):
        super().__init__(
            f"PL/pgSQL loop, synchronous_commit {'on' if synchronous else 'off'}",
            "loop_sync" if synchronous else "loop_async",
            connections,
            size,
        )
        self.synchronous = synchronous
        self.sessions = []

    def prepare(self, version):
        commit = "on" if self.synchronous else "off"
        self.sessions = [cluster.connect(self.database, synchronous_commit=commit) for _ in range(self.connections)]

    def work(self, version):
        errors = []

        def work_on_share(number, session):
            tracking = cluster.TRACKING_SQL if version == cluster.FIRST_VERSION else None
            try:
                cluster.run(
                    session, "CALL loop_over_tenants(%s, %s, %s, %s)", [version, tracking, number, self.connections]
                )
            except psycopg2.Error as error:
                errors.append(error)

        threads = [threading.Thread(target=work_on_share, args=share) for share in enumerate(self.sessions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def clean_up(self):
        for session in self.sessions:
            session.close()


class Driver(Way):
    """The binary, from its start to its end."""

    OPTIONS = {"calls": [], "plain": ["--plain"], "in_database": ["--in-database"]}
    def __init__(self, binary, mode, connections, size):
        options = self.OPTIONS[mode]
        super().__init__(" ".join(["tenancy upgrade", *options]), f"driver_{mode}", connections, size)
        self.command = [binary, "upgrade", "--concurrency", str(connections), *options]

    def work(self, version):
        environment = {**os.environ, "PGDATABASE": self.database}
        subprocess.run(self.command, env=environment, capture_output=True, check=True)
