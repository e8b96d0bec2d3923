"""Jars of Java programs, fetched through Maven into the user's cache and proved by lists of checksums."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from datasets.cache_folder import cache_folder
from datasets.errors import SystemComponentError, VerificationError

_LISTS = Path(__file__).parent / "checksums"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>realitygap</groupId> <artifactId>jars</artifactId> <version>1</version> <packaging>pom</packaging>
  <dependencies>{dependencies}</dependencies>
</project>
"""


@dataclass(frozen=True)
class Jars:
    """Everything that a Java program needs on its class path.

    Attributes:
        name: of the folder in the cache, and of the list `checksums/NAME.sha256`, as `sha256sum` writes it.
        artifacts: GROUP:ARTIFACT:VERSION at Maven; what they need comes with them.
    """

    name: str
    artifacts: tuple[str, ...]

    @property
    def list_path(self) -> Path:
        """The list of checksums, which is the one place where the files are pinned."""
        return _LISTS / f"{self.name}.sha256"

    @property
    def folder(self) -> Path:
        """Where they lie in the cache; a new list takes a new folder."""
        of_list = hashlib.sha256(self.list_path.read_bytes()).hexdigest()[:12]
        return cache_folder() / "job-servers" / f"{self.name}-{of_list}"


def fetch_jars(jars: Jars) -> Path:
    """Get them through Maven, unless they are there, and prove them.

    Returns:
        The folder that holds them and nothing else.

    Raises:
        SystemComponentError: Maven is missing or cannot get them.
        VerificationError: they are not the files that are pinned.
    """
    folder = jars.folder
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            got = through_maven(jars, Path(scratch))
            _prove(jars, got, "Maven brings other files than those that are pinned")
            got.replace(folder)
    return proved(jars)


def proved(jars: Jars) -> Path:
    """The folder in the cache, whose files are those of the list.

    Raises:
        SystemComponentError: it is not there.
        VerificationError: its files are not those that are pinned.
    """
    if not jars.folder.is_dir():
        raise SystemComponentError(f"the jars of {jars.name} are not in {jars.folder}")
    _prove(jars, jars.folder, f"delete {jars.folder} and fetch it again")
    return jars.folder


def write_list(jars: Jars) -> Path:
    """Get them through Maven and pin what came; for whoever changes the versions."""
    with tempfile.TemporaryDirectory() as scratch:
        found = _checksums(through_maven(jars, Path(scratch)))
    jars.list_path.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(found.items())))
    return jars.list_path


def through_maven(jars: Jars, scratch: Path) -> Path:
    """A folder below `scratch` with the artifacts and what they need at run time.

    Raises:
        SystemComponentError: Maven is missing or cannot get them.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise SystemComponentError("there is no `mvn` here: install Maven (Debian, Ubuntu: apt-get install maven)")
    folder, pom = scratch / "jars", scratch / "pom.xml"
    pom.write_text(_POM.format(dependencies="".join(map(_dependency, jars.artifacts))))
    words = ["-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = subprocess.run([maven, "-B", "-q", "--strict-checksums", *words], capture_output=True, text=True)
    if done.returncode:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr).strip()
        raise SystemComponentError(f"Maven cannot get {', '.join(jars.artifacts)}: {said}")
    return folder


def _dependency(artifact: str) -> str:
    names = ("groupId", "artifactId", "version")
    values = zip(names, artifact.split(":"), strict=True)
    return f"<dependency>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in values)}</dependency>"


def _prove(jars: Jars, folder: Path, advice: str) -> None:
    lines = (line.split() for line in jars.list_path.read_text().splitlines())
    wanted, found = {name: digest for digest, name in lines}, _checksums(folder)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise VerificationError(
                f"{folder / name}: has SHA-256 {found.get(name, 'none, it is missing')}, "
                f"wanted {wanted.get(name, 'no such file')}; {advice}"
            )


def _checksums(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.iterdir():
        with open(path, "rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
