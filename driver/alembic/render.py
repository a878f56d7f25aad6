"""Reads a project of Alembic with the team's own Alembic, and writes its graph and the SQL of each revision as JSON.

Runs env.py once, in offline mode. Alembic would walk from one revision to another and keep its version table as it
goes; here each upgrade() and downgrade() is called by itself, so that no statement of Alembic's own is among theirs.
"""

import argparse
import io
import json
import os
import sys
import traceback

from alembic import __version__
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import to_tuple


class Refused(Exception):
    """What the team is to be told, without a traceback."""


class Verbatim(str):
    """Compiled SQL. Alembic replaces the tabs in it, also those in the bodies of functions."""

    def replace(self, old, new, *count):
        return self if old == "\t" else super().replace(old, new, *count)


def verbatim(compiler):
    return type(compiler.__name__, (compiler,), {"__str__": lambda self: Verbatim(self.string or "")})


def prepare(context):
    """As a connection would send it: with values in place, with neither percent signs doubled for Python nor, where
    standard_conforming_strings is on as ever, backslashes."""
    dialect = context.dialect
    if dialect.name != "postgresql":
        raise Refused(f"this project is for {dialect.name}")
    dialect.paramstyle = "named"
    dialect.identifier_preparer._double_percents = False
    dialect._backslash_escapes = False
    dialect.statement_compiler = verbatim(dialect.statement_compiler)
    dialect.ddl_compiler = verbatim(dialect.ddl_compiler)
    context.impl.literal_binds = True


def line_in(path, error):
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return lines[-1] if lines else 0


class Renderer:
    """Renders all revisions where env.py would run some."""

    def __init__(self, environment, revisions):
        self.environment = environment
        self.revisions = revisions
        self.rendered = None
        self.asks_for_mode = False
        environment.run_migrations = self.run_migrations
        environment.is_offline_mode = self.is_offline_mode

    def is_offline_mode(self):
        self.asks_for_mode = True
        return True

    def run_migrations(self, **kw):
        context = self.environment.get_context()
        prepare(context)
        with Operations.context(context):
            rendered = {
                (one.revision, name): self.render(context, one, name, kw)
                for one in self.revisions
                for name in ("upgrade", "downgrade")
            }
        if self.rendered is not None and self.rendered != rendered:
            raise Refused("env.py runs the migrations several times in offline mode, with different SQL")
        self.rendered = rendered

    def render(self, context, script, name, kw):
        buffer = io.StringIO()
        commits = []
        context.impl.output_buffer = buffer
        context.impl.emit_begin = lambda: None
        context.impl.emit_commit = lambda: commits.append(True)
        self.asks_for_mode = False
        error, line = None, 0
        try:
            getattr(script.module, name)(**kw)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
            line = line_in(script.module.__file__, raised)
        return {
            "sql": buffer.getvalue(),
            "autocommit": bool(commits),
            "asks_for_mode": self.asks_for_mode,
            "error": error,
            "line": line,
        }


def before(script, revision):
    """What is in parentheses it only needs."""
    down = [script.get_revision(word).revision for word in to_tuple(revision.down_revision, default=())]
    needed = [script.get_revision(word).revision for word in to_tuple(revision.dependencies, default=())]
    return down + [f"({word})" for word in dict.fromkeys(needed) if word not in down]


def read_project(arguments):
    if not os.path.exists(arguments.config):
        raise Refused(f"there is no file {arguments.config}")
    config = Config(arguments.config, ini_section=arguments.name, cmd_opts=argparse.Namespace(x=arguments.x))
    script = ScriptDirectory.from_config(config)
    revisions = list(script.walk_revisions())[::-1]
    with EnvironmentContext(config, script, as_sql=True, fn=lambda heads, context: []) as environment:
        renderer = Renderer(environment, revisions)
        script.run_env()
    if renderer.rendered is None:
        raise Refused("env.py ran no migrations in offline mode (context.run_migrations() was not called)")
    return [
        {
            "revision": one.revision,
            "message": one.doc,
            "file": one.module.__file__,
            "after": before(script, one),
            "branches": sorted(one.branch_labels),
            "upgrade": renderer.rendered[one.revision, "upgrade"],
            "downgrade": renderer.rendered[one.revision, "downgrade"],
        }
        for one in revisions
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("-x", action="append", default=[])
    # What env.py prints is none of the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        result = {"alembic": __version__, "revisions": read_project(parser.parse_args())}
    except Refused as refusal:
        result = {"refusal": str(refusal)}
    json.dump(result, answer)
    answer.close()


main()
