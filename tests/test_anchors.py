"""A copy of the document held against the anchors: exact, moved, changed, gone, and words left over.

The copies here are made up; a test with the published text reads it where it lies beside the checkout and
is reported as skipped where it does not.
"""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from reasoner.anchors import anchors_of, compare
from reasoner.cli import main
from reasoner.dataset import knowledge_graphs, merged
from reasoner.errors import PolicyError
from reasoner.placing import Fate, normalised, span_digest
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import COV, DCTERMS, OA, RDFS, XSD, Namespace

BIBO = Namespace("http://purl.org/ontology/bibo/")
DOCUMENT = ROOT.parent / "shared" / "policy" / "coverage-policy-0587.txt"
EDITION, SECTION = NamedNode("urn:x:edition"), NamedNode("urn:x:section")
TEXT = "Title. Surgery is covered when pain is severe and rest has failed. It is not covered for others. The end."
SPANS = {
    "title": "Title.",
    "statement": "Surgery is covered when pain is severe and rest has failed.",
    "pain": "pain is severe",
    "rest": "rest has failed",
    "exclusion": "It is not covered for others.",
    "end": "The end.",
}


def graph_of(spans: dict[str, str], text: str = TEXT) -> Triples:
    out = [(SECTION, DCTERMS.isPartOf, EDITION), (SECTION, DCTERMS.title, Literal("Only section"))]
    for name, words in spans.items():
        node, speaker = NamedNode(f"urn:x:at-{name}"), NamedNode(f"urn:x:{name}")
        start = text.index(words)
        out += [
            (node, RDF_TYPE, COV.Anchor),
            (node, COV.inSection, SECTION),
            (node, COV.page, Literal(1)),
            (node, OA.start, Literal(start)),
            (node, OA.end, Literal(start + len(words))),
            (node, COV.spanDigest, Literal(span_digest(words))),
            (speaker, RDF_TYPE, COV.Clause),
            (speaker, RDFS.label, Literal(name)),
            (speaker, COV.anchor, node),
        ]
    return Triples(out)


def fates(text: str, spans: dict[str, str] = SPANS) -> dict[str, str]:
    found = compare(graph_of(spans), EDITION, text)
    return {p.anchor.iri.removeprefix("urn:x:at-"): p.fate.value for p in found.placements}


def test_the_same_text_is_exact_and_nothing_is_left_over():
    found = compare(graph_of(SPANS), EDITION, TEXT.replace(" ", "\n  "))
    assert {p.fate for p in found.placements} == {Fate.EXACT}
    assert found.uncovered == () and found.faithful


def test_changed_words_are_found_where_they_were_and_what_follows_has_moved():
    copy = TEXT.replace("rest has failed", "rest has failed for six weeks")
    assert fates(copy) == {
        "title": "exact",
        "statement": "changed",
        "pain": "exact",
        "rest": "exact",
        "exclusion": "moved",
        "end": "moved",
    }
    found = compare(graph_of(SPANS), EDITION, copy)
    (placed,) = [p for p in found.placements if p.anchor.iri.endswith("statement")]
    assert "six weeks" in copy[placed.start : placed.end]
    assert [s.label for s, _ in found.to_reread()] == ["statement"]


def test_removed_words_are_gone():
    assert fates(TEXT.replace(" It is not covered for others.", ""))["exclusion"] == "gone"


def test_new_words_are_left_over():
    copy = TEXT.replace("The end.", "Repeat surgery needs a second opinion. The end.")
    found = compare(graph_of(SPANS), EDITION, copy)
    assert [copy[a:b].strip() for a, b in found.uncovered] == ["Repeat surgery needs a second opinion."]
    assert not found.faithful


def test_a_part_is_not_found_in_another_sentence():
    """The words of a part that vanished from its sentence count as lost although they stand elsewhere."""
    spans = {**SPANS, "covered": "covered when"}
    copy = TEXT.replace("Surgery is covered when pain", "Surgery is paid if pain").replace("The end.", "covered when")
    assert fates(copy, spans)["covered"] == "changed"


def test_sentences_in_another_order_have_moved():
    copy = "It is not covered for others. Title. Surgery is covered when pain is severe and rest has failed. The end."
    found = fates(copy)
    assert set(found.values()) <= {"moved", "exact"} and found["exclusion"] == "moved"


