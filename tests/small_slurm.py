"""A Slurm of one node, for tests: its own key, ports and folder, all of which go away with it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

SYSTEM = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
START_SECONDS = 30.0

CONF = """\
ClusterName=valley
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MaxArraySize=2
KillWait=1
ReturnToService=2
MailProg=/bin/true
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
NodeName=hut NodeHostname={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=16000 State=UNKNOWN
PartitionName=long Nodes=ALL Default=YES MaxTime=300 State=UP
"""
"""Without accounting, which small clusters lack; an array holds two jobs."""
CGROUP = "CgroupPlugin=cgroup/v1\nCgroupMountpoint={folder}/nowhere\nCgroupAutomount=no\n"
"""The control groups of the machine, which a container may not touch, are not looked at."""


def is_installed() -> bool:
    return all(shutil.which(name, path=SYSTEM) for name in ("slurmctld", "slurmd", "munged"))


@contextmanager
def one_node() -> Iterator[Path]:
    """Run a Slurm; yields the file that SLURM_CONF is to point to."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    conf = folder / "slurm.conf"
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    controller_port, node_port = _free_ports()
    conf.write_text(
        CONF.format(
            folder=folder, host=socket.gethostname().partition(".")[0], user=getpass.getuser(),
            controller_port=controller_port, node_port=node_port,
        )
    )  # fmt: skip
    (folder / "cgroup.conf").write_text(CGROUP.format(folder=folder))
    munged = [
        "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket",
        f"--pid-file={folder}/munge.pid", f"--seed-file={folder}/munge.seed",
        f"--log-file={folder}/munged.log",
    ]  # fmt: skip
    try:
        with ExitStack() as stack:
            stack.enter_context(_daemon(munged, folder))
            _wait_until(lambda: (folder / "munge.socket").exists(), folder)
            stack.enter_context(_daemon(["slurmctld", "-D", "-f", str(conf)], folder))
            stack.enter_context(_daemon(["slurmd", "-D", "-f", str(conf)], folder))
            _wait_until(lambda: ask(conf, "sinfo", "--noheader", "--format=%T") == "idle", folder)
            yield conf
            ask(conf, "scancel", f"--user={getpass.getuser()}")
            _wait_until(lambda: ask(conf, "squeue", "--noheader") == "", folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ask(conf: Path, *words: str) -> str:
    """What a command of Slurm answers."""
    environment = os.environ | {"SLURM_CONF": str(conf), "PATH": SYSTEM}
    asked = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else asked.stderr.strip()


@contextmanager
def _daemon(words: list[str], folder: Path) -> Iterator[None]:
    with (folder / f"{words[0]}.out").open("w") as out:
        process = subprocess.Popen(
            words, stdout=out, stderr=out, env=os.environ | {"PATH": SYSTEM}, cwd=folder
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until(is_so: Callable[[], bool], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > until:
            told = [path.read_text()[-2000:] for path in sorted(folder.glob("*.out"))]
            raise RuntimeError("\n".join(["the Slurm of the tests does not answer", *told]))
        time.sleep(0.2)


def _free_ports() -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
