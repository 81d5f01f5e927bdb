"""N-Triples read into columns say what pyoxigraph reads in them."""

from __future__ import annotations

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

pytest.importorskip("pyarrow", reason="needs the extra tables")

from reasoner.columnar import ntriples
from reasoner.columnar.evaluate import Evaluation
from reasoner.columnar.graph import graph_of
from reasoner.columnar.ntriples import graph_of_ntriples
from reasoner.columnar.reading import read_shapes
from reasoner.columnar.report import results
from reasoner.errors import EngineError
from reasoner.knowledge import load

XSD = "http://www.w3.org/2001/XMLSchema#"

NASTY = {
    "escapes in a literal": r'<urn:x:s> <urn:x:p> "a \"quoted\" \\ word\n\t\u00e9\U0001F600" .',
    "escapes in an IRI": r"<urn:x:\u00e9> <urn:x:p> <urn:x:\u0061> .",
    "a language": '<urn:x:s> <urn:x:p> "chat"@fr .',
    "a language in capitals": '<urn:x:s> <urn:x:p> "chat"@fr-CA .',
    "a datatype": f'<urn:x:s> <urn:x:p> "2026-01-01"^^<{XSD}date> .',
    "the datatype of strings": f'<urn:x:s> <urn:x:p> "x"^^<{XSD}string> .\n<urn:x:s> <urn:x:p> "x" .',
    "spaces and dots in a literal": '<urn:x:s> <urn:x:p> " a . <b> _:c . " .',
    "a comment": "# one\n<urn:x:s> <urn:x:p> <urn:x:o> . # two",
    "blank lines": "\n\n   \n<urn:x:s> <urn:x:p> <urn:x:o> .\n\n",
    "no newline at the end": "<urn:x:s> <urn:x:p> <urn:x:o> .",
    "nothing": "",
    "a comment only": "# nothing",
    "CRLF": "<urn:x:s> <urn:x:p> <urn:x:o> .\r\n<urn:x:s> <urn:x:p> <urn:x:q> .\r\n",
    "CR alone": "<urn:x:s> <urn:x:p> <urn:x:o> .\r<urn:x:s> <urn:x:p> <urn:x:q> .\n",
    "tabs": "<urn:x:s>\t<urn:x:p>\t<urn:x:o>\t.",
    "many spaces": "  <urn:x:s>   <urn:x:p>  <urn:x:o>  .  ",
    "no spaces": "<urn:x:s><urn:x:p><urn:x:o>.",
    "no space before the dot": '<urn:x:s> <urn:x:p> "o".',
    "two triples in a line": "<urn:x:s> <urn:x:p> <urn:x:o> .",
    "blank nodes": "_:a <urn:x:p> _:b .\n_:b <urn:x:p> _:a .\n_:a <urn:x:q> _:c-1 .\n_:c.d <urn:x:q> _:a .",
    "a triple said twice": "<urn:x:s> <urn:x:p> <urn:x:o> .\n<urn:x:s> <urn:x:p> <urn:x:o> .",
    "said twice in two ways": "<urn:x:s> <urn:x:p> <urn:x:o> .\n<urn:x:s>  <urn:x:p>  <urn:x:\\u006f> .",
    "a tab in a literal": '<urn:x:s> <urn:x:p> "a\tb" .\n<urn:x:s> <urn:x:p> "a\\tb" .',
    "an empty literal": '<urn:x:s> <urn:x:p> "" .',
    "signs beyond ASCII": '<https://example.org/é> <urn:x:p> "Größe 😀" .',
    "an IRI that is a literal's text": '<urn:x:s> <urn:x:p> "<urn:x:o>" .\n<urn:x:s> <urn:x:p> <urn:x:o> .',
    "percent signs": "<https://example.org/a%20b#c> <urn:x:p> <https://example.org?q=1> .",
    "a fragment and a question mark": "<https://example.org/a?b#c?d/e> <urn:x:p> <https://example.org> .",
    "a form feed in a literal": '<urn:x:s> <urn:x:p> "a\fb\x0bc" .',
    "a line separator in a literal": '<urn:x:s> <urn:x:p> "a\u2028b\u0085c" .',
}
BROKEN = {
    "no dot": ("<urn:x:s> <urn:x:p> <urn:x:o>", 1),
    "a triple on two lines around another": ("<urn:x:s>\n<urn:x:s> <urn:x:p> <urn:x:o> .\n<urn:x:p> <urn:x:o> .", 1),
    "a relative IRI": ("<urn:x:s> <urn:x:p> <urn:x:o> .\n<s> <urn:x:p> <urn:x:o> .", 2),
    "an open literal": ('# a\n\n<urn:x:s> <urn:x:p> "a .', 3),
    "a literal as subject": ('"a" <urn:x:p> <urn:x:o> .', 1),
    "a blank property": ("<urn:x:s> _:p <urn:x:o> .", 1),
    "a wrong percent sign": ("<urn:x:s> <urn:x:p> <https://example.org/%zz> .", 1),
    "a wrong escape": ('<urn:x:s> <urn:x:p> "\\q" .', 1),
    "two objects": ("<urn:x:s> <urn:x:p> <urn:x:o> <urn:x:o> <urn:x:o> .", 1),
    "a bracket in an IRI": ("<urn:x:s> <urn:x:p> <https://[x/> .", 1),
}


