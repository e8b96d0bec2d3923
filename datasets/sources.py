"""Every source that can be converted, by the name the command uses."""

from __future__ import annotations

from datasets.digits import Digits
from datasets.pets import Pets

SOURCES: dict[str, type[Pets] | type[Digits]] = {"pets": Pets, "digits": Digits}
