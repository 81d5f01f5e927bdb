"""The catalogue of one policy: its criteria, its approvable records, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reasoner.synthetic.claims import MET, OPEN, UNMET, Fault, Outcome, Scenario, Variant, scenario

if TYPE_CHECKING:
    from reasoner.synthetic.claims import Edit

FINDINGS, SYMPTOMS, TREATMENTS, SUPPORT = "findings", "symptoms", "treatments", "support"
EXAMINATION, HISTORY, REQUEST = "examination", "history", "request"
"""The parts of a record that a fault can touch."""


@dataclass
class Catalogue:
    """Variants and faults of a policy, in the order in which they are declared.

    ``base`` is the status of every criterion in a plainly approvable record.
    """

    policy: str
    base: Mapping[str, str]
    variants: list[Variant] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def variant(
        self, name: str, *, weight: float = 1.0, shared: bool = True, **statuses: str
    ) -> Callable[[Edit], Edit]:
        """Declare an approvable record; ``statuses`` are those that differ from the base."""

        def declare(edit: Edit) -> Edit:
            claimed = {**self.base, **self._named(statuses)}
            self.variants.append(Variant(name, self.policy, _says(edit), edit, claimed, weight, shared))
            return edit

        return declare

    def fault(
        self,
        name: str,
        outcome: Outcome | None,
        *,
        on: tuple[str, ...],
        touches: tuple[str, ...],
        opens: str = "",
        refutes: str = "",
        weight: float = 1.0,
        alone: bool = False,
        rejection: str | None = None,
        governed: bool = True,
        **statuses: str,
    ) -> Callable[[Edit], Edit]:
        """Declare a fault: the groups that it opens or refutes, and the statuses of the leaves that it touches.

        Underscores in the names of criteria stand for hyphens.
        """
        groups = {**dict.fromkeys(opens.split(), OPEN), **dict.fromkeys(refutes.split(), UNMET)}

        def declare(edit: Edit) -> Edit:
            claimed = {**groups, **self._named(statuses)}
            unknown = claimed.keys() - self.base.keys()
            assert not unknown, f"{name}: {self.policy} has no criterion {unknown}"
            made = Fault(
                name,
                self.policy,
                _says(edit),
                edit,
                outcome,
                claimed,
                frozenset(on),
                frozenset(touches),
                weight,
                alone,
                rejection,
                governed,
            )
            self.faults.append(made)
            return edit

        return declare

    def _named(self, statuses: Mapping[str, str]) -> dict[str, str]:
        return {name.replace("_", "-"): status for name, status in statuses.items()}

    def named(self, *names: str) -> tuple[str, ...]:
        """The names of all variants but those named."""
        return tuple(v.name for v in self.variants if v.name not in names)

    def scenarios(self) -> Iterator[Scenario]:
        """Every variant without fault, with each fault that can befall it, and with two independent ones."""
        for variant in self.variants:
            possible = [f for f in self.faults if variant.name in f.variants]
            plain = scenario(variant)
            assert plain is not None
            yield plain
            for i, fault in enumerate(possible):
                single = scenario(variant, fault)
                assert single is not None
                yield single
                for other in possible[i + 1 :]:
                    double = scenario(variant, fault, other)
                    if double is not None:
                        yield double


def _says(edit: Edit) -> str:
    return " ".join((edit.__doc__ or "").split())


def all_met(*criteria: str) -> dict[str, str]:
    """The status met for every criterion."""
    return dict.fromkeys(criteria, MET)
