"""The Slurm profile on a real Slurm: one controller and two nodes, all on this machine.

    python tests/cluster/slurm.py

Needs root and Debian's packages slurm-wlm and munge; no Slurm may be set up here yet. Draws 48
filters of three layers on both nodes, kills the daemon of one node on the way, and lets the run
finish. Then draws the same filters without Slurm and compares every byte. Prints what came of it,
and takes all down again. As both nodes are one machine, they share its temporary folder; workers
keep apart by their Slurm job.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[2]
CONFIGURATION = Path("/etc/slurm/slurm.conf")
FILTERS = {"block1_conv1": 16, "block1_conv2": 16, "block2_conv1": 16}
GROUP = 8
PATIENCE = 600.0

SLURM_CONF = """
ClusterName=filter-atlas
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17000
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
MailProg=/bin/true
ReturnToService=1
SlurmdTimeout=10
MinJobAge=300
SchedulerParameters=sched_interval=2
SlurmdParameters=config_overrides
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=8 RealMemory=8000
PartitionName=all Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, psutil.Process]]:
    """A Slurm of two nodes; its daemons, by name."""
    if CONFIGURATION.exists():
        sys.exit(f"{CONFIGURATION}: a Slurm is set up here already; run this where there is none")
    missing = [name for name in ("slurmctld", "slurmd", "munged") if not shutil.which(name)]
    if missing or os.geteuid():
        sys.exit("needs root, and apt install slurm-wlm munge")
    for name in ("state", "n1", "n2"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(SLURM_CONF.format(folder=folder, host=socket.gethostname()))
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munged += [f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid"]
    munged += [f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"]
    commands = {"munged": munged, "slurmctld": ["slurmctld", "-D"]}
    commands |= {node: ["slurmd", "-D", "-N", node] for node in ("n1", "n2")}
    daemons: dict[str, psutil.Process] = {}
    try:
        for name, command in commands.items():
            with (folder / f"{name}.out").open("w") as out:
                daemons[name] = psutil.Popen(command, stdout=out, stderr=out)
            time.sleep(2)
        wait_for(lambda: nodes() == {"n1": "idle", "n2": "idle"}, "the nodes do not come up")
        yield daemons
    finally:
        for daemon in reversed(daemons.values()):
            if daemon.is_running():
                daemon.terminate()
        psutil.wait_procs(list(daemons.values()), timeout=20)
        CONFIGURATION.unlink()


def nodes() -> dict[str, str]:
    """The state of every node."""
    listing = subprocess.run(
        ["sinfo", "--Node", "--noheader", "--format=%N %T"], capture_output=True, text=True
    ).stdout
    return dict(line.split(maxsplit=1) for line in listing.splitlines())


def wait_for(condition: Callable[[], bool], complaint: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(complaint)
        time.sleep(0.5)


def begin(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """Begin a run of Snakemake in a folder of its own."""
    folder.mkdir()
    shutil.copy(REPOSITORY / "config.yaml", folder)
    cache = REPOSITORY / ".cache"
    cache.mkdir(exist_ok=True)
    (folder / ".cache").symlink_to(cache)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    command += ["--directory", str(folder), *options]
    command += ["--config", f"filters={json.dumps(FILTERS)}", "dreams=none", "classes=none"]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, text=True, cwd=folder)


def end(run: "subprocess.Popen[str]", folder: Path) -> None:
    """Wait for a run's end, which is to be a good one."""
    if run.wait(PATIENCE):
        sys.exit(f"a run failed:\n{(folder / 'log').read_text()[-3000:]}")


def pictures(folder: Path) -> dict[str, bytes]:
    """Every picture and record of a run."""
    filters = folder / "results" / "filters"
    return {str(one.relative_to(filters)): one.read_bytes() for one in filters.rglob("*.*")}


def seconds_drawing(folder: Path) -> float:
    """Seconds of drawing that a run's filters took, from the logs of their jobs."""
    seconds = 0.0
    for log in (folder / "results" / "logs" / "ascend").rglob("*.log"):
        drawn = re.findall(r"in a batch of (\d+): ([\d.]+) s", log.read_text())[-1]
        seconds += float(drawn[1]) / int(drawn[0])
    return seconds


def main() -> None:
    """Run, kill a node, compare."""
    with tempfile.TemporaryDirectory(prefix="fa-slurm-", dir="/tmp") as temporary:
        root = Path(temporary)
        profile = ["--workflow-profile", str(REPOSITORY / "profiles" / "slurm")]
        with slurm(root) as daemons:
            cluster = root / "cluster"
            run = begin(cluster, *profile, "--group-components", f"filters={GROUP}")
            done = cluster / "results" / "filters"
            wait_for(lambda: len(list(done.rglob("*.png"))) >= 8, "nothing is drawn")
            busy = subprocess.run(
                ["squeue", "--noheader", "--states=RUNNING", "--format=%N"],
                capture_output=True,
                text=True,
            ).stdout.split()
            daemons["n2"].send_signal(signal.SIGKILL)
            end(run, cluster)
            print(f"nodes busy when one was killed          {', '.join(sorted(set(busy)))}")
            print(f"state of the nodes at the end           {nodes()}")
        local = root / "local"
        end(begin(local, "--cores", "8"), local)
        ours, theirs = pictures(local), pictures(cluster)
        equal = sum(theirs.get(name) == content for name, content in ours.items())
        print(f"files that are equal, byte for byte     {equal} of {len(ours)}")
        ratio = seconds_drawing(cluster) / seconds_drawing(local)
        print(f"seconds of drawing, cluster / local     {ratio:.2f}")
        if equal != len(ours) or ours.keys() != theirs.keys():
            sys.exit("the cluster's results are not those of a local run")


if __name__ == "__main__":
    main()
