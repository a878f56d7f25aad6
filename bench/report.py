"""From single times to tables, ratios and goals."""

import statistics

PARTS = {
    "create": "Empty schemas to head (a table, its indexes, the tracking table)",
    "alter": "One more migration (ALTER TABLE … ADD COLUMN)",
    "nothing": "Nothing to do, and asking",
    "database": "One more migration for tenants with databases of their own",
}


def summarize(times):
    """A line for each way of each part, in the order in which they came first."""
    groups = {}
    for time in times:
        groups.setdefault((time["part"], time["way"], time["kind"], time["connections"]), []).append(time)
    lines = []
    for (part, way, kind, connections), group in groups.items():
        seconds = [time["seconds"] for time in group]
        median = statistics.median(seconds)
        lines.append(
            {
                "part": part,
                "way": way,
                "kind": kind,
                "connections": connections,
                "targets": group[0]["targets"],
                "median": median,
                "min": min(seconds),
                "max": max(seconds),
                "cpu_median": statistics.median(time["cpu_seconds"] for time in group),
                "targets_per_second": group[0]["targets"] / median,
            }
        )
    for line in lines:
        line["ratio"] = ratio_to_loop(line, times)
    return lines


def ratio_to_loop(line, times):
    """The median of the ratios of one turn each, whose times were taken close to each other; None without a loop."""
    ratios = []
    for mine in select(times, line["part"], line["kind"], line["connections"]):
        for loop in select(times, line["part"], "loop_async", line["connections"]):
            if loop["turn"] == mine["turn"]:
                rate, loop_rate = (time["targets"] / time["seconds"] for time in (mine, loop))
                ratios.append(rate / loop_rate)
    return statistics.median(ratios) if ratios else None


def select(times, part, kind, connections):
    return [time for time in times if (time["part"], time["kind"], time["connections"]) == (part, kind, connections)]


def print_tables(lines):
    for part, title in PARTS.items():
        print(f"\n{title}\n")
        print(
            f"{'':40} {'parallel':>8} {'targets':>8} {'seconds (median, range)':>27} {'CPU s':>8} {'targets/s':>10}"
            f" {'x loop':>7}"
        )
        for line in lines:
            if line["part"] != part:
                continue
            seconds = f"{line['median']:.2f} ({line['min']:.2f} to {line['max']:.2f})"
            ratio = f"{line['ratio']:.2f}" if line["ratio"] else ""
            print(
                f"{line['way']:40} {line['connections']:8} {line['targets']:8} {seconds:>27}"
                f" {line['cpu_median']:8.2f} {line['targets_per_second']:10.0f} {ratio:>7}"
            )
    print("\nx loop: targets/s by those of the asynchronous PL/pgSQL loop, as many at once in the same turn, median")
    print("CPU s: processor time of the server's and the client's processes, median")


def print_others(times):
    shares = [time["used_by_others"] for time in times]
    print(
        f"\nWhile these were measured, other processes and the kernel used {statistics.median(shares):.0%} of the"
        f" processors (median), {max(shares):.0%} at most."
    )


def print_memory(memory):
    print(f"\nMemory in MB, {memory['workers']} workers (RssAnon of /proc/PID/status; Pss of smaps_rollup)\n")
    for part in ("alter", "nothing"):
        leader = memory[part]["leader"]
        print(
            f"{part:8} leader  before {megabytes(leader['own_before_kb'])} (Pss {megabytes(leader['pss_before_kb'])}),"
            f" peak {megabytes(leader['peak_own_kb'])} (Pss {megabytes(leader['peak_pss_kb'])})"
        )
        for worker in memory[part]["workers"]:
            growth = worker["growth_from_1000_kb"]
            behind = "" if growth is None else f", growth behind tenant 1000: {megabytes(growth)}"
            print(
                f"{part:8} worker  peak {megabytes(worker['peak_own_kb'])} (Pss {megabytes(worker['peak_pss_kb'])})"
                f"{behind}"
            )


def megabytes(kilobytes):
    return f"{kilobytes / 1024:.1f}"


PEERS = ("xargs", "dbmate", "alembic", "alembic_pool", "alembic_threads")


def fastest(lines, part, kinds):
    """The line with the most targets/s; None when there is none."""
    of_them = [line for line in lines if line["part"] == part and line["kind"] in kinds]
    return max(of_them, key=lambda line: line["targets_per_second"], default=None)


def judge_driver(lines):
    """The driver's goals: against the best of other tools, and against opening connections."""
    goals = []
    parts = {
        "alter": (10, "one more migration", ("driver_calls",), PEERS),
        "nothing": (100, "nothing to do", ("driver_calls_no_op",), [f"{kind}_no_op" for kind in PEERS]),
    }
    for part, (least, title, ours, theirs) in parts.items():
        driver, peer = fastest(lines, part, ours), fastest(lines, part, theirs)
        if driver is None or peer is None:
            continue
        ratio = driver["targets_per_second"] / peer["targets_per_second"]
        goals.append((f"driver, {title}: {least} times the best peer ({peer['way']})", f"{ratio:.1f}", ratio >= least))
    for kind in ("calls", "plain", "in_database"):
        medians = [
            line["median"]
            for wanted in (f"upgrade_{kind}", f"connect_{kind}")
            for line in lines
            if line["part"] == "database" and line["kind"] == wanted
        ]
        if len(medians) == 2:
            ratio = medians[0] / medians[1]
            goals.append((f"driver, databases, {kind}: 1.2 times opening them at most", f"{ratio:.2f}", ratio <= 1.2))
    return goals


def judge(lines, memory):
    """(goal, what was measured, met); no goal that nothing was measured for."""
    goals = []
    for part, least in (("alter", 1.5), ("create", 0.95)):
        for line in lines:
            if line["part"] == part and line["kind"] == "tenancy" and line["ratio"]:
                goal = f"{part}: at least {least} times the asynchronous loop, {line['connections']} at once"
                goals.append((goal, f"{line['ratio']:.2f}", line["ratio"] >= least))
    best = fastest(lines, "alter", ("tenancy",))
    if best is not None:
        rate = best["targets_per_second"]
        goals.append(("alter: at least 2500 targets/s", f"{rate:.0f}", rate >= 2500))
    goals += judge_driver(lines)
    for line in lines:
        if line["kind"] == "no_op":
            goal = f"nothing to do for {line['targets']} targets: less than 0.5 s"
            goals.append((goal, f"{line['median']:.2f}", line["median"] < 0.5))
    growths = [worker["growth_from_1000_kb"] for worker in memory["alter"]["workers"]]
    growths = [growth for growth in growths if growth is not None]
    if growths:
        goal = "a worker's memory grows by less than 10 MB behind tenant 1000"
        goals.append((goal, megabytes(max(growths)), max(growths) < 10 * 1024))
    return goals


def print_goals(goals):
    print("\nGoals\n")
    for goal, measured, met in goals:
        print(f"{'met' if met else 'NOT MET':8} {goal}: {measured}")
