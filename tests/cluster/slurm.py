"""The Slurm profile on a real Slurm: one controller and two nodes, all on this machine.

    python tests/cluster/slurm.py
    python tests/cluster/slurm.py photographs faults

Needs root and Debian's packages slurm-wlm and munge; no Slurm may be set up here yet. Each node has
a processor core of its own, and a GPU that is one in name only. Four things are tried:

- faults: draws 48 filters of three layers on both nodes, kills the daemon of one node on the way,
  and lets the run finish. Then draws the same filters without Slurm and compares every byte.
- compute: draws 256 filters of three layers as the profile says, and again without Slurm on both
  nodes' cores; compares the seconds of drawing, and of the jobs as a whole, times cores.
- photographs: observes 24 of the sample in chunks of at most four on both nodes, and again in one
  chunk without Slurm; compares the files of evidence, byte by byte.
- a GPU: whether a run for `devices: [gpu:0]` asks Slurm for one, and its jobs are told which. There
  the run ends: TensorFlow finds no GPU.

Prints what came of it, and takes all down again. As both nodes are one machine, they share its
temporary folder; workers keep apart by their Slurm job.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[2]
CACHE = REPOSITORY / ".cache"
CONFIGURATION = Path("/etc/slurm/slurm.conf")
GPUS = CONFIGURATION.with_name("gres.conf")
NODES = ("n1", "n2")
CORES = sorted(os.sched_getaffinity(0))[: len(NODES)]
PHOTOGRAPHS = 24
CHUNK = 4
SHALLOW = {"block1_conv1": 16, "block1_conv2": 16, "block2_conv1": 16}
MANY = {"block2_conv2": 64, "block3_conv2": 64, "block5_conv1": 128}
PROFILE = ("--workflow-profile", str(REPOSITORY / "profiles" / "slurm"))
PATIENCE = 1200.0
NODES_OF_JOBS = r" NodeList=(\S+)"
SAMPLE = REPOSITORY / "src" / "filter_atlas" / "photos" / "sample"

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
MinJobAge=86400
SchedulerParameters=sched_interval=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=8 RealMemory=8000 \
Gres=gpu:1
PartitionName=all Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
"""

