"""The ways to bring a fleet to a revision. Each has a database of its own, made from one template."""

import os
import pathlib
import shutil
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
        self.database = f"bench_{kind}_{connections}"

    @property
    def schemas(self):
        return [cluster.schema_name(number) for number in range(1, self.size + 1)]

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


class Xargs(Way):
    """A psql process for each tenant."""

    def __init__(self, processes, size, folder):
        super().__init__("psql per tenant, xargs -P", "xargs", processes, size)
        self.script = pathlib.Path(folder) / "step.sql"

    def prepare(self, version):
        sql = "SELECT checksum FROM tenancy.migrations WHERE version = %s"
        checksum = cluster.run_in(self.database, sql, [version])[0][0]
        lines = ["BEGIN;", 'SET LOCAL search_path = :"schema", public;']
        if version == cluster.FIRST_VERSION:
            lines.append(cluster.TRACKING_SQL)
        lines.append(cluster.migration_sql(version))
        lines.append(
            f"INSERT INTO schema_migrations VALUES ('default', '{version}', '', '{checksum}', 'applied',"
            " now(), current_user, clock_timestamp() - now());"
        )
        lines.append("COMMIT;")
        self.script.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def work(self, version):
        psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.database, "-v", "schema={}", "-f", self.script]
        xargs = ["xargs", "-P", str(self.connections), "-I{}"]
        subprocess.run(xargs + psql, input="\n".join(self.schemas), text=True, check=True)


class Alembic(Way):
    """`alembic upgrade head` for one tenant after the other. It keeps its own tracking table, of one column."""

    def __init__(self, size, folder):
        super().__init__("alembic upgrade head per tenant", "alembic", 1, size)
        self.folder = pathlib.Path(folder) / "alembic"

    def prepare(self, version):
        if version == cluster.FIRST_VERSION:
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.copytree(pathlib.Path(__file__).with_name("alembic"), self.folder)
            (self.folder / "versions").mkdir()
        before = None if version == cluster.FIRST_VERSION else f"{int(version) - 1:03}"
        (self.folder / "versions" / f"{version}.py").write_text(
            "from alembic import op\n\n"
            f"revision = {version!r}\ndown_revision = {before!r}\n\n\n"
            f"def upgrade():\n    op.execute({cluster.migration_sql(version)!r})\n",
            encoding="utf-8",
        )

    def work(self, version):
        environment = {**os.environ, "PGDATABASE": self.database}
        for schema in self.schemas:
            command = ["alembic", "-c", self.folder / "alembic.ini", "-x", f"tenant={schema}", "upgrade", "head"]
            subprocess.run(command, env=environment, capture_output=True, check=True)

    def verify(self, version):
        migrated = cluster.count_migrated(self.database, version)
        if migrated != self.size:
            raise RuntimeError(f"{self.name}: {migrated} of {self.size} tenants have {version}")
