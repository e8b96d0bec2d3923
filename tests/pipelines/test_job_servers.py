"""Job servers in Java: getting and proving the jar, starting and ending the program, the engine where it is there."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from datasets.errors import SystemComponentError, VerificationError
from pipelines import job_servers
from pipelines.job_servers import JARS, fetch, jar_path, java_command
from pipelines.runners import RunnerOptions
from tests.fixtures import PetsTree
from tests.pipelines.test_build import build, digests
from tests.pipelines.test_worker_pools import POOLED, pools_of

MAVEN = """#!/bin/sh
echo "$@" >> {log}
for word in "$@"; do case "$word" in
  -DoutputDirectory=*) printf '{content}' > "${{word#-DoutputDirectory=}}/server.jar" ;;
esac; done
"""

JAVA = """#!/bin/sh
echo "$@" >> {log}
for word in "$@"; do case "$word" in --job-port=*) port="${{word#--job-port=}}" ;; esac; done
exec {python} -m pipelines.job_service "$port"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs at the front of PATH, and a cache of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def write_program(folder: Path, name: str, text: str) -> Path:
    log = folder / f"{name}.log"
    (folder / name).write_text(text.format(log=log, python=sys.executable, content="a jar"))
    (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
    return log


def test_the_jar_is_fetched_once_in_the_version_of_beam(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_program(programs, "mvn", MAVEN)
    path = fetch("flink")
    assert path.read_bytes() == b"a jar"
    assert path.name == f"{JARS['flink'].artifact}-{version('apache-beam')}.jar"
    calls = log.read_text().splitlines()
    assert len(calls) == 2
    assert all(f"org.apache.beam:{JARS['flink'].artifact}:{version('apache-beam')}" in call for call in calls)
    assert all("--strict-checksums" in call for call in calls)
    assert fetch("flink") == path
    assert len(log.read_text().splitlines()) == 2


def test_another_jar_than_the_one_that_was_proved_is_refused(programs: Path) -> None:
    write_program(programs, "mvn", MAVEN)
    path = fetch("spark")
    path.write_bytes(b"b jar")
    with pytest.raises(VerificationError, match=r"has SHA-256 \w{64}, wanted \w{64}; delete it"):
        jar_path("spark")


def test_a_jar_that_is_not_the_pinned_one_is_refused(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(programs, "mvn", MAVEN)
    pinned = job_servers.JobServerJar(JARS["flink"].artifact, "0" * 64, 1, JARS["flink"].master_option)
    monkeypatch.setitem(JARS, "flink", pinned)
    with pytest.raises(VerificationError, match=f"wanted {'0' * 64}"):
        fetch("flink")


def test_what_maven_says_reaches_the_user(programs: Path) -> None:
    write_program(
        programs, "mvn", '#!/bin/sh\necho "[ERROR] Failed: Couldn\'t download artifact: no such thing"; exit 1\n'
    )
    with pytest.raises(SystemComponentError, match=r"Maven cannot get org.apache.beam:.*: no such thing"):
        fetch("flink")


def test_what_is_missing_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(programs, "java", JAVA)
    with pytest.raises(SystemComponentError, match="run `make flink-jar` once"):
        java_command("flink", 1, "[local]", "x")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemComponentError, match="needs Java 17"):
        java_command("flink", 1, "[local]", "x")
    with pytest.raises(SystemComponentError, match="there is no `mvn` here"):
        fetch("flink")


@pytest.mark.parametrize(
    "runner, master", [("flink", "--flink-master [local]"), ("spark", "--spark-master-url local[2]")]
)
def test_a_job_through_a_stand_in_for_the_java_program_gives_the_same_bytes(
    runner: str, master: str, programs: Path, pets_tree: PetsTree, tmp_path: Path
) -> None:
    """Not Flink or Spark: the program that `java` starts here is Beam's own job service. All around it is real."""
    write_program(programs, "mvn", MAVEN)
    log = write_program(programs, "java", JAVA)
    path = fetch(runner)
    wanted = digests(build(pets_tree, tmp_path / "local").directory)
    done = build(pets_tree, tmp_path / "there", workers=2, runner=RunnerOptions(runner))
    assert digests(done.directory) == wanted
    assert f"-jar {path} --job-host=localhost" in log.read_text()
    assert master in log.read_text()
    assert not pools_of(subprocess.os.getpid())


def test_a_job_server_that_ends_at_once_is_said(programs: Path, pets_tree: PetsTree, tmp_path: Path) -> None:
    write_program(programs, "mvn", MAVEN)
    write_program(programs, "java", "#!/bin/sh\nexit 3\n")
    fetch("flink")
    with pytest.raises(SystemComponentError, match=r"the job server ended with code 3: .*--flink-master \[local\]"):
        build(pets_tree, tmp_path / "data", runner=RunnerOptions("flink"))


@pytest.fixture(params=["flink", "spark"])
def engine(request: pytest.FixtureRequest) -> str:
    """A real engine; skipped, saying so, where Java or the jar is missing."""
    runner = str(request.param)
    if shutil.which("java") is None:
        pytest.skip("no Java here")
    try:
        jar_path(runner)
    except SystemComponentError as error:
        pytest.skip(str(error))
    return runner


@pytest.mark.slow
@pytest.mark.parametrize(
    "job",
    [
        ["convert", "digits", "scikit-learn", "DATA_DIR"],
        ["render", "digits", "DATA_DIR", "--frames", "100", "--size", "16x16"],
    ],
)
def test_the_real_engine_gives_the_same_bytes_with_two_workers(engine: str, job: list[str], tmp_path: Path) -> None:
    def run(*words: str) -> str:
        data_dir = str(tmp_path / "-".join(words[1:] or ("local",)))
        command = [sys.executable, "-m", "realitygap", *(data_dir if word == "DATA_DIR" else word for word in job)]
        command += ["--num-shards", "8", "--workers", "2", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
        return done.stderr

    said = run("--runner", engine)
    print(said)
    assert len({pid for _, _, pid in POOLED.findall(said)}) == 2
    assert re.search(rf"{engine} job \S+ at localhost:\d+", said)
    run()
    name = "digits" if job[0] == "convert" else "digits_rendered"
    assert digests(tmp_path / engine / name / "1.0.0") == digests(tmp_path / "local" / name / "1.0.0")
