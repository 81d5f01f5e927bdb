"""A copy of the document held against the anchors: exact, moved, changed, gone, and words left over.

The copies here are made up; a test with the published text reads it where it lies beside the checkout and
is reported as skipped where it does not.
"""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from reasoner.anchors import anchors_of, compare
from reasoner.cli import main
from reasoner.copies import normalised, span_digest
from reasoner.dataset import knowledge_graphs, merged
from reasoner.errors import PolicyError
from reasoner.library import open_library
from reasoner.placing import Fate
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


# ---- Words that were removed, replaced or moved ----------------------------------------------------

PAGES = (
    "Contents - Aims of surgery 1 - Costs of care 2 Aims of surgery To walk a mile without any pain. "
    "Costs of care The plan pays one half. The patient pays the other. Last words End of it all."
)
PARTS = {
    "contents": "Contents - Aims of surgery 1 - Costs of care 2",
    "contents-heading": "Contents",
    "aims": "To walk a mile without any pain.",
    "plan": "The plan pays one half.",
    "patient": "The patient pays the other.",
    "last": "Last words",
    "end": "End of it all.",
}
HEADINGS = {"aims-heading": "Aims of surgery", "costs-heading": "Costs of care"}


def pages_graph(text: str = PAGES) -> Triples:
    """The anchors of PAGES; a heading is the second of its kind, the first is its entry in the contents."""
    at = {name: text.rindex(words) for name, words in HEADINGS.items()}
    triples = list(graph_of({**PARTS, **HEADINGS}, text))
    starts = {f"urn:x:at-{name}": start for name, start in at.items()}
    ends = {f"urn:x:at-{name}": start + len(HEADINGS[name]) for name, start in at.items()}
    place = {OA.start: starts, OA.end: ends}
    return Triples((s, p, Literal(place[p][s.value]) if s.value in place.get(p, {}) else o) for s, p, o in triples)


def placed(copy: str) -> dict[str, tuple[str, str]]:
    """Fate and words there of every anchor of PAGES."""
    found = compare(pages_graph(), EDITION, copy)
    return {
        p.anchor.iri.removeprefix("urn:x:at-"): (p.fate.value, found.text[p.start : p.end]) for p in found.placements
    }


def without(*names: str) -> str:
    text = PAGES
    for name in names:
        words = {**PARTS, **HEADINGS}[name]
        head, tail = text[: text.rindex(words)], text[text.rindex(words) + len(words) :]
        text = head.rstrip() + " " + tail.lstrip()
    return text


def test_the_pages_as_they_are_are_exact():
    assert {fate for fate, _ in placed(PAGES).values()} == {"exact"}


@pytest.mark.parametrize("name", [*HEADINGS, "aims", "plan", "patient", "last"])
def test_what_is_removed_is_gone_and_nothing_else_is_lost(name):
    found = placed(without(name))
    assert {n for n, (fate, _) in found.items() if fate not in ("exact", "moved")} == {name}
    assert found[name][0] == "gone"


def test_a_removed_section_is_gone_with_its_heading_which_is_not_its_entry_in_the_contents():
    found = placed(without("costs-heading", "plan", "patient"))
    assert [n for n, (fate, _) in found.items() if fate == "gone"] == ["costs-heading", "plan", "patient"]
    assert {fate for fate, _ in found.values()} == {"exact", "moved", "gone"}


def test_a_removed_heading_is_not_found_in_contents_that_have_changed():
    found = placed(without("costs-heading", "plan", "patient").replace("Aims of surgery 1", "Aims of surgery 3"))
    assert found["contents"] == ("changed", "Contents - Aims of surgery 3 - Costs of care 2")
    assert found["costs-heading"][0] == "gone"


def test_a_heading_that_moves_is_found_where_no_other_place_is():
    copy = without("costs-heading") + " Costs of care"
    assert placed(copy)["costs-heading"] == ("moved", "Costs of care")


def test_what_is_lost_by_a_cut_is_gone():
    found = placed(PAGES[: PAGES.index("one half")])
    assert {n: fate for n, (fate, _) in found.items() if fate != "exact"} == dict.fromkeys(
        ("plan", "patient", "last", "end"), "gone"
    )


def test_two_sentences_that_change_share_what_stands_there_now_in_order():
    copy = PAGES.replace("The plan pays one half.", "The plan gives two thirds.")
    found = placed(copy.replace("The patient pays the other.", "The patient gives the rest."))
    assert found["plan"] == ("changed", "The plan gives two thirds.")
    assert found["patient"] == ("changed", "The patient gives the rest.")


