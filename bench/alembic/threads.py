"""threads.py INI THREADS: `upgrade head` for each tenant of the input, by threads of one process.

Alembic keeps the environment and the operations of the moment in its modules, for the whole process; here each thread
has its own.
"""

import argparse
import concurrent.futures
import sys
import threading

from alembic import command
from alembic.config import Config
from alembic.util.langhelpers import ModuleClsProxy


class OfThread(threading.local):
    current = None

    def __getattr__(self, name):
        return getattr(self.current, name)


def put_in_place(proxy, current):
    for module_globals, _ in proxy._setups[proxy.__class__][1]:
        if not isinstance(module_globals.get("_proxy"), OfThread):
            module_globals["_proxy"] = OfThread()
        module_globals["_proxy"].current = current


ModuleClsProxy._install_proxy = lambda proxy: put_in_place(proxy, proxy)
ModuleClsProxy._remove_proxy = lambda proxy: put_in_place(proxy, None)


def upgrade(arguments):
    file, tenant = arguments
    command.upgrade(Config(file, cmd_opts=argparse.Namespace(x=[f"tenant={tenant}"])), "head")


if __name__ == "__main__":
    ini, threads = sys.argv[1], int(sys.argv[2])
    tenants = sys.stdin.read().split()
    # What the first one imports is not to be imported by several at once.
    upgrade((ini, tenants[0]))
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(upgrade, [(ini, tenant) for tenant in tenants[1:]]))
