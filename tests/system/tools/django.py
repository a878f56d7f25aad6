#!/usr/bin/python3
"""Django, with an app "shop" whose migrations are SQL, and one table django_migrations in each schema."""
import glob
import os
import sys
import tempfile

# This file has the name of the package.
sys.path.pop(0)
import django  # noqa: E402
from django.conf import settings  # noqa: E402

MIGRATION = """from django.db import migrations
class Migration(migrations.Migration):
    dependencies = {dependencies!r}
    operations = [migrations.RunSQL({up!r}, {down!r})]
"""


def write_app(source, folder):
    os.makedirs(os.path.join(folder, "shop", "migrations"))
    for package in ("shop", "shop/migrations"):
        open(os.path.join(folder, package, "__init__.py"), "w").close()
    names = []
    for file in sorted(glob.glob(os.path.join(source, "*.up.sql"))):
        name = os.path.basename(file)[: -len(".up.sql")] + "_step"
        down = open(file.replace(".up.", ".down.")).read()
        with open(os.path.join(folder, "shop", "migrations", name + ".py"), "w") as module:
            dependencies = [("shop", names[-1])] if names else []
            module.write(MIGRATION.format(dependencies=dependencies, up=open(file).read(), down=down))
        names.append(name)
    return names


def main():
    mode, source = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        names = write_app(source, folder)
        sys.path.insert(0, folder)
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}
        settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["shop"], USE_TZ=True)
        django.setup()
        from django.core.management import call_command
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor

        for line in sys.stdin:
            schema, *count = line.split()
            connection.close()
            connection.settings_dict["OPTIONS"] = {"options": f"-c search_path={schema}"}
            if mode == "pending":
                executor = MigrationExecutor(connection)
                print(schema, len(executor.migration_plan(executor.loader.graph.leaf_nodes())))
            elif int(count[0]) > 0:
                call_command("migrate", "shop", names[int(count[0]) - 1], verbosity=0)


main()
