"""Profiles as a command line or a file names them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

from reasoner.batch.plan import DEFAULT_PROFILE, Profile
from reasoner.errors import BatchError


def profiles_of(given: Iterable[str]) -> tuple[Profile, ...]:
    """The profiles of some texts; without any, the default readings alone.

    A text is ``NAME:A10=any-one,A2=x`` (nothing behind the colon: the default readings under that name), ``default``,
    or a TOML file with a table of readings for each name.

    >>> [(p.name, dict(p.readings)) for p in profiles_of(["default", "lenient:A10=any-one"])]
    [('default', {}), ('lenient', {'A10': 'any-one'})]

    Raises:
        BatchError: a text is of none of these forms, or two profiles have one name.
    """
    found = [p for text in given for p in _of_text(text)] or [Profile(DEFAULT_PROFILE, {})]
    names = [p.name for p in found]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise BatchError(f"Two profiles are named {twice}.", "Give each a name of its own.")
    return tuple(found)


def _of_text(text: str) -> list[Profile]:
    if text.endswith(".toml"):
        return _of_file(Path(text))
    name, colon, rest = text.partition(":")
    if not colon and name == DEFAULT_PROFILE:
        return [Profile(DEFAULT_PROFILE, {})]
    pairs = [item.rpartition("=") for item in rest.split(",") if item]
    if not colon or not name or any(not (a and sign and r) for a, sign, r in pairs):
        cure = "Write NAME:A10=any-one,A2=..., the name of a TOML file, or default; `plexus readings` lists readings."
        raise BatchError(f"{text!r} is no profile.", cure)
    return [Profile(name, {a: r for a, _, r in pairs})]


def _of_file(path: Path) -> list[Profile]:
    cure = 'Give each profile a table of readings, such as [lenient] and a line A10 = "any-one".'
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BatchError(f"{path} cannot be read: {error}.", cure) from error
    good = all(isinstance(t, dict) and all(isinstance(v, str) for v in t.values()) for t in told.values())
    if not told or not good:
        raise BatchError(f"{path} holds no profiles.", cure)
    return [Profile(name, readings) for name, readings in told.items()]
