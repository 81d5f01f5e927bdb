"""A conversation about one line: what is supposed so far, and what one more sentence of the user makes of it.

Pure: :func:`step` takes what is supposed and a text, and gives what is supposed then; a terminal only asks and shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from reasoner.errors import ReadingError, SuppositionError
from reasoner.lines import Situated
from reasoner.model import LineReview, Status
from reasoner.policy import Policy, check_readings
from reasoner.questioning.suppose import LineCase, Outcome, leaf_named, nearest, outcome_of, status_named, with_reading

HELP = """Suppose a status:   NUMBER STATUS or ID STATUS, such as 2 conflicting
                    (met, unmet, conflicting, to-judge, undocumented)
Suppose a reading:  AMBIGUITY READING, such as A10 any-one
Take one back:      2 -  or  A10 -
undo                takes back the last step
reset               takes back everything
show                shows the criteria again
quit                ends"""
COMMANDS = ("undo", "reset", "show", "help", "quit")
BACK = "-"

V = TypeVar("V", Status, str)


@dataclass(frozen=True)
class Supposed:
    """What is supposed at one moment: statuses by criterion id, readings by ambiguity."""

    statuses: Mapping[str, Status] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.statuses or self.readings)


@dataclass(frozen=True)
class Dialogue:
    """A conversation: the line, what is supposed now, and what was supposed before each step."""

    case: LineCase
    policy: Policy
    now: Supposed = Supposed()
    past: tuple[Supposed, ...] = ()
    over: bool = False

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers by which the criteria can be named, by id."""
        return {leaf.id: i for i, leaf in enumerate(self.policy.leaves, 1)}

    def outcome(self) -> Outcome:
        """How the line would come out with what is supposed now."""
        chosen = dict(self.case.setting.chosen)
        for name, reading in self.now.readings.items():
            chosen = with_reading(chosen, self.policy, name, reading)
        found = self.case.found(chosen)
        if isinstance(found, LineReview) or found.outside is not None:
            return outcome_of(found, {})  # under these readings no criterion is applied
        known = {leaf.id for leaf in found.situation.policy.leaves}
        return outcome_of(found, {n: s for n, s in self.now.statuses.items() if n in known})


def open_dialogue(case: LineCase, statuses: Mapping[str, Status] | None = None) -> Dialogue:
    """A conversation about a line, with some statuses supposed from the start.

    Raises:
        SuppositionError: no criterion was applied to the line, or not the one that is supposed.
    """
    found = case.found()
    answer = found if isinstance(found, LineReview) else found.outside
    if answer is not None:
        raise SuppositionError(f"Line {answer.sequence} has no criterion to suppose a status of. {answer.reason}")
    assert isinstance(found, Situated)
    for name in statuses or {}:
        leaf_named(found.situation.policy, name)
    return Dialogue(case, found.situation.policy, Supposed(dict(statuses or {})))


def step(dialogue: Dialogue, text: str) -> tuple[Dialogue, str]:
    """The conversation after one more sentence, and what to say of it; "" where the outcome is to be shown.

    A sentence that is not understood changes nothing and is answered by what can be said.
    """
    words = text.replace("=", " ").split()
    if not words:
        return dialogue, HELP
    command = _command(words)
    if command == "quit":
        return replace(dialogue, over=True), "Nothing was changed: all of this was supposed."
    if command == "help":
        return dialogue, HELP
    if command == "show":
        return dialogue, ""
    if command == "undo":
        if not dialogue.past:
            return dialogue, "There is nothing to take back."
        return replace(dialogue, now=dialogue.past[-1], past=dialogue.past[:-1]), ""
    if command == "reset":
        return _to(dialogue, Supposed()), ""
    try:
        return _supposing(dialogue, words), ""
    except (SuppositionError, ReadingError) as error:
        return dialogue, str(error)


def _command(words: list[str]) -> str:
    """The command that is meant, by its name or its first letter."""
    word = words[0].casefold()
    return next((c for c in COMMANDS if len(words) == 1 and word in (c, c[0], "?" if c == "help" else c)), "")


def _to(dialogue: Dialogue, now: Supposed) -> Dialogue:
    if now == dialogue.now:
        return dialogue
    return replace(dialogue, now=now, past=(*dialogue.past, dialogue.now))


def _supposing(dialogue: Dialogue, words: list[str]) -> Dialogue:
    if len(words) != 2:
        near = nearest(words[0], COMMANDS)
        raise SuppositionError(f"{' '.join(words)!r} is not understood.{near} Write help to see what can be said.")
    name, value = words
    now = dialogue.now
    if name.upper() in {a.notation for a in dialogue.policy.ambiguities}:
        if value != BACK:
            check_readings((dialogue.policy,), {name.upper(): value})
        readings = _changed(now.readings, name.upper(), None if value == BACK else value)
        return _to(dialogue, replace(now, readings=readings))
    criterion = _criterion(dialogue, name)
    status = None if value == BACK else status_named(value)
    return _to(dialogue, replace(now, statuses=_changed(now.statuses, criterion, status)))


def _criterion(dialogue: Dialogue, name: str) -> str:
    """The id of the criterion that a number or an id names."""
    by_number = {str(n): c for c, n in dialogue.numbers.items()}
    if name.isdecimal() and name not in by_number:
        raise SuppositionError(f"There is no criterion {name}. Numbers: 1 to {len(by_number)}.")
    return leaf_named(dialogue.policy, by_number.get(name, name)).id


def _changed(values: Mapping[str, V], name: str, value: V | None) -> dict[str, V]:
    kept = {n: v for n, v in values.items() if n != name}
    return kept if value is None else {**kept, name: value}
