"""Writes the SQL of a Django project's migrations as files for tenancy: a folder and a migration set for each app.

    createdb scratch
    PGDATABASE=scratch DJANGO_SETTINGS_MODULE=project.settings python3 examples/export/django.py FOLDER

Run it in the project's folder, with settings that lead to an empty database. Every migration is applied there, for
sqlmigrate looks at the tables that those before it have made. Files that are there already are kept.
"""

import os
import sys

sys.path[0] = os.getcwd()

import django  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.migrations.exceptions import IrreversibleError  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402


def versions_of(plan):
    """Numbers; the whole name where an app has the number twice."""
    versions = {}
    for migration, _ in plan:
        app, number = migration.app_label, migration.name.split("_")[0]
        version = migration.name if (app, number) in versions.values() else number
        versions[app, migration.name] = (app, version)
    return versions


def header(key, migration, parents, versions):
    text = f"-- MIGRATION_SET: {key[0]}\n"
    if versions[key][1] == migration.name:
        text += f"-- MIGRATION_VERSION: {migration.name}\n"
    if not migration.atomic:
        text += "-- MIGRATION_TRANSACTION: off\n"
    required = ["@".join(versions[one]) for one in sorted(parents) if one[0] != key[0]]
    if required:
        text += f"-- MIGRATION_REQUIRES: {', '.join(required)}\n"
    return text


def sql_of(key, backwards):
    loader = MigrationExecutor(connection).loader
    statements = loader.collect_sql([(loader.graph.nodes[key], backwards)])
    if all(not one or one.startswith("--") for one in statements) and "CANNOT BE WRITTEN" not in "".join(statements):
        statements.append("SELECT; -- nothing in the database changes")
    return "\n".join(statements) + "\n"


def export(migration, parents, versions, folder):
    key = (migration.app_label, migration.name)
    text = header(key, migration, parents, versions) + "\n-- UPGRADE\n" + sql_of(key, False)
    MigrationExecutor(connection).migrate([key])
    try:
        text += "\n-- DOWNGRADE\n" + sql_of(key, True)
    except IrreversibleError:
        print(f"{key[0]} {key[1]}: irreversible", file=sys.stderr)
    path = os.path.join(folder, migration.app_label, migration.name + ".sql")
    if os.path.exists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python3 django.py FOLDER")
    django.setup()
    if connection.introspection.table_names():
        sys.exit(f"database {connection.settings_dict['NAME']} is in use: name an empty one")
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    plan = executor.migration_plan(graph.leaf_nodes())
    versions = versions_of(plan)
    for migration, _ in plan:
        parents = [node.key for node in graph.node_map[migration.app_label, migration.name].parents]
        export(migration, parents, versions, sys.argv[1])


main()
