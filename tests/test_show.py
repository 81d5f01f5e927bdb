"""``plexus show``: a thing is found by what people call it, and its card says where it comes from."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from pyoxigraph import RdfFormat, parse

from reasoner.card import card_of
from reasoner.cli import main
from reasoner.errors import PolicyError, UnknownTerm
from reasoner.library import open_library
from reasoner.names import find
from reasoner.render.card import SHOWN, WIDTH, to_text
from reasoner.vocabulary import PREFIXES

P0587 = "https://w3id.org/plexus/policy/0587#"
COMPRESSION = P0587 + "DocumentedCompression"


def show(*args: str):
    return CliRunner().invoke(main, ["show", *args])


@pytest.mark.parametrize(
    ("thing", "iri"),
    [
        (COMPRESSION, COMPRESSION),
        (f"<{COMPRESSION}>", COMPRESSION),
        ("p0587:DocumentedCompression", COMPRESSION),
        ("compression", COMPRESSION),
        ("Documented Compression", COMPRESSION),
        ("clin:MRI", PREFIXES["clin"] + "MRI"),
        ("A10", P0587 + "TreatmentsJoined"),
        ("a10", P0587 + "TreatmentsJoined"),
        ("0587", P0587 + "policy"),
        ("evs:Present", PREFIXES["evs"] + "Present"),
        ("p0587g:compression-judged", "https://w3id.org/plexus/shapes/policy/0587/generated#compression-judged"),
        ("587", P0587 + "policy"),
        ("policy 0587", P0587 + "policy"),
        ("608", "https://w3id.org/plexus/policy/cmm-608#policy"),
        ("CMM 608", "https://w3id.org/plexus/policy/cmm-608#policy"),
        ("cmm-608", "https://w3id.org/plexus/policy/cmm-608#policy"),
        ("M54.16", "https://w3id.org/plexus/code/icd-10-cm/M54.16"),
        ("M79.2", "https://w3id.org/plexus/code/icd-10-cm/M79.2"),
        ("36032367", "https://w3id.org/plexus/literature#nichols-2022"),
        ("PMID: 36032367", "https://w3id.org/plexus/literature#nichols-2022"),
        ("https://doi.org/10.1097/GOX.0000000000004436", "https://w3id.org/plexus/literature#nichols-2022"),
        ("nichols", "https://w3id.org/plexus/literature#nichols-2022"),
        ("lumbar plexus", PREFIXES["anat"] + "LumbarPlexus"),
        ("sh:PropertyShape", PREFIXES["sh"] + "PropertyShape"),
    ],
)
def test_a_thing_is_found_by_each_of_its_names(thing, iri):
    assert find(open_library(), thing) == iri


@pytest.mark.parametrize(
    ("name", "label", "iri"),
    [
        ("64714", "CPT 64714", "https://w3id.org/plexus/code/cpt/64714"),
        ("CMM-608", "CMM-608 Lumbar decompression", "https://w3id.org/plexus/policy/cmm-608#policy"),
    ],
)
def test_a_code_or_number_names_what_carries_it(name, label, iri):
    done = show(name)
    assert done.exit_code == 0
    first, second = done.output.splitlines()[:2]
    assert first == label and second.endswith(iri)


def test_the_card_of_a_code_says_what_excludes_it_and_hides_how_mappings_are_stored():
    card = card_of(open_library(), "https://w3id.org/plexus/code/icd-10-cm/G54.1")
    groups = {g.label: [v.name for v in g.values] for g in card.outgoing}
    assert groups["in the family"] == ["family:G54"]
    assert "family:M54.1-named" in groups["excluded from one claim with (Excludes1)"]
    assert "family:G54" not in groups["excluded from one claim with (Excludes1)"]
    assert "annotated source" not in {g.label for g in card.incoming}
    assert card.asserted_by == "stated by the code system's publisher"


def test_an_exclusion_is_on_the_cards_of_both_sides():
    for code, other in (("G54.1", "family:M79.2"), ("M79.2", "family:G54")):
        card = card_of(open_library(), f"https://w3id.org/plexus/code/icd-10-cm/{code}")
        (excluded,) = [g for g in card.outgoing if g.label.startswith("excluded")]
        names = {v.name for v in excluded.values}
        assert other in names or code == "M79.2" and "family:G54" in names, names


def test_words_that_several_labels_have_are_suggestions():
    done = show("plexus compression")
    assert done.exit_code == 1
    assert "Nothing is called 'plexus compression'. Near are:" in done.output
    assert "clin:LumbarPlexusCompression  " in done.output


def test_the_card_says_kind_source_place_and_links_both_ways():
    card = card_of(open_library(), COMPRESSION)
    assert [k.name for k in card.kinds] == ["cov:LeafCriterion"]
    assert card.asserted_by == "stated by the policy"
    assert card.asserted_in is None
    assert card.places[0].page == "2"
    assert card.file == "ontology/policies/0587.ttl"
    assert PREFIXES["cov"] + "hasRule" in {g.property for g in card.outgoing}
    assert PREFIXES["cov"] + "members" in {g.property for g in card.incoming}


def test_a_term_that_names_no_asserter_has_that_of_its_file():
    card = card_of(open_library(), P0587 + "ModalityFacet")
    assert card.asserted_by == "stated by the project"
    assert card.asserted_in == "ontology/policies/0587.ttl"


def test_many_incoming_links_are_capped_in_text_and_complete_in_json():
    present = show("evs:Present").output
    total = json.loads(show("evs:Present", "--format", "json").output)
    facets = next(g for g in total["incoming"] if g["label"] == "facet")
    assert len(facets["values"]) > SHOWN
    assert f"and {len(facets['values']) - SHOWN} more" in present


def test_every_card_fits_the_terminal():
    library = open_library()
    for iri in library.homes:
        for row in to_text(card_of(library, iri)).splitlines():
            assert len(row) <= WIDTH or " " not in row.strip() or "https://" in row, row


def test_an_anchor_gives_section_page_and_characters(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "a.ttl").write_text(
        """@prefix : <urn:x#> . @prefix cov: <https://w3id.org/plexus/coverage#> .
        @prefix dcterms: <http://purl.org/dc/terms/> . @prefix oa: <http://www.w3.org/ns/oa#> .
        :c cov:anchor [ cov:inSection :s ; cov:page 2 ; oa:start 120 ; oa:end 260 ] .
        :d cov:anchor :e . :e cov:page 3 ; oa:start 1 ; oa:end 9 .
        :s dcterms:title "Coverage Policy" ."""
    )
    library = open_library(tmp_path)
    assert str(card_of(library, "urn:x#c").places[0]) == "Coverage Policy, page 2, characters 120 to 260"
    assert str(card_of(library, "urn:x#d").places[0]) == "page 3, characters 1 to 9"


def test_cyclic_nameless_nodes_end(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "a.ttl").write_text("<urn:a> <urn:p> _:b . _:b <urn:p> _:b , <urn:c> .")
    library = open_library(tmp_path)
    assert to_text(card_of(library, "urn:a"))
    assert card_of(library, "urn:c").incoming[0].values[0].iri == "urn:a"


def test_what_is_generated_has_a_card_and_does_not_crowd_others():
    library = open_library()
    judged = card_of(library, find(library, "p0587g:compression-judged"))
    assert judged.label == "judged: documented compression"
    assert [g.label for g in judged.outgoing].count("path") == 1
    assert len(next(g for g in judged.outgoing if g.label == "path").values) == 1
    owners = {v.name or "" for g in card_of(library, COMPRESSION).incoming for v in g.values}
    assert not {o for o in owners if o.startswith("p0587g:")}


def test_turtle_is_the_node_with_its_nameless_parts_and_always_the_same():
    first, second = (show("p0587:ModalityFacet", "--format", "ttl").output for _ in range(2))
    assert first == second
    triples = list(parse(first.encode(), format=RdfFormat.TURTLE))
    assert sum(q.predicate.value == PREFIXES["cov"] + "uses" for q in triples) == 3


def test_several_hits_are_listed_and_refused(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "a.ttl").write_text(
        """@prefix x: <urn:x#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        x:a rdfs:label "twin" . x:b rdfs:label "Twin" ."""
    )
    with pytest.raises(UnknownTerm, match="Be exact: plexus show x:a") as error:
        find(open_library(tmp_path), "twin")
    assert error.value.candidates == ("x:a", "x:b")


def test_no_hit_suggests_near_names_and_exits_with_one():
    result = show("documentd compresion")
    assert result.exit_code == 1
    assert "p0587:DocumentedCompression" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("thing", ["", "nosuch:Thing", "zzzzqqqq", "http://[bad", "<>", "a\x1b[31mb"])
def test_nonsense_is_refused_in_a_sentence(thing):
    result = show(thing)
    assert result.exit_code == 1
    assert "Nothing is called" in result.output
    assert "\x1b" not in result.output


def test_a_file_that_is_not_turtle_is_named(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "bad.ttl").write_text("this is no turtle")
    with pytest.raises(PolicyError, match=r"bad\.ttl"):
        open_library(tmp_path)
