"""The tutorial as steps: prose, files to write, and commands with what they print.

It is one file of Markdown, ``reasoner/templates/tutorial.md``. A fenced block that names a file is an edit; a block of
the language ``console`` holds commands. The documentation shows it, and the tests follow it step by step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from reasoner import resources

_FENCE = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
_RULE = re.compile(r"^# ==== (.+?) =+$", re.M)
ELIDED = "..."
"""A line of an output that stands for any number of lines."""


@dataclass(frozen=True)
class Edit:
    """A file to write: as a whole, or section by section where the text begins with a rule."""

    file: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command and the output that is shown for it."""

    line: str
    shown: str


def source() -> str:
    """The tutorial in Markdown."""
    return resources.template_file("tutorial.md").read_text(encoding="utf-8")


def steps(markdown: str) -> tuple[Edit | Command, ...]:
    r"""What a reader of a tutorial does, in order.

    >>> [s.line for s in steps("```console\n$ plexus --version\nplexus\n```\n") if isinstance(s, Command)]
    ['plexus --version']
    """
    out: list[Edit | Command] = []
    for language, file, text in _FENCE.findall(markdown):
        if file:
            out.append(Edit(file, text))
        elif language == "console":
            for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
                whole = part.replace("\\\n", " ")
                line, _, shown = whole.partition("\n")
                out.append(Command(" ".join(line.split()), shown))
    return tuple(out)


def edited(before: str, text: str) -> str:
    r"""A file after an edit: sections take the place of those with their names, anything else that of the whole.

    Raises:
        ValueError: the file has no section of that name.

    >>> edited("a\n\n# ==== One ====\n\nold\n\n# ==== Two ====\n", "# ==== One ====\n\nnew\n")
    'a\n\n# ==== One ====\n\nnew\n\n# ==== Two ====\n'
    """
    if not _RULE.match(text):
        return text
    head, known = _sections(before)
    for name, section in _sections(text)[1].items():
        if name not in known:
            raise ValueError(f"There is no section {name!r} to put the text in the place of.")
        known[name] = section
    return "\n\n".join(part.strip("\n") for part in (head, *known.values())) + "\n"


def _sections(text: str) -> tuple[str, dict[str, str]]:
    """What stands above the first rule, and the sections by name."""
    rules = list(_RULE.finditer(text))
    ends = [*(m.start() for m in rules[1:]), len(text)]
    head = text[: rules[0].start()] if rules else text
    return head, {m[1]: text[m.start() : end] for m, end in zip(rules, ends, strict=True)}


def apply(edit: Edit, folder: Path) -> None:
    """Make an edit in a folder.

    Raises:
        ValueError: the file has no section of that name.
    """
    target = folder / edit.file
    target.parent.mkdir(parents=True, exist_ok=True)
    before = target.read_text(encoding="utf-8") if target.is_file() else ""
    target.write_text(edited(before, edit.text), encoding="utf-8")


def agrees(shown: str, printed: str) -> bool:
    r"""Whether an output is the one that is shown; a line ``...`` stands for any number of lines.

    >>> agrees("one\n...\nfour\n", "one\ntwo\nthree\nfour\n"), agrees("one\n", "two\n")
    (True, False)
    """
    parts = [re.escape(line) if line.strip() != ELIDED else None for line in shown.rstrip("\n").split("\n")]
    pattern = "".join(r"(?:.*\n)*?" if part is None else part + r"\n" for part in parts)
    return re.fullmatch(pattern if shown.strip() else "", printed.rstrip("\n") + "\n" if printed else "") is not None
