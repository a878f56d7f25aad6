#!/usr/bin/python3
"""yoyo, with one table _yoyo_migration in each schema."""
import glob
import os
import sys
import tempfile

# This file has the name of the package.
sys.path.pop(0)
import yoyo  # noqa: E402


def write_files(source, folder):
    for file in sorted(glob.glob(os.path.join(source, "*.up.sql"))):
        name = os.path.basename(file)[: -len(".up.sql")]
        for ending, text in ((".sql", file), (".rollback.sql", file.replace(".up.", ".down."))):
            with open(os.path.join(folder, name + "_step" + ending), "w") as script:
                script.write(open(text).read())


def main():
    mode, source = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        write_files(source, folder)
        for line in sys.stdin:
            schema, *count = line.split()
            place = f"postgresql:///{os.environ['PGDATABASE']}?host={os.environ['PGHOST']}"
            backend = yoyo.get_backend(f"{place}&schema={schema}")
            migrations = yoyo.read_migrations(folder)
            if mode == "pending":
                print(schema, len(backend.to_apply(migrations)))
            elif int(count[0]) > 0:
                backend.apply_migrations(backend.to_apply(migrations)[: int(count[0]) - len(done(backend, migrations))])
            backend.connection.close()


def done(backend, migrations):
    waiting = {one.id for one in backend.to_apply(migrations)}
    return [one for one in migrations if one.id not in waiting]


main()
