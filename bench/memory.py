"""Memory of a leader and its workers while a statement runs.

`own` is RssAnon of /proc/PID/status: what a process has allocated, without shared memory and mapped files. (The private
memory of smaps counts also those shared buffers that no other process has touched yet.) `pss` is Pss of smaps_rollup:
that, and a part of everything shared.
"""

import re
import threading

import cluster

SECONDS_BETWEEN_SAMPLES = 0.02
OWN = re.compile(r"^RssAnon:\s+(\d+) kB$", re.MULTILINE)
PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
TENANT = re.compile(r"\bt_(\d+)")


def read_memory(pid):
    """`own` and `pss` in kB; None for a process that has ended or is about to."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            own = OWN.search(status.read())
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as rollup:
            pss = PSS.search(rollup.read())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return (int(own[1]), int(pss[1])) if own and pss else None


class Watch(threading.Thread):
    """Samples until stop(): for each process a list of (number of the tenant in hand or None, own, pss)."""

    def __init__(self, leader):
        super().__init__()
        self.leader = leader
        self.samples = {}
        self.stopped = threading.Event()
        self.session = cluster.connect("postgres")

    def run(self):
        self.sample()
        while not self.stopped.wait(SECONDS_BETWEEN_SAMPLES):
            self.sample()
        # A statement may be over before it was seen.
        self.sample()

    def sample(self):
        sql = "SELECT pid, query FROM pg_stat_activity WHERE pid = %s OR backend_type = 'tenancy worker'"
        for pid, query in cluster.run(self.session, sql, [self.leader]):
            memory = read_memory(pid)
            if memory is not None:
                tenant = TENANT.search(query)
                self.samples.setdefault(pid, []).append((int(tenant[1]) if tenant else None, *memory))

    def stop(self):
        self.stopped.set()
        self.join()
        self.session.close()


def peak(samples, field):
    return max(sample[field] for sample in samples)


def describe_worker(samples):
    """Growth: from the first sample at tenant 1000 or later to the highest one behind it; None in a small fleet."""
    later = [sample for sample in samples if sample[0] is not None and sample[0] >= 1000]
    return {
        "samples": len(samples),
        "peak_own_kb": peak(samples, 1),
        "peak_pss_kb": peak(samples, 2),
        "own_at_1000_kb": later[0][1] if later else None,
        "growth_from_1000_kb": peak(later, 1) - later[0][1] if later else None,
    }


def measure(database, sql, parameters):
    """Runs a statement in a session of its own and watches that session, the leader, and its workers."""
    session = cluster.connect(database)
    leader = session.info.backend_pid
    own_before, pss_before = read_memory(leader)
    watch = Watch(leader)
    watch.start()
    try:
        cluster.run(session, sql, parameters)
    finally:
        watch.stop()
        session.close()
    of_leader = watch.samples.pop(leader)
    return {
        "leader": {
            "samples": len(of_leader),
            "own_before_kb": own_before,
            "pss_before_kb": pss_before,
            "peak_own_kb": peak(of_leader, 1),
            "peak_pss_kb": peak(of_leader, 2),
        },
        "workers": [describe_worker(samples) for samples in watch.samples.values()],
    }
