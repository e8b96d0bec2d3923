"""Job servers in Java: getting and proving the jars, starting and ending the program, the engine where it is there."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from datasets.cache_folder import CACHE_VARIABLE
from datasets.errors import SystemComponentError, VerificationError
from pipelines import jars
from pipelines.jars import fetch_jars, proved, write_list
from pipelines.job_servers import JAVA_SERVERS, java_command, main
from pipelines.runners import RunnerOptions
from tests.fixtures import PetsTree
from tests.pipelines.test_build import build, digests
from tests.pipelines.test_worker_pools import POOLED, pools_of

MAVEN = """#!/bin/sh
echo "$@" >> {log}
while [ $# -gt 0 ]; do case "$1" in
  -f) cp "$2" {log}.pom ;;
  -DoutputDirectory=*) folder="${{1#-DoutputDirectory=}}" ;;
esac; shift; done
mkdir -p "$folder"
printf 'a jar' > "$folder/server.jar"
printf 'what it needs' > "$folder/further.jar"
"""
CONTENTS = {"further.jar": b"what it needs", "server.jar": b"a jar"}
FLINK = JAVA_SERVERS["flink"].jars

JAVA = """#!/bin/sh
echo "$@" >> {log}
for word in "$@"; do case "$word" in --job-port=*) port="${{word#--job-port=}}" ;; esac; done
exec {python} -m pipelines.job_service "$port"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs at the front of PATH, a cache of its own, and lists of what the stand-in for Maven gives."""
    folder, lists, scratch = tmp_path / "bin", tmp_path / "checksums", tmp_path / "scratch"
    for made in (folder, lists, scratch):
        made.mkdir()
    for runner in JAVA_SERVERS:
        lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in CONTENTS.items())
        (lists / f"{runner}.sha256").write_text("".join(lines))
    monkeypatch.setattr(jars, "_LISTS", lists)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    return folder


def write_program(folder: Path, name: str, text: str) -> Path:
    log = folder / f"{name}.log"
    (folder / name).write_text(text.format(log=log, python=sys.executable))
    (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
    return log


def test_jars_are_fetched_once_with_what_they_need(programs: Path) -> None:
    log = write_program(programs, "mvn", MAVEN)
    folder = fetch_jars(FLINK)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    (call,) = log.read_text().splitlines()
    assert "--strict-checksums" in call
    assert "-DincludeScope=runtime" in call
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    asked = ElementTree.parse(f"{log}.pom").findall(".//m:dependency", space)
    assert [":".join(part.text or "" for part in one) for one in asked] == list(FLINK.artifacts)
    assert fetch_jars(FLINK) == folder
    assert len(log.read_text().splitlines()) == 1
    assert not list(folder.parent.glob("tmp*"))


@pytest.mark.parametrize("change", ["changed", "missing", "further"])
def test_other_jars_than_those_on_the_list_are_refused(change: str, programs: Path) -> None:
    write_program(programs, "mvn", MAVEN)
    folder = fetch_jars(FLINK)
    name = {"changed": "server.jar", "missing": "further.jar", "further": "zz.jar"}[change]
    (folder / name).unlink() if change == "missing" else (folder / name).write_bytes(b"b jar")
    with pytest.raises(VerificationError, match=rf"{name}: has SHA-256 .*, wanted .*; delete {folder} and fetch"):
        proved(FLINK)


def test_what_maven_brings_is_proved_before_it_is_kept(programs: Path) -> None:
    write_program(programs, "mvn", MAVEN.replace("a jar", "another jar"))
    with pytest.raises(VerificationError, match="server.jar: has SHA-256 .*; Maven brings other files"):
        fetch_jars(FLINK)
    assert not FLINK.folder.exists()
    write_list(FLINK)
    assert fetch_jars(FLINK).is_dir()


def test_the_lists_pin_the_versions_that_are_asked_for() -> None:
    for server in JAVA_SERVERS.values():
        names = {line.split()[1] for line in server.jars.list_path.read_text().splitlines()}
        for artifact in server.jars.artifacts:
            _, name, version = artifact.split(":")
            assert f"{name}-{version}.jar" in names


def test_what_maven_says_reaches_the_user(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_program(
        programs, "mvn", '#!/bin/sh\necho "[ERROR] Failed: Couldn\'t download artifact: no such thing"; exit 1\n'
    )
    assert main(["fetch", "flink"]) == SystemComponentError.exit_code
    assert re.search(r"Maven cannot get org.apache.beam:.*: no such thing", capsys.readouterr().err)


def test_what_is_missing_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(programs, "java", JAVA)
    with pytest.raises(SystemComponentError, match="run `make flink-jar` once"):
        java_command("flink", 1, "[local]", "x")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemComponentError, match="needs Java 17"):
        java_command("flink", 1, "[local]", "x")
    with pytest.raises(SystemComponentError, match="there is no `mvn` here"):
        fetch_jars(FLINK)


@pytest.mark.parametrize(
    "runner, master", [("flink", "--flink-master [local]"), ("spark", "--spark-master-url local[2]")]
)
def test_a_job_through_a_stand_in_for_the_java_program_gives_the_same_bytes(
    runner: str, master: str, programs: Path, pets_tree: PetsTree, tmp_path: Path
) -> None:
    """Not Flink or Spark: the program that `java` starts here is Beam's own job service. All around it is real."""
    write_program(programs, "mvn", MAVEN)
    log = write_program(programs, "java", JAVA)
    folder = fetch_jars(JAVA_SERVERS[runner].jars)
    wanted = digests(build(pets_tree, tmp_path / "local").directory)
    done = build(pets_tree, tmp_path / "there", workers=2, runner=RunnerOptions(runner))
    assert digests(done.directory) == wanted
    assert f"-cp {folder}/* {JAVA_SERVERS[runner].main_class} --job-host=localhost" in log.read_text()
    assert master in log.read_text()
    assert not pools_of(subprocess.os.getpid())
    assert not list(Path(tempfile.gettempdir()).glob("*.log")), "nobody needs the log of what went well"


def test_a_job_server_that_ends_at_once_is_said_and_its_log_kept(
    programs: Path, pets_tree: PetsTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_program(programs, "mvn", MAVEN)
    write_program(programs, "java", "#!/bin/sh\necho no memory\nexit 3\n")
    fetch_jars(FLINK)
    with pytest.raises(SystemComponentError, match=r"the job server ended with code 3: .*--flink-master \[local\]"):
        build(pets_tree, tmp_path / "data", runner=RunnerOptions("flink"))
    (log,) = Path(tempfile.gettempdir()).glob("realitygap-flink-*.log")
    assert log.read_text() == "no memory\n"
    assert f"the log of flink's job server is kept: {log}" in capsys.readouterr().err


@pytest.fixture(params=["flink", "spark"])
def engine(request: pytest.FixtureRequest) -> str:
    """A real engine; skipped, saying so, where Java or the jars are missing and nobody says that they are there."""
    runner = str(request.param)
    try:
        java_command(runner, 1, "x", "x")
    except SystemComponentError as error:
        if runner in os.environ.get("REALITYGAP_ENGINES", "").split():
            raise
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