GRES_CONF = """
NodeName=n1 Name=gpu File={folder}/n1/gpu0
NodeName=n2 Name=gpu File={folder}/n2/gpu0
"""


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, psutil.Process]]:
    """A Slurm of two nodes; its daemons, by name."""
    if CONFIGURATION.exists():
        sys.exit(f"{CONFIGURATION}: a Slurm is set up here already; run this where there is none")
    if len(CORES) < len(NODES):
        sys.exit("needs a processor core for each node")
    missing = [name for name in ("slurmctld", "slurmd", "munged") if not shutil.which(name)]
    if missing or os.geteuid():
        sys.exit("needs root, and apt install slurm-wlm munge")
    for name in ("state", *NODES):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(SLURM_CONF.format(folder=folder, host=socket.gethostname()))
    GPUS.write_text(GRES_CONF.format(folder=folder))
    for node in NODES:  # Slurm looks whether a GPU is a device: /dev/null is one
        os.mknod(folder / node / "gpu0", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    munged = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munged += [f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid"]
    munged += [f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"]
    commands = {"munged": munged, "slurmctld": ["slurmctld", "-D"]}
    commands |= {
        node: [*on(core), "slurmd", "-D", "-N", node]
        for node, core in zip(NODES, CORES, strict=True)
    }
    daemons: dict[str, psutil.Process] = {}
    try:
        for name, command in commands.items():
            with (folder / f"{name}.out").open("w") as out:
                daemons[name] = psutil.Popen(command, stdout=out, stderr=out)
            time.sleep(2)
        wait_for(lambda: nodes() == dict.fromkeys(NODES, "idle"), "the nodes do not come up")
        yield daemons
    finally:
        for daemon in reversed(daemons.values()):
            if daemon.is_running():
                daemon.terminate()
        psutil.wait_procs(list(daemons.values()), timeout=20)
        CONFIGURATION.unlink()
        GPUS.unlink()


def on(*cores: int) -> list[str]:
    """What to put before a command to keep it, and all that it starts, on some processor cores."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores))]


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


def begin(
    folder: Path,
    filters: dict[str, int],
    *options: str,
    before: Sequence[str] = (),
    devices: str = "auto",
    photos: object = "none",
) -> "subprocess.Popen[str]":
    """Begin a run of Snakemake in a folder of its own."""
    folder.mkdir()
    shutil.copy(REPOSITORY / "config.yaml", folder)
    CACHE.mkdir(exist_ok=True)
    if photos == "none":
        (folder / ".cache").symlink_to(CACHE)
    else:  # with the downloads, but without what was observed before
        (folder / ".cache").mkdir()
        for one in CACHE.iterdir():
            if one.name != "observations":
                (folder / ".cache" / one.name).symlink_to(one)
    command = [*before, sys.executable, "-m", "snakemake"]
    command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(folder)]
    command += [*options, "--config", f"filters={json.dumps(filters)}"]
    command += [f"devices={devices}", f"photos={json.dumps(photos)}"]
    command += ["views=none", "dreams=none", "classes=none"]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, text=True, cwd=folder)


def end(run: "subprocess.Popen[str]", folder: Path) -> None:
    """Wait for a run's end, which is to be a good one."""
    if run.wait(PATIENCE):
        sys.exit(f"a run failed:\n{(folder / 'log').read_text()[-3000:]}")


def files(folder: Path, part: str, kind: str = "*") -> dict[str, bytes]:
    """What files of one kind in a part of a run's results hold, by their names."""
    results = folder / "results" / part
    return {str(one.relative_to(results)): one.read_bytes() for one in results.rglob(f"*.{kind}")}


def are_same(cluster: Path, local: Path, part: str) -> bool:
    """Whether a part of the results of two runs has the same files; prints how many are equal."""
    ours, theirs = files(local, part), files(cluster, part)
    equal = sum(theirs.get(name) == content for name, content in ours.items())
    print(f"files that are equal, byte for byte     {equal} of {len(ours)} in {part}")
    return equal == len(ours) > 0 and ours.keys() == theirs.keys()


def seconds_drawing(folder: Path) -> float:
    """Seconds of drawing that a run's filters took, from the logs of their jobs."""
    seconds = 0.0
    for log in (folder / "results" / "logs" / "draw_filter").rglob("*.log"):
        drawn = re.findall(r"in a batch of (\d+): ([\d.]+) s", log.read_text())[-1]
        seconds += float(drawn[1]) / int(drawn[0])
    return seconds


def told_of_jobs(what: str) -> list[str]:
    """What Slurm tells of all jobs so far, where it matches a pattern."""
    command = ["scontrol", "show", "jobs", "--oneliner"]
    return re.findall(what, subprocess.run(command, capture_output=True, text=True).stdout)


def seconds_booked() -> float:
    """Seconds that all Slurm jobs so far have run, together."""
    times = (time.split(":") for time in told_of_jobs(r"RunTime=(\d+:\d+:\d+)"))
    return sum(int(hours) * 3600 + int(minutes) * 60 + int(rest) for hours, minutes, rest in times)


def try_faults(root: Path, daemons: dict[str, psutil.Process]) -> bool:
    """Kill a node on the way; whether all results are those of a local run."""
    cluster, local = root / "cluster", root / "local"
    run = begin(cluster, SHALLOW, *PROFILE, "--group-components", "filters-of-{layer}=8")
    done = cluster / "results" / "filters"
    wait_for(lambda: len(list(done.rglob("*.png"))) >= 8, "nothing is drawn")
    busy = subprocess.run(
        ["squeue", "--noheader", "--states=RUNNING", "--format=%N"], capture_output=True, text=True
    ).stdout.split()
    daemons["n2"].send_signal(signal.SIGKILL)
    end(run, cluster)
    print(f"nodes busy when one was killed          {', '.join(sorted(set(busy)))}")
    print(f"state of the nodes at the end           {nodes()}")
    end(begin(local, SHALLOW, "--cores", "8"), local)
    return are_same(cluster, local, "filters")


def try_compute(root: Path) -> bool:
    """Compare what a cluster computes with a local run on the same cores; whether all was drawn."""
    cluster, local = root / "many", root / "many_local"
    only_filters = ("--until", "draw_filter")
    before = seconds_booked()
    end(begin(cluster, MANY, *PROFILE, *only_filters), cluster)
    booked = seconds_booked() - before
    began = time.monotonic()
    end(begin(local, MANY, "--cores", "8", *only_filters, before=on(*CORES)), local)
    took = (time.monotonic() - began) * len(CORES)
    logs = (log.read_text() for log in (cluster / ".snakemake" / "slurm").glob("*.log"))
    finished = sum(
        len(re.findall(r"Finished jobid: \d+ \(Rule: draw_filter\)", log)) for log in logs
    )
    print(f"filters planned, and drawn by any job   {sum(MANY.values())}, {finished}")
    drawing = seconds_drawing(cluster) / (seconds_drawing(local) * len(CORES))
    print(f"core seconds of drawing, cluster/local  {drawing:.2f}")
    print(f"core seconds of all, cluster / local    {booked / took:.2f}")
    return finished == sum(MANY.values())


def try_photographs(root: Path) -> bool:
    """Observe photographs in chunks on both nodes; whether that gives what one local chunk does."""
    photos, cluster, local = root / "photos", root / "chunks", root / "chunk"
    photos.mkdir()
    for photo in sorted(SAMPLE.iterdir())[:PHOTOGRAPHS]:
        shutil.copy(photo, photos)

    def settings(chunk: int) -> dict[str, object]:
        return {"folders": [str(photos)], "chunk": chunk}

    evidence = ("--until", "exemplars")
    before = len(told_of_jobs(NODES_OF_JOBS))
    end(begin(cluster, SHALLOW, *PROFILE, *evidence, photos=settings(CHUNK)), cluster)
    used = set(told_of_jobs(NODES_OF_JOBS)[before:])
    end(begin(local, SHALLOW, "--cores", "2", *evidence, photos=settings(PHOTOGRAPHS)), local)
    chunks = [len(files(one, "evidence/observations", "json")) for one in (cluster, local)]
    print(f"chunks of photographs, cluster, local   {chunks[0]}, {chunks[1]}")
    print(f"nodes that worked                       {', '.join(sorted(used))}")
    is_whole = len(files(local, "evidence/layers")) == len(SHALLOW)
    return are_same(cluster, local, "evidence/layers") and is_whole and used == set(NODES)


def try_gpu(root: Path) -> bool:
    """Ask for a GPU; whether Slurm gave one, and TensorFlow was asked for it."""
    folder = root / "gpu"
    run = begin(
        folder,
        {"block1_conv1": 1},
        *PROFILE,
        "--until",
        "draw_filter",
        "--retries",
        "0",
        devices="[gpu:0]",
    )
    visible: set[str | None] = set()
    while run.poll() is None:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                environment = process.environ()
                if "SLURM_JOB_ID" in environment and "filter_atlas.worker" in process.cmdline():
                    visible.add(environment.get("CUDA_VISIBLE_DEVICES"))
        time.sleep(0.2)
    asked = told_of_jobs(r"TresPerNode=gres[/:](gpu:\d+)")
    [missing] = set(re.findall(r"TensorFlow sees \d+ GPU\(s\)", (folder / "log").read_text()))
    print(f"jobs that asked for a GPU               {len(asked)}: {', '.join(sorted(set(asked)))}")
    print(f"what CUDA_VISIBLE_DEVICES told workers  {', '.join(map(str, visible))}")
    print(f"and said                                {missing}")
    return set(asked) == {"gpu:1"} and None not in visible


TRIALS = {
    "compute": lambda root, daemons: try_compute(root),
    "photographs": lambda root, daemons: try_photographs(root),
    "gpu": lambda root, daemons: try_gpu(root),
    "faults": try_faults,
}
"""What is tried, by name; each says whether all was well. The faults, which cost a node, come last.
"""


def main() -> None:
    """Try what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=f"{', '.join(TRIALS)} (all)")
    chosen = parser.parse_args().trials or list(TRIALS)
    if unknown := set(chosen) - set(TRIALS):
        parser.error(f"no trial {unknown.pop()}; there are {', '.join(TRIALS)}")
    with (
        tempfile.TemporaryDirectory(prefix="fa-slurm-", dir="/tmp") as temporary,
        slurm(root := Path(temporary)) as daemons,
    ):
        results = {name: trial(root, daemons) for name, trial in TRIALS.items() if name in chosen}
    if wrong := [name for name, is_well in results.items() if not is_well]:
        sys.exit(f"not as it should be: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
