"""SHACL Core as a small algebra: paths, constraints, targets and shapes as frozen records.

Records are compared by identity: the reader (:mod:`reasoner.columnar.reading`) makes each path and shape once, so that
vectors can be kept by the record that they are of.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal

# ---- Paths (SHACL 2.3.1) ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Predicate:
    """One property, forwards."""

    iri: str


@dataclass(frozen=True, eq=False)
class Inverse:
    """A path backwards; the reader pushes it down to single properties."""

    iri: str


@dataclass(frozen=True, eq=False)
class Sequence:
    """A path and then another; longer sequences nest to the right."""

    first: Path
    rest: Path


@dataclass(frozen=True, eq=False)
class Alternative:
    """Any of some paths."""

    ways: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Repeated:
    """A path any number of times; ``least`` is 0 or 1."""

    path: Path
    least: int


@dataclass(frozen=True, eq=False)
class Optional:
    """A path once or not at all."""

    path: Path


Path = Predicate | Inverse | Sequence | Alternative | Repeated | Optional

# ---- Constraints (SHACL 4) -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ClassOf:
    """sh:class: values are instances of a class."""

    cls: Node


@dataclass(frozen=True, eq=False)
class Datatype:
    """sh:datatype: values are well-formed literals of a datatype."""

    iri: str


@dataclass(frozen=True, eq=False)
class NodeKind:
    """sh:nodeKind: values are of some of the kinds IRI, blank node, literal."""

    kinds: frozenset[int]


@dataclass(frozen=True, eq=False)
class MinCount:
    """sh:minCount: at least so many values."""

    number: int


@dataclass(frozen=True, eq=False)
class MaxCount:
    """sh:maxCount: at most so many values."""

    number: int


@dataclass(frozen=True, eq=False)
class Bound:
    """sh:minInclusive and its three siblings: the order of a value and the limit is one of those accepted."""

    name: str
    limit: Literal
    accepted: frozenset[int]


@dataclass(frozen=True, eq=False)
class Length:
    """sh:minLength and sh:maxLength, of the string of a value that is no blank node."""

    name: str
    least: int
    most: int | None


@dataclass(frozen=True, eq=False)
class Pattern:
    """sh:pattern with sh:flags, as SPARQL's REGEX understands them."""

    pattern: str
    flags: str


@dataclass(frozen=True, eq=False)
class LanguageIn:
    """sh:languageIn: values bear one of some languages, or a variety of one."""

    languages: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class UniqueLang:
    """sh:uniqueLang: no two values bear the same language."""


@dataclass(frozen=True, eq=False)
class Equals:
    """sh:equals: the values are those of another property."""

    other: Predicate


@dataclass(frozen=True, eq=False)
class Disjoint:
    """sh:disjoint: no value is one of another property."""

    other: Predicate


@dataclass(frozen=True, eq=False)
class LessThan:
    """sh:lessThan and sh:lessThanOrEquals: every value stands in an accepted order to each of another property."""

    name: str
    other: Predicate
    accepted: frozenset[int]


@dataclass(frozen=True, eq=False)
class Not:
    """sh:not: values do not conform to a shape."""

    shape: Node


@dataclass(frozen=True, eq=False)
class Logical:
    """sh:and, sh:or, sh:xone: to how many of some shapes values conform (all, some, one)."""

    name: str
    shapes: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Conforms:
    """sh:node: values conform to a shape."""

    shape: Node


@dataclass(frozen=True, eq=False)
class Property:
    """sh:property: values conform to a property shape, which reports for itself."""

    shape: Node


@dataclass(frozen=True, eq=False)
class Qualified:
    """sh:qualifiedValueShape with its bounds; ``siblings`` are the shapes that counted values must not conform to."""

    shape: Node
    least: int | None
    most: int | None
    siblings: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Closed:
    """sh:closed: values have no other properties than these."""

    allowed: frozenset[str]


@dataclass(frozen=True, eq=False)
class HasValue:
    """sh:hasValue: a term is among the values."""

    term: Term


@dataclass(frozen=True, eq=False)
class In:
    """sh:in: values are among some terms."""

    terms: tuple[Term, ...]


Constraint = (
    ClassOf
    | Datatype
    | NodeKind
    | MinCount
    | MaxCount
    | Bound
    | Length
    | Pattern
    | LanguageIn
    | UniqueLang
    | Equals
    | Disjoint
    | LessThan
    | Not
    | Logical
    | Conforms
    | Property
    | Qualified
    | Closed
    | HasValue
    | In
)

# ---- Targets and shapes (SHACL 2) ------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Target:
    """What a shape is asked of. ``kind``: node, class, subjects-of, objects-of."""

    kind: str
    term: Term


@dataclass(frozen=True, eq=False)
class Shape:
    """One shape; a node shape has no path. ``path_node`` is the path as the shapes graph writes it."""

    node: Node
    path: Path | None
    path_node: Node | None
    targets: tuple[Target, ...]
    constraints: tuple[Constraint, ...]
    severity: str
    messages: tuple[Literal, ...]
    deactivated: bool


@dataclass(frozen=True, eq=False)
class Shapes:
    """The shapes of a graph, by node; a shape is never among those that it is made of.

    ``ways`` keeps the paths that are asked for by name, each made once.
    """

    by_node: dict[Node, Shape]
    targeted: tuple[Shape, ...]
    forward: dict[Node, frozenset[str]]
    backward: dict[Node, frozenset[str]]
    instance: Path