def said(graph) -> set[tuple]:
    """The triples of a graph; each stands once in it."""
    out = []
    for predicate, edges in graph.edges.items():
        for e in edges:
            here, there = graph.blocks[e.source].term, graph.blocks[e.target].term
            out += [
                (here(s), NamedNode(predicate), there(o)) for s, o in zip(*(x.tolist() for x in e.pairs), strict=True)
            ]
    assert len(out) == len(set(out))
    return set(out)


def parsed(text: str) -> set[tuple]:
    return {(q.subject, q.predicate, q.object) for q in parse(text.encode(), format=RdfFormat.N_TRIPLES)}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nasty_lines_say_what_pyoxigraph_reads(text):
    assert said(graph_of_ntriples(text.encode())) == parsed(text)


def test_all_nasty_lines_in_one_text_say_the_same():
    text = "\n".join(NASTY.values())
    assert said(graph_of_ntriples(text.encode())) == parsed(text)


@pytest.mark.parametrize(("text", "line"), BROKEN.values(), ids=BROKEN)
def test_what_pyoxigraph_refuses_is_refused_with_its_line(text, line):
    with pytest.raises(SyntaxError):
        parsed(text)
    with pytest.raises(SyntaxError, match=f"^Line {line}: "):
        graph_of_ntriples(text.encode())


def test_text_that_is_not_utf_8_is_refused():
    with pytest.raises(UnicodeDecodeError):
        graph_of_ntriples(b'<urn:x:s> <urn:x:p> "\xff" .\n')


def test_a_triple_as_an_object_is_refused():
    with pytest.raises(EngineError, match="triple as the object"):
        graph_of_ntriples(b"<urn:x:s> <urn:x:p> <<( <urn:x:s> <urn:x:p> <urn:x:o> )>> .\n")


def test_plain_lines_are_not_given_to_pyoxigraph(monkeypatch):
    asked = []
    real = ntriples.parse
    monkeypatch.setattr(ntriples, "parse", lambda text, **kw: asked.append(text) or real(text, **kw))
    text = '<https://example.org/s#a> <urn:x:p> "a b"@en .\n_:b1 <urn:x:p> <urn:x:o> .\n<urn:x:s> <urn:x:p> "x" .\n'
    assert said(graph_of_ntriples(text.encode())) == parsed(text)
    assert asked == [b""]


def test_terms_that_are_named_are_in_the_graph_though_nothing_is_said_of_them():
    graph = graph_of_ntriples(b"", [NamedNode("urn:x:n"), Literal("x")])
    assert graph.blocks[ntriples.NAMES].find(NamedNode("urn:x:n")) == 0
    assert graph.blocks[ntriples.OTHERS].find(Literal("x")) == 0
    assert graph.blocks[ntriples.NAMES].find(NamedNode("urn:x:m")) is None


TERMS = st.sampled_from(
    [NamedNode("urn:x:a"), NamedNode("https://example.org/é#x y".replace(" ", "%20")), BlankNode("b")]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=6)
LITERALS = st.one_of(
    st.builds(Literal, TEXTS),
    st.builds(lambda t, lang: Literal(t, language=lang), TEXTS, st.sampled_from(["en", "de-ch", "fra"])),
    st.builds(lambda t, d: Literal(t, datatype=NamedNode(XSD + d)), TEXTS, st.sampled_from(["date", "string"])),
)
TRIPLES = st.lists(
    st.builds(Triple, TERMS, st.sampled_from([NamedNode("urn:x:p"), NamedNode("urn:x:q")]), TERMS | LITERALS)
)


@given(TRIPLES)
def test_any_triples_are_read_as_they_were_written(triples):
    text = "".join(f"{t} .\n" for t in triples)
    assert said(graph_of_ntriples(text.encode())) == parsed(text)


def test_results_on_the_graph_are_those_on_the_graph_of_the_triples():
    knowledge = load()
    request = parse(path=ROOT / "cases/complete-record/request.ttl", format=RdfFormat.TURTLE)
    triples = [*((q.subject, q.predicate, q.object) for q in request), *knowledge.arrangement]
    text = "".join(f"{Triple(*t)} .\n" for t in triples).encode()
    (policy, *_) = [p for p in knowledge.policies if p.probes_file.startswith("0587")]
    shapes = read_shapes(knowledge.policy_shapes(policy))
    read, built = Evaluation(graph_of_ntriples(text), shapes), Evaluation(graph_of(triples), shapes)
    found = sorted(map(str, results(read)))
    assert found == sorted(map(str, results(built)))
    assert len(found) > 10
