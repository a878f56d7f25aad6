"""The manifests of examples/: they parse, and the driver understands what they let it do.

usage: manifests_test.py EXAMPLES TENANCY
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

CANNOT_CONNECT = 4


def containers(document):
    """All containers of a Kubernetes object that run the driver."""
    spec = document["spec"]["template"]["spec"]
    for container in spec.get("initContainers", []) + spec["containers"]:
        if "args" in container:
            yield container


def kubernetes_commands(path):
    for document in yaml.safe_load_all(path.read_text()):
        assert document["apiVersion"] in ("apps/v1", "batch/v1"), path
        found = list(containers(document))
        assert found, f"{path} runs nothing"
        names = {container["name"] for container in found}
        for rule in document["spec"].get("podFailurePolicy", {}).get("rules", []):
            assert rule["onExitCodes"]["containerName"] in names, path
        for container in found:
            assert all(isinstance(word, str) for word in container["args"]), f"{path}: an argument is no string"
            yield container["args"]


def workflow_commands(path):
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        for step in job["steps"]:
            if step.get("run", "").startswith("tenancy "):
                yield step["run"].split()[1:]


def service_commands(path):
    yield re.search(r"^ExecStart=\S+/tenancy (.*)$", path.read_text(), re.MULTILINE)[1].split()


def run(tenancy, arguments, folder):
    environment = {"PATH": os.environ["PATH"], "PGHOST": "/nowhere", "JOB_COMPLETION_INDEX": "0"}
    return subprocess.run([tenancy, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def main():
    examples, tenancy = pathlib.Path(sys.argv[1]), os.path.abspath(sys.argv[2])
    commands = []
    for path in sorted(examples.glob("kubernetes/*.yaml")):
        commands += [(path, command) for command in kubernetes_commands(path)]
    for path in sorted(examples.glob("github-actions/*.yml")):
        commands += [(path, command) for command in workflow_commands(path)]
    for path in sorted(examples.glob("systemd/*.service")):
        commands += [(path, command) for command in service_commands(path)]
    assert len(commands) >= 8, commands
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tenancy, "init"], cwd=folder, check=True, capture_output=True)
        for path, command in commands:
            # Nothing is wrong with it but that there is no server.
            expected = 0 if "--offline" in command else CANNOT_CONNECT
            done = run(tenancy, command, folder)
            if done.returncode != expected:
                failures += 1
                print(f"{path}: tenancy {' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
