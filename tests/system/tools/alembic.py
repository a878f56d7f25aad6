#!/usr/bin/python3
"""Alembic, with one table alembic_version in each schema."""
import glob
import os
import sys
import tempfile

# This file has the name of the package.
sys.path.pop(0)
import sqlalchemy  # noqa: E402
from alembic.config import Config  # noqa: E402
from alembic.runtime.environment import EnvironmentContext  # noqa: E402
from alembic.script import ScriptDirectory  # noqa: E402

MIGRATION = """from alembic import op
revision = {name!r}
down_revision = {before!r}
def upgrade():
    op.execute({up!r})
def downgrade():
    op.execute({down!r})
"""


def write_project(source, folder):
    os.mkdir(os.path.join(folder, "versions"))
    before = None
    for file in sorted(glob.glob(os.path.join(source, "*.up.sql"))):
        name = os.path.basename(file).split(".")[0]
        down = open(file.replace(".up.", ".down.")).read()
        with open(os.path.join(folder, "versions", name + ".py"), "w") as script:
            script.write(MIGRATION.format(name=name, before=before, up=open(file).read(), down=down))
        before = name


def main():
    mode, source = sys.argv[1:]
    engine = sqlalchemy.create_engine("postgresql+psycopg2://")
    with tempfile.TemporaryDirectory() as folder:
        write_project(source, folder)
        config = Config()
        config.set_main_option("script_location", folder)
        script = ScriptDirectory.from_config(config)
        names = sorted(revision.revision for revision in script.walk_revisions())
        for line in sys.stdin:
            schema, *count = line.split()

            def step(current, context):
                if mode == "migrate":
                    return script._upgrade_revs(names[int(count[0]) - 1], current)
                print(schema, len(script._upgrade_revs("heads", current)))
                return []

            if mode == "migrate" and int(count[0]) == 0:
                continue
            with engine.connect() as connection:
                connection.execute(sqlalchemy.text(f'SET search_path TO "{schema}"'))
                with EnvironmentContext(config, script, fn=step) as environment:
                    environment.configure(connection=connection, version_table_schema=schema)
                    with environment.begin_transaction():
                        environment.run_migrations()


main()
