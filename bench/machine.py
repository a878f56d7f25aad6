"""The machine: what it is, and who uses its processors while something is measured."""

import os
import pathlib
import platform
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def describe():
    cpu_lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    models = [line.split(":", 1)[1].strip() for line in cpu_lines if line.startswith("model name")]
    memory = pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    command = ["stat", "-f", "-c", "%T", os.environ["TENANCY_PLACE"]]
    return {
        "cores": os.cpu_count(),
        "cpu": models[0] if models else platform.machine(),
        "memory_kb": int(memory.split()[1]),
        "kernel": platform.release(),
        "file_system": subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip(),
    }


def read_ticks(stat):
    """Parent, and ticks of a process itself and of its children that have ended, from /proc/PID/stat."""
    fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def server_seconds():
    """Processor time of the postmaster and all its children, those of the past too."""
    data = pathlib.Path(os.environ["TENANCY_PLACE"]) / "data"
    postmaster = int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])
    _, ticks, of_the_past = read_ticks(pathlib.Path(f"/proc/{postmaster}/stat"))
    ticks += of_the_past
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent, own, _ = read_ticks(stat)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == postmaster:
            ticks += own
    return ticks / TICKS_PER_SECOND


def machine_seconds():
    """Processor time of everything on the machine."""
    line = pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def own_seconds():
    """Processor time of the server and of us, the clients."""
    return server_seconds() + sum(os.times()[:4])


def wait_for_quiet(seconds):
    """Until nothing else uses more than a tenth of the machine's processors for a second, or that long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        watch = Stopwatch()
        time.sleep(1)
        watch.stop()
        if watch.others < 0.1:
            return


class Stopwatch:
    """From its making to stop(): `seconds`; `cpu`, processor time of the server and of us, the clients; and `others`,
    the share of the machine's processors that all else used."""

    def __init__(self):
        self.machine_before = machine_seconds()
        self.cpu_before = own_seconds()
        self.begin = time.monotonic()

    def stop(self):
        self.seconds = time.monotonic() - self.begin
        self.cpu = own_seconds() - self.cpu_before
        all_together = machine_seconds() - self.machine_before
        # A tick is 10 ms: in a short time there are rounding errors.
        self.others = min(max(0.0, all_together - self.cpu) / (self.seconds * os.cpu_count()), 1.0)
