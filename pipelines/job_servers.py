"""Beam's job servers: the one in Python, and those for Flink and Spark, which are Java programs fetched through Maven.

python -m pipelines.job_servers fetch flink     get the jar into the user's cache and prove it
python -m pipelines.job_servers serve flink     run it until Ctrl-C, with Flink inside; --runner flink finds it
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from datasets.errors import RealitygapError, SystemComponentError, UsageError, VerificationError
from pipelines.runners import RunnerOptions
from pipelines.worker_pools import worker_environment

_START_S = 120.0
_GROUP = "org.apache.beam"


@dataclass(frozen=True)
class JobServerJar:
    """A job server that is a Java program.

    Attributes:
        artifact: its name at Maven; its version is that of the installed apache-beam.
        sha256: of the file of that version; empty while nobody has been able to write it down: then the first file that
            Maven's own checksum proves is remembered, and another one is refused.
        port: where `make flink` serves jobs.
        master_option: of the program and of Beam: the cluster, with the word for one inside the program.
    """

    artifact: str
    sha256: str
    port: int
    master_option: tuple[str, str, str]


JARS = {
    "flink": JobServerJar(
        "beam-runners-flink-1.20-job-server", "", 8099, ("--flink-master", "flink_master", "[local]")
    ),
    "spark": JobServerJar(
        "beam-runners-spark-3-job-server", "", 8098, ("--spark-master-url", "spark_master_url", "local[{workers}]")
    ),
}
"""The one place where jars are named and pinned."""


@contextmanager
def job_server(options: RunnerOptions, workers: int) -> Iterator[str]:
    """The endpoint of a runner's job server: the one that was named, one that `make` started, or one started here.

    Raises:
        SystemComponentError: Java or the jar is missing, or the server did not start.
    """
    jar = JARS.get(options.runner)
    if options.job_endpoint:
        yield options.job_endpoint
    elif jar is None:
        port = _free_port()
        words = [sys.executable, "-m", "pipelines.job_service", str(port)]
        with _served(words, port):
            yield f"localhost:{port}"
    elif _answers(jar.port):
        yield f"localhost:{jar.port}"
    else:
        _, name, inside = jar.master_option
        master = options.value_of(name) or inside.format(workers=workers)
        port = _free_port()
        with _java_served(options.runner, port, master):
            yield f"localhost:{port}"


def java_command(runner: str, port: int, master: str, folder: str) -> list[str]:
    """The words that start the job server of a runner.

    Raises:
        SystemComponentError: Java or the jar is missing.
    """
    java = shutil.which("java")
    if java is None:
        raise SystemComponentError(
            f"--runner {runner} needs Java 17 for Beam's job server, and there is no `java` here"
        )
    words = ["--job-host=localhost", f"--job-port={port}", "--artifact-port=0", "--expansion-port=0"]
    return [
        java,
        "-jar",
        str(jar_path(runner)),
        *words,
        f"--artifacts-dir={folder}",
        JARS[runner].master_option[0],
        master,
    ]


def jar_path(runner: str) -> Path:
    """The proven jar in the cache.

    Raises:
        SystemComponentError: it is not there.
        VerificationError: it is not the file that is pinned.
    """
    path = _kept(runner)
    if not path.is_file():
        raise SystemComponentError(
            f"--runner {runner} needs {path.name}, which is not in {path.parent}: run `make {runner}-jar` once, "
            f"or name a running job server with --job-endpoint HOST:PORT"
        )
    wanted = JARS[runner].sha256 or path.with_suffix(".sha256").read_text().strip()
    found = _sha256(path)
    if found != wanted:
        raise VerificationError(f"{path} has SHA-256 {found}, wanted {wanted}; delete it and run `make {runner}-jar`")
    return path


def fetch(runner: str) -> Path:
    """Get the jar through Maven, unless it is there, and prove it.

    Raises:
        SystemComponentError: Maven is missing or cannot get the jar.
        VerificationError: the jar is not the one that is pinned.
    """
    path = _kept(runner)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            _through_maven(runner, Path(folder)).replace(path)
        path.with_suffix(".sha256").write_text(_sha256(path) + "\n")
    if not JARS[runner].sha256:
        print(f"{path.name}: SHA-256 {_sha256(path)} is remembered; write it into JARS in pipelines/job_servers.py")
    return jar_path(runner)


def _through_maven(runner: str, folder: Path) -> Path:
    maven = shutil.which("mvn")
    if maven is None:
        raise SystemComponentError("there is no `mvn` here: install Maven (Debian, Ubuntu: apt-get install maven)")
    artifact = f"{_GROUP}:{JARS[runner].artifact}:{version('apache-beam')}"
    get = ["dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false"]
    copy = ["dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    for goal in (get, copy):
        done = subprocess.run([maven, "-B", "-q", "-U", "--strict-checksums", *goal], capture_output=True, text=True)
        if done.returncode:
            said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr.strip())
            raise SystemComponentError(f"Maven cannot get {artifact}: {said.rpartition('artifact: ')[2]}")
    return next(folder.glob("*.jar"))


def _kept(runner: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "realitygap" / "job-servers" / f"{JARS[runner].artifact}-{version('apache-beam')}.jar"


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _java_served(runner: str, port: int, master: str) -> Iterator[None]:
    folder = tempfile.TemporaryDirectory(prefix="realitygap-artifacts-")
    with folder, _served(java_command(runner, port, master, folder.name), port):
        yield


@contextmanager
def _served(words: Sequence[str], port: int) -> Iterator[None]:
    """A server process for as long as the block runs; it hears no Ctrl-C, and its words go to standard error."""
    process = subprocess.Popen(words, stdout=2, stdin=subprocess.PIPE, env=worker_environment(), start_new_session=True)
    try:
        deadline = time.monotonic() + _START_S
        while not _answers(port):
            if process.poll() is not None:
                raise SystemComponentError(f"the job server ended with code {process.returncode}: {' '.join(words)}")
            if time.monotonic() > deadline:
                raise SystemComponentError(f"the job server did not answer within {_START_S:.0f} s: {' '.join(words)}")
            time.sleep(0.1)
        yield
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("localhost", port), 1):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


def main(words: Sequence[str]) -> int:
    """`fetch RUNNER` or `serve RUNNER`."""
    try:
        if len(words) != 2 or words[0] not in ("fetch", "serve") or words[1] not in JARS:
            raise UsageError(f"python -m pipelines.job_servers (fetch|serve) ({'|'.join(JARS)})")
        path, jar = fetch(words[1]), JARS[words[1]]
        print(path)
        if words[0] == "serve":
            master = jar.master_option[2].format(workers=len(os.sched_getaffinity(0)))
            with _java_served(words[1], jar.port, master):
                print(f"serving jobs at localhost:{jar.port} until Ctrl-C; use --runner {words[1]}", flush=True)
                signal.pause()
        return 0
    except RealitygapError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
