from __future__ import annotations

import pytest

from pipelines import doctor
from rendering.context import GlProbe


def test_every_check_has_a_name_a_finding_and_a_remedy_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "probe", lambda: GlProbe(False, message="libEGL.so.1 is missing"))
    checks = {check.name: check for check in doctor.examine()}
    assert not checks["headless OpenGL"].ok
    assert "libEGL.so.1" in checks["headless OpenGL"].found
    assert "libegl1 libgl1 libgl1-mesa-dri libfontconfig1" in checks["headless OpenGL"].remedy
    assert checks["import datasets"].ok
    assert checks["tensorflow"].found.startswith("2.")


def test_a_missing_package_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "probe", lambda: GlProbe(True, "v", "r", "4.5"))
    monkeypatch.setattr(doctor, "_PACKAGES", ("no-such-package",))
    (check,) = (check for check in doctor.examine() if not check.ok)
    assert (check.name, check.found, check.remedy) == ("no-such-package", "not installed", "run `make setup`")


@pytest.mark.parametrize("built, words", [(object(), "built"), (None, "not built, so label maps are read slowly")])
def test_loops_in_c_are_named_but_not_required(monkeypatch: pytest.MonkeyPatch, built: object, words: str) -> None:
    monkeypatch.setattr(doctor, "probe", lambda: GlProbe(True, "v", "r", "4.5"))
    monkeypatch.setattr(doctor, "kernels", lambda: built)
    (check,) = (check for check in doctor.examine() if check.name == "loops in C")
    assert check.ok
    assert check.found.startswith(words)
