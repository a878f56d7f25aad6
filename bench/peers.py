"""Other people's tools, for a tenant each. They keep tracking tables of their own, but for psql's script."""

import os
import pathlib
import shutil
import subprocess
import sys

import cluster
import ways


class Peer(ways.Way):
    def verify(self, version):
        migrated = cluster.count_migrated(self.database, version)
        if migrated != self.size:
            raise RuntimeError(f"{self.name}: {migrated} of {self.size} tenants have {version}")


class Xargs(ways.Way):
    """A process for each tenant, so many at once."""

    def run(self, command):
        xargs = ["xargs", "-P", str(self.connections), "-I{}", *command]
        environment = {**os.environ, "PGDATABASE": self.database}
        tenants = "\n".join(self.schemas)
        subprocess.run(xargs, input=tenants, env=environment, text=True, capture_output=True, check=True)


class Psql(Xargs):
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
        self.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "schema={}", "-f", self.script])


class Dbmate(Peer, Xargs):
    def __init__(self, processes, size, folder):
        super().__init__("dbmate per tenant, xargs -P", "dbmate", processes, size)
        self.folder = pathlib.Path(folder) / "dbmate"

    def prepare(self, version):
        if version == cluster.FIRST_VERSION:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
        text = f"-- migrate:up\n{cluster.migration_sql(version)}\n-- migrate:down\n"
        (self.folder / f"{version}_step.sql").write_text(text, encoding="utf-8")

    def work(self, version):
        place = f"host={os.environ['PGHOST']}&user=postgres&sslmode=disable&search_path={{}}"
        url = f"postgres:///{self.database}?{place}"
        self.run(["dbmate", "--url", url, "--migrations-dir", self.folder, "--no-dump-schema", "migrate"])


class Alembic(Peer):
    """`alembic upgrade head` for each tenant: by processes of the command, or by as many that have Alembic loaded."""

    def __init__(self, kind, name, connections, size, folder):
        super().__init__(name, kind, connections, size)
        self.folder = pathlib.Path(folder) / kind

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


class AlembicCommands(Alembic, Xargs):
    def __init__(self, connections, size, folder):
        super().__init__("alembic", "alembic per tenant, xargs -P", connections, size, folder)

    def work(self, version):
        self.run(["alembic", "-c", self.folder / "alembic.ini", "-x", "tenant={}", "upgrade", "head"])


class AlembicPool(Alembic):
    def __init__(self, connections, size, folder):
        super().__init__("alembic_pool", "alembic in a pool of processes", connections, size, folder)

    def work(self, version):
        script = [sys.executable, "-B", self.folder / "pool.py", self.folder / "alembic.ini", str(self.connections)]
        environment = {**os.environ, "PGDATABASE": self.database}
        subprocess.run(
            script, input="\n".join(self.schemas), env=environment, text=True, capture_output=True, check=True
        )
