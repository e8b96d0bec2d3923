from __future__ import annotations

from pipelines.commit import _one_origin, _several_origins

MESA = {"gl_vendor": "Mesa", "gl_renderer": "llvmpipe", "gl_version": "4.5"}
OTHER = {"gl_vendor": "NVIDIA", "gl_renderer": "H100", "gl_version": "4.6"}


def test_one_driver_is_the_origin_and_several_are_a_finding() -> None:
    alike = {"a": {"origin": MESA}, "b": {"origin": MESA}}
    assert (_one_origin(alike), _several_origins(alike)) == (MESA, {})
    mixed = {"a": {"origin": MESA}, "b": {"origin": OTHER}, "c": {"origin": MESA}}
    assert _one_origin(mixed) == {}
    assert _several_origins(mixed) == {
        "workers drew with different drivers": ("H100, NVIDIA, 4.6", "llvmpipe, Mesa, 4.5")
    }
    assert (_one_origin({"a": {}}), _several_origins({"a": {}})) == ({}, {})