@pytest.mark.parametrize("instead", ["No.", "It was the best of times, it was the worst of times, it was the age."])
def test_words_of_quite_another_length_are_no_successor(instead):
    copy = PAGES.replace(PARTS["plan"], instead)
    assert placed(copy)["plan"] == ("gone", instead)
    left = compare(pages_graph(), EDITION, copy)
    assert [left.text[a:b].strip() for a, b in left.uncovered] == [instead]


def test_where_many_are_lost_in_a_row_no_words_are_given_to_any():
    copy = PAGES[: PAGES.index("To walk")] + "x" * len(PAGES[PAGES.index("To walk") : PAGES.index("End of")])
    found = placed(copy + " End of it all.")
    assert [n for n, (fate, _) in found.items() if fate == "gone"] == [
        "aims",
        "costs-heading",
        "plan",
        "patient",
        "last",
    ]
    assert "changed" not in {fate for fate, _ in found.values()}


def test_a_statement_that_has_grown_is_changed_where_a_part_of_it_is_found():
    more = " and rest has failed and a second opinion was given by another surgeon of another practice and all agree."
    copy = TEXT.replace(" and rest has failed.", more)
    found = compare(graph_of(SPANS), EDITION, copy)
    (statement,) = [p for p in found.placements if p.anchor.iri.endswith("statement")]
    assert statement.fate is Fate.CHANGED
    assert copy[statement.start : statement.end].startswith("Surgery is covered when pain")
    assert [copy[a:b].strip(" .")[-40:] for a, b in found.uncovered] == [more.strip(" .")[-40:]]


def test_a_part_of_few_words_does_not_save_a_whole():
    """“covered when” stands in what replaced the statement by chance."""
    copy = TEXT.replace(SPANS["statement"], "covered when")
    assert fates(copy, {**SPANS, "covered": "covered when"})["statement"] == "gone"


# ---- Typography ------------------------------------------------------------------------------------

WORDS = "Signs - a significant, up-to-date finding - of co-operation are non-specific. They last."
MARKED = {"signs": "Signs", "list": "- a significant, up-to-date finding - of co-operation", "last": "They last."}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("significant", "signifi-\ncant"),
        ("significant", "signifi\u00ad\n  cant"),
        ("up-to-date", "up-to-\n  date"),
        ("- ", "• "),
        ("- ", "\uf0b7\n"),
        ("significant, up-to-date finding", "sig-\nnificant, up-\nto-\ndate find-\ning"),
    ],
)
def test_typography_is_told_and_changes_nothing(old, new):
    copy = WORDS.replace(old, new)
    found = compare(graph_of(MARKED, WORDS), EDITION, copy)
    assert [p.fate.value for p in found.placements] == ["exact", "respaced", "exact"]
    assert found.moved() == () and not found.to_reread()


@settings(deadline=None)
@given(st.sets(st.integers(0, len(TEXT) - 2)))
def test_words_broken_anywhere_are_found(breaks: set[int]):
    cuts = sorted(i for i in breaks if TEXT[i].isalpha() and TEXT[i + 1].isalpha())
    copy = "".join(c + "-\n" * (i in cuts) for i, c in enumerate(TEXT))
    found = compare(graph_of(SPANS), EDITION, copy)
    for p in found.placements:
        broken = any(p.anchor.start <= i < p.anchor.end - 1 for i in cuts)
        assert p.fate is (Fate.RESPACED if broken else Fate.EXACT), p
        assert found.text[p.start : p.end].replace("- ", "") == TEXT[p.anchor.start : p.anchor.end]


def test_a_whole_is_found_once_the_breaks_within_its_parts_are_known():
    """Three hyphens of words that stand nowhere else are too many to guess at once."""
    parts = {"one": "an up-to-date finding", "two": "a co-operative patient", "three": "a non-specific sign"}
    text = "Asked are " + ", ".join(parts.values()) + "."
    copy = text.replace("to-date", "to-\ndate").replace("co-", "co-\n").replace("non-", "non-\n")
    found = compare(graph_of({"whole": text, **parts}, text), EDITION, copy)
    assert {p.fate for p in found.placements} == {Fate.RESPACED}