@given(st.text(max_size=60))
def test_normalising_twice_is_normalising_once(text: str):
    assert normalised(normalised(text)) == normalised(text)


def test_quotes_hyphens_and_white_space_do_not_count():
    assert normalised("the “plan’s”\n\tnon\u2011covered") == 'the "plan\'s" non-covered'


@pytest.mark.parametrize(("what", "value"), [(OA.end, Literal(0)), (COV.page, Literal("two"))])
def test_an_anchor_that_is_not_well_made_is_named(what, value):
    broken = Triples((s, p, value if p == what and s.value == "urn:x:at-title" else o) for s, p, o in graph_of(SPANS))
    with pytest.raises(PolicyError, match="at-title"):
        anchors_of(broken, EDITION)


def test_an_edition_without_anchors_is_an_error():
    with pytest.raises(PolicyError, match="has no anchors"):
        compare(Triples([]), EDITION, TEXT)


def test_every_anchor_of_the_policy_lies_in_order_and_within_its_section():
    graph = merged(knowledge_graphs(ROOT))
    edition = NamedNode("https://w3id.org/plexus/policy/0587#edition-2025-12-01")
    anchors = anchors_of(graph, edition)
    assert len(anchors) > 100
    pages = [a.page for a in anchors]
    assert pages == sorted(pages)
    assert all(graph.objects(NamedNode(a.iri), OA.start)[0].datatype == XSD.integer for a in anchors)  # type: ignore[union-attr]


needs_document = pytest.mark.skipif(not DOCUMENT.exists(), reason=f"the published text is not at {DOCUMENT}")


@needs_document
def test_the_published_text_is_exact_and_every_word_is_spoken_for():
    graph = merged(knowledge_graphs(ROOT))
    edition = NamedNode("https://w3id.org/plexus/policy/0587#edition-2025-12-01")
    found = compare(graph, edition, DOCUMENT.read_text(encoding="utf-8"))
    assert found.faithful, [p for p in found.placements if p.fate is not Fate.EXACT] + list(found.uncovered)


@needs_document
def test_a_changed_document_names_the_criteria_to_read_again(tmp_path):
    words = "have failed or not indicated"
    text = DOCUMENT.read_text(encoding="utf-8")
    assert words in text
    copy = tmp_path / "copy.txt"
    copy.write_text(text.replace(words, "have been tried for six weeks and failed"), encoding="utf-8")
    done = CliRunner().invoke(main, ["check", "--source", str(copy)])
    assert done.exit_code == 1
    for named in ("p0587:TreatmentsExhausted", "p0587:FailedOrNotIndicatedScope", "p0587:NecessaryStatement"):
        assert named in done.stdout
    assert "p0587:DocumentedCompression" not in done.stdout


def test_another_document_is_told_apart(tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_text("something else", encoding="utf-8")
    done = CliRunner().invoke(main, ["check", "--source", str(copy)])
    assert done.exit_code == 1 and "does not look like a copy" in done.stdout


def test_plexus_anchor_prints_numbers_and_no_words(tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(main, ["anchor", str(copy), "Surgery is", "has failed.", "--name", "statement"])
    assert done.exit_code == 0, done.output
    assert f"oa:start {TEXT.index('Surgery')} ;" in done.stdout and span_digest(SPANS["statement"]) in done.stdout
    assert "covered when" not in done.stdout


@pytest.mark.parametrize(("first", "last"), [("is", None), ("nowhere", None), ("Surgery", "nowhere")])
def test_words_that_do_not_stand_once_are_refused(tmp_path, first, last):
    copy = tmp_path / "copy.txt"
    copy.write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(main, ["anchor", str(copy), first, *([last] if last else [])])
    assert done.exit_code == 1 and "document" in done.stderr


@needs_document
def test_no_text_of_the_project_repeats_the_document():
    """No seven words in a row of the published text, but for titles of publications."""
    words = re.findall(r"[a-z0-9']+", normalised(DOCUMENT.read_text(encoding="utf-8")).lower())
    runs = {tuple(words[i : i + 7]) for i in range(len(words) - 6)}
    copied = []
    for _, prop, value in merged(knowledge_graphs(ROOT)):
        if isinstance(value, Literal) and prop not in (DCTERMS.title, BIBO.doi):
            own = re.findall(r"[a-z0-9']+", value.value.lower())
            copied += [value.value for i in range(len(own) - 6) if tuple(own[i : i + 7]) in runs]
    assert copied == []
