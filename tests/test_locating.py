"""Lines of nodes and properties in Turtle: what the second reading of a file finds is what the parser finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ROOT
from pyoxigraph import NamedNode, RdfFormat, parse

from reasoner.locating import Location, locate, read, statements
from reasoner.vocabulary import COV

FILES = sorted(p for part in ("ontology", "shapes") for p in (ROOT / part).rglob("*.ttl"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_subjects_and_properties_are_those_that_the_parser_reads(path):
    quads = parse(path=path, format=RdfFormat.TURTLE)
    parsed = {(q.subject.value, q.predicate.value) for q in quads if isinstance(q.subject, NamedNode)}
    assert {(s.subject, p) for s in read(path) for p in s.properties} == parsed


def test_a_property_is_found_where_it_stands():
    path = ROOT / "ontology/policies/0587.ttl"
    rows = path.read_text(encoding="utf-8").splitlines()
    found = locate([path], "p0587:DocumentedCompression", COV.metMessage.value)
    assert found is not None and "cov:metMessage" in rows[found.line - 1]
    whole = locate([path], "https://w3id.org/plexus/policy/0587#DocumentedCompression")
    assert whole is not None and rows[whole.line - 1].startswith("p0587:DocumentedCompression a")
    assert str(whole) == f"{path}:{whole.line}"


def test_a_property_of_a_node_that_has_it_not_is_where_the_node_is():
    path = ROOT / "ontology/policies/0587.ttl"
    assert locate([path], "p0587:policy", COV.threshold.value) == locate([path], "p0587:policy")
    assert locate([path], "p0587:Nobody") is None


TRICKY = '''PREFIX a: <urn:a#>
@prefix b: <urn:b#> .  # a . in a comment ; and a "quote"
a:x b:p "a . ; in a text" , """long
text . with "quotes" """ ;
    b:q [ b:r a:y ; b:s ( 1 2.5 "…" ) ] ; # b:not a:property .
    <urn:c> 'single' .
a:y a b:Class .
'''


def test_text_comments_and_nested_nodes_do_not_mislead():
    x, y = statements(TRICKY)
    assert (x.subject, x.first, x.last) == ("urn:a#x", 3, 6)
    assert x.properties == {"urn:b#p": (3, 4), "urn:b#q": (5, 5), "urn:c": (6, 6)}
    assert [(t.line, t.prop, t.value) for t in x.texts][2:] == [(5, "urn:b#q", "…"), (6, "urn:c", "single")]
    assert (y.subject, y.first) == ("urn:a#y", 7)


def test_what_is_no_turtle_gives_what_can_be_told(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text("@prefix a: <urn:a#> .\na:x a:p [ a:q ;\n", encoding="utf-8")
    assert locate([path], "urn:a#x") == Location(path, 2)
    assert read(Path(tmp_path / "none.ttl")) == ()