def test_a_word_that_changes_beside_a_broken_one_is_a_change():
    copy = WORDS.replace("significant", "insignifi-\ncant")
    found = compare(graph_of(MARKED, WORDS), EDITION, copy)
    assert [p.fate.value for p in found.placements] == ["exact", "changed", "moved"]


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


def run(*args: str):
    return CliRunner().invoke(main, list(args))


def test_another_document_is_told_apart_in_a_few_lines(tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_text("It was the best of times, it was the worst of times. " * 200, encoding="utf-8")
    done = run("check", "--source", str(copy))
    assert done.exit_code == 1 and "does not look like a copy" in done.stdout and "--policy" in done.stdout
    assert len(done.stdout.splitlines()) < 5
    assert json.loads(run("check", "--source", str(copy), "--format", "json").stdout)["recognised"] is False


def of_document(tmp_path, change):
    """What check says of the document after a change."""
    copy = tmp_path / "copy.txt"
    text = DOCUMENT.read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    copy.write_text(changed, encoding="utf-8")
    found = json.loads(run("check", "--source", str(copy), "--format", "json").stdout)
    return found, run("check", "--source", str(copy))


def between(text: str, first: str, last: str) -> tuple[int, int]:
    return text.index(f"\n{first}\n"), text.index(f"\n{last}\n")


def without_medicare(text: str) -> str:
    start, end = between(text, "Medicare Coverage Determinations", "Coding Information")
    return text[:start] + text[end:]


@needs_document
def test_a_section_removed_from_the_document_is_gone_and_not_found_in_its_contents(tmp_path):
    found, told = of_document(tmp_path, without_medicare)
    gone = {a["anchor"].rsplit("#", 1)[-1] for a in found["anchors"] if a["fate"] == "gone"}
    graph = merged(knowledge_graphs(ROOT))
    section = NamedNode("https://w3id.org/plexus/policy/0587#section-medicare")
    assert gone == {n.value.rsplit("#", 1)[-1] for n in graph.subjects(COV.inSection, section)}
    assert found["counts"]["changed"] == 0 and "there now" not in told.stdout
    assert "no longer found; its neighbours follow one another" in told.stdout


@needs_document
def test_a_document_cut_in_the_middle_shows_no_words_as_successors_of_what_is_gone(tmp_path):
    found, told = of_document(tmp_path, lambda text: text[: len(text) // 2])
    lost = [a for a in found["anchors"] if a["fate"] == "changed"]
    assert found["counts"]["gone"] > 30 and [a["label"] for a in lost] == ["background section as a whole"]
    assert "stand between its neighbours" in told.stdout


@needs_document
@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: re.sub(r"(?m)^- ", "• ", text),
        lambda text: re.sub(r"(?<= [a-z]{4})(?=[a-z]{4})", "-\n", text),
        lambda text: re.sub(r"(?<=[a-z]-)(?=[a-z])", "\n", text),
    ],
    ids=["byte order mark", "bullets", "broken words", "broken at hyphens"],
)
def test_the_document_as_a_tool_extracts_it_is_still_the_document(tmp_path, change):
    found, told = of_document(tmp_path, change)
    assert found["counts"]["exact"] + found["counts"]["respaced"] == len(found["anchors"])
    assert told.exit_code == 0 and found["uncovered"] == []


@needs_document
def test_what_moved_is_listed_by_name_and_a_long_list_is_cut(tmp_path):
    found, told = of_document(tmp_path, lambda text: text.replace("\nOverview\n", "\nQuite new words.\n\nOverview\n"))
    first = next(a for a in found["anchors"] if a["fate"] == "moved")
    from_ = first["start"] - len("Quite new words. ")
    others = found["counts"]["moved"] - 1
    assert f"  heading of Overview: {from_} to {first['start']}, and by as much the next {others} places" in told.stdout
    _, told = of_document(tmp_path, lambda text: re.sub(r"(?m)^(?=[A-Z][a-z]+ [a-z])", "New here. ", text))
    listed = re.findall(r"^  .*: \d+ to \d+", told.stdout, re.M)
    assert 5 < len(listed) <= 10 and re.search(r"^  and \d+ more", told.stdout, re.M)


def test_plexus_anchor_prints_numbers_and_no_words(tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(main, ["anchor", str(copy), "Surgery is", "has failed.", "--name", "statement"])
    assert done.exit_code == 0, done.output
    assert f"oa:start {TEXT.index('Surgery')} ;" in done.stdout and span_digest(SPANS["statement"]) in done.stdout
    assert "covered when" not in done.stdout


@pytest.fixture
def copy(tmp_path) -> str:
    path = tmp_path / "copy.txt"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("first", "last"), [("is", None), ("nowhere", None), ("Surgery", "nowhere"), ("It is not", "Surgery is")]
)
def test_words_that_do_not_stand_there_are_refused(copy, first, last):
    done = run("anchor", copy, first, *([last] if last else []))
    assert done.exit_code == 1 and "document" in done.stderr and done.stdout == ""


def test_the_end_is_looked_for_after_the_beginning_and_several_ends_are_told(copy):
    done = run("anchor", copy, "Surgery is covered", "covered")
    end = TEXT.index("covered for others") + len("covered")
    assert f"oa:end {end} ;" in done.stdout and "times after" not in done.stderr
    done = run("anchor", copy, "Surgery is", "covered")
    assert f"oa:end {TEXT.index('covered') + len('covered')} ;" in done.stdout and "stands 2 times after" in done.stderr


@pytest.mark.parametrize("options", [["--name", "a b"], ["--name", "x."], ["--name", ""], ["--prefix", "p q"]])
def test_a_name_that_is_no_turtle_is_refused(copy, options):
    done = run("anchor", copy, "Surgery is", *options)
    assert done.exit_code == 2 and options[0] in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words", [[""], [" "], ["Surgery", ""]])
def test_empty_words_are_refused(copy, words):
    done = run("anchor", copy, *words)
    assert done.exit_code == 2 and "at least one" in done.stderr


def test_what_cannot_be_told_is_left_open_with_the_reason(copy):
    done = run("anchor", copy, "Surgery is")
    assert "p0587:section-... ;" in done.stdout and "cov:page ... ;" in done.stdout
    assert "no heading of the edition" in done.stderr and "no form feeds" in done.stderr
    assert "no policy with the prefix other" in run("anchor", copy, "Surgery is", "--prefix", "other").stderr


def test_the_page_is_counted_by_form_feeds(tmp_path):
    path = tmp_path / "pages.txt"
    path.write_text("One word.\fAnother\nword.\n\n\fA third.\f", encoding="utf-8")
    for words, page in {"One": 1, "Another": 2, "A third": 3}.items():
        assert f"cov:page {page} ;" in run("anchor", str(path), words).stdout


@needs_document
@pytest.mark.parametrize("prefix", ["p0587", "p0587:"])
def test_the_anchor_of_a_place_in_the_document_is_turtle_with_its_section(tmp_path, prefix):
    text = DOCUMENT.read_text(encoding="utf-8")
    pages = tmp_path / "pages.txt"
    pages.write_text(text.replace("\nCoding Information\n", "\n\fCoding Information\n"), encoding="utf-8")
    done = run("anchor", str(pages), "Rubin DI", "A review", "--name", "second-ref.v1", "--prefix", prefix)
    assert done.exit_code == 0 and done.stderr == ""
    prefixes = "".join(f"@prefix {p}: <{iri}> .\n" for p, iri in open_library().prefixes.items())
    graph = Triples((q.subject, q.predicate, q.object) for q in parse(prefixes + done.stdout, format=RdfFormat.TURTLE))
    (node,) = graph.instances(COV.Anchor)
    assert node.value.endswith("#at-second-ref.v1") and graph.text(node, COV.page) == "2"
    assert [s.value.rsplit("#", 1)[-1] for s in graph.nodes(node, COV.inSection)] == ["section-references"]


@needs_document
def test_a_section_is_left_open_where_the_next_heading_is_lost(tmp_path):
    path = tmp_path / "copy.txt"
    path.write_text(without_medicare(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    done = run("anchor", str(path), "Nichols et al. (2022) concluded")
    assert "section-... ;" in done.stdout and "heading of Medicare Coverage Determinations was not found" in done.stderr


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


def test_a_copy_is_held_against_the_policy_that_it_looks_like():
    summary = ROOT / "ontology/sources/cmm-608.txt"
    for options in ([], ["--policy", "CMM-608"]):
        done = run("check", "--source", str(summary), *options)
        assert done.exit_code == 0 and done.stdout.startswith("pcmm608:edition-2025-12-01: ")
        assert "0 changed, 0 gone" in done.stdout and "No words are left over" in done.stdout
    assert run("check", "--source", str(summary), "--policy", "0587").exit_code == 1
    assert run("anchor", str(summary), "more than twelve weeks").stdout.startswith("pcmm608:at-")
