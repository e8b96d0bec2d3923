"""Beam's job servers: the one in Python, and those for Flink and Spark, which are Java programs fetched through Maven.

python -m pipelines.job_servers fetch flink     get its jars into the user's cache and prove them
python -m pipelines.job_servers serve flink     run it until Ctrl-C, with Flink inside; --runner flink finds it
python -m pipelines.job_servers lock flink      pin the jars anew, after a change of its versions
"""

from __future__ import annotations

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
from pathlib import Path

from datasets.errors import RealitygapError, SystemComponentError, UsageError
from pipelines.jars import Jars, fetch_jars, proved, write_list
from pipelines.runners import RunnerOptions
from pipelines.worker_pools import worker_environment

_START_S = 120.0
_STANDARD_ERROR = 2
_OPENED = (
    "java.io", "java.lang", "java.lang.invoke", "java.lang.reflect", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
    "sun.util.calendar",
)  # fmt: skip
"""Packages that both engines look into, which Java 17 allows only where it is told so."""


@dataclass(frozen=True)
class JavaServer:
    """A job server that is a Java program.

    Attributes:
        main_class: of the program.
        jars: its class path.
        port: where `make flink` serves jobs.
        master_option: of the program and of Beam: the cluster, with the word for one inside the program.
    """

    main_class: str
    jars: Jars
    port: int
    master_option: tuple[str, str, str]


_BEAM, _SPARK = "2.62.0", "3.2.2"
"""The newest Beam whose runners we could get with all that they need. A job server runs pipelines of other versions of
Beam, too, and the tests compare the bytes that ours give."""

JAVA_SERVERS = {
    "flink": JavaServer(
        "org.apache.beam.runners.flink.FlinkJobServerDriver",
        Jars("flink", (f"org.apache.beam:beam-runners-flink-1.19:{_BEAM}", "org.slf4j:slf4j-simple:1.7.30")),
        8099,
        ("--flink-master", "flink_master", "[local]"),
    ),
    "spark": JavaServer(
        "org.apache.beam.runners.spark.SparkJobServerDriver",
        Jars(
            "spark",
            (
                f"org.apache.beam:beam-runners-spark-3:{_BEAM}",
                *(f"org.apache.spark:spark-{part}_2.12:{_SPARK}" for part in ("core", "sql", "streaming")),
            ),
        ),
        8098,
        ("--spark-master-url", "spark_master_url", "local[{workers}]"),
    ),
}
"""The one place where Java programs are named; their files are pinned in `checksums`."""


@contextmanager
def job_server(options: RunnerOptions, workers: int) -> Iterator[str]:
    """The endpoint of a runner's job server: the one that was named, one that `make` started, or one started here.

    Raises:
        SystemComponentError: Java or the jars are missing, or the server did not start.
    """
    server = JAVA_SERVERS.get(options.runner)
    if options.job_endpoint:
        yield options.job_endpoint
    elif server is None:
        port = _free_port()
        words = [sys.executable, "-m", "pipelines.job_service", str(port)]
        with _served(words, port):
            yield f"localhost:{port}"
    elif _answers(server.port):
        yield f"localhost:{server.port}"
    else:
        _, name, inside = server.master_option
        master = options.value_of(name) or inside.format(workers=workers)
        port = _free_port()
        with _log_of(options.runner) as log, _java_served(options.runner, port, master, log):
            yield f"localhost:{port}"


def java_command(runner: str, port: int, master: str, folder: str) -> list[str]:
    """The words that start the job server of a runner.

    Raises:
        SystemComponentError: Java or the jars are missing.
        VerificationError: the jars are not those that are pinned.
    """
    java, server = shutil.which("java"), JAVA_SERVERS[runner]
    if java is None:
        raise SystemComponentError(
            f"--runner {runner} needs Java 17 for Beam's job server, and there is no `java` here"
        )
    try:
        jars = proved(server.jars)
    except SystemComponentError as error:
        raise SystemComponentError(
            f"--runner {runner}: {error}: run `make {runner}-jar` once, or name a running job server with "
            "--job-endpoint HOST:PORT"
        ) from None
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
    words = ["--job-host=localhost", f"--job-port={port}", "--artifact-port=0", "--expansion-port=0"]
    program = [java, *opened, "-cp", f"{jars}/*", server.main_class]
    return [*program, *words, f"--artifacts-dir={folder}", server.master_option[0], master]


@contextmanager
def _log_of(runner: str) -> Iterator[int]:
    """A file for the words of a Java program, which are many; it stays where the block fails."""
    handle, name = tempfile.mkstemp(prefix=f"realitygap-{runner}-", suffix=".log")
    try:
        yield handle
    except BaseException:
        print(f"the log of {runner}'s job server is kept: {name}", file=sys.stderr)
        raise
    else:
        Path(name).unlink()
    finally:
        os.close(handle)


@contextmanager
def _java_served(runner: str, port: int, master: str, log: int = _STANDARD_ERROR) -> Iterator[None]:
    folder = tempfile.TemporaryDirectory(prefix="realitygap-artifacts-")
    with folder, _served(java_command(runner, port, master, folder.name), port, log):
        yield


@contextmanager
def _served(words: Sequence[str], port: int, log: int = _STANDARD_ERROR) -> Iterator[None]:
    """A server process for as long as the block runs; it hears no Ctrl-C, and its words go to `log`."""
    process = subprocess.Popen(
        words, stdout=log, stderr=log, stdin=subprocess.PIPE, env=worker_environment(), start_new_session=True
    )
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
    """`fetch RUNNER`, `serve RUNNER` or `lock RUNNER`."""
    try:
        if len(words) != 2 or words[0] not in ("fetch", "serve", "lock") or words[1] not in JAVA_SERVERS:
            raise UsageError(f"python -m pipelines.job_servers (fetch|serve|lock) ({'|'.join(JAVA_SERVERS)})")
        task, runner = words
        server = JAVA_SERVERS[runner]
        print(write_list(server.jars) if task == "lock" else fetch_jars(server.jars))
        if task == "serve":
            master = server.master_option[2].format(workers=len(os.sched_getaffinity(0)))
            with _java_served(runner, server.port, master):
                print(f"serving jobs at localhost:{server.port} until Ctrl-C; use --runner {runner}", flush=True)
                signal.pause()
        return 0
    except RealitygapError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
