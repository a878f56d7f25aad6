"""pool.py INI PROCESSES: `upgrade head` for each tenant of the input, by processes that have Alembic loaded."""

import argparse
import multiprocessing
import sys

from alembic import command
from alembic.config import Config


def upgrade(arguments):
    file, tenant = arguments
    command.upgrade(Config(file, cmd_opts=argparse.Namespace(x=[f"tenant={tenant}"])), "head")


if __name__ == "__main__":
    ini, processes = sys.argv[1], int(sys.argv[2])
    with multiprocessing.Pool(processes) as pool:
        pool.map(upgrade, [(ini, tenant) for tenant in sys.stdin.read().split()], chunksize=4)
