"""plexus check: the shipped knowledge is well made, and each kind of fault is found and named."""

from __future__ import annotations

import json
import shutil
import sys
from functools import cache

import pytest
from click.testing import CliRunner
from conftest import ROOT
from pyoxigraph import BlankNode, Literal, NamedNode

from reasoner.check import (
    check_source,
    editions,
    generated_findings,
    ontology_findings,
    question_findings,
    term_findings,
)
from reasoner.cli import main
from reasoner.dataset import knowledge_graphs, merged
from reasoner.errors import OwlError, PolicyError
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import CLIN, COV, DCTERMS, OA, OWL, RDFS, SKOS, XSD, Namespace, compact

P0587 = Namespace("https://w3id.org/plexus/policy/0587#")
CODE = Namespace("https://w3id.org/plexus/code/")
CMM608 = Namespace("https://w3id.org/plexus/policy/cmm-608#")
CMM606 = Namespace("https://w3id.org/plexus/policy/cmm-606#")
SSSOM = Namespace("https://w3id.org/sssom/")
CITO = Namespace("http://purl.org/spar/cito/")
EVS = Namespace("https://w3id.org/plexus/shapes/evidence#")
SH = Namespace("http://www.w3.org/ns/shacl#")
LIT = Namespace("https://w3id.org/plexus/literature#")


@cache
def graphs():
    return knowledge_graphs(ROOT)


def test_the_shipped_knowledge_is_well_made():
    done = CliRunner().invoke(main, ["check"])
    assert done.stdout == "The ontology, its shapes and its questions are well made.\n"
    assert done.exit_code == 0


def test_findings_as_json():
    assert json.loads(CliRunner().invoke(main, ["check", "--format", "json"]).stdout) == []


# What is taken away (subject, property) or added, and a part of the message that must come.
TAKEN = [
    (COV.Criterion, RDFS.label, "lacks a label"),
    (CLIN.MRI, SKOS.definition, "lacks a label, a definition"),
    (P0587.DocumentedCompression, COV.anchor, "no place in the document"),
    (P0587.DocumentedCompression, COV.plainText, "plain words"),
    (P0587.DocumentedCompression, COV.hasRule, "No rule says which evidence counts"),
    (P0587.CompressionFinding, COV.facet, "asks for nothing"),
    (P0587.CompressionFinding, COV.counts, "how its evidence counts"),
    (P0587.TreatmentsJoined, COV.defaultReason, "No reason is given"),
    (P0587.TreatmentsJoined, COV.doubt, "what kind of doubt the wording raises"),
    (COV.ListClosure, COV.remedy, "what the authors could write"),
    (P0587.TreatmentsJoined, COV.defaultReading, "has no default"),
    (P0587.TreatmentsJoined, COV.defaultChosenBy, "Nobody is named"),
    (P0587["clause-candidates"], COV.bearsOn, "neither bears on anything nor says why not"),
    (P0587["clause-objectives"], COV.anchor, "no place in the document"),
    (P0587["at-candidates"], COV.spanDigest, "no digest of its words"),
    (P0587["at-candidates"], COV.page, "has no page"),
    (P0587["appraisal-nichols"], COV.why, "gives no reason"),
    (LIT["nichols-2022-profile"], COV.profileOf, "Design, certainty and directness"),
    (NamedNode("https://w3id.org/plexus/policy/0587"), OWL.versionIRI, "has no version"),
    (CODE["icd-10-cm/M54.16"], COV.codeSystem, "belongs to no system"),
    (CODE["mapping/rxnorm/704-TricyclicAntidepressant"], SSSOM.mapping_justification, "is not justified"),
    (CMM606.policy, COV.numberSeenIn, "in which year it was seen"),
    (CMM606.policy, COV.adjudicable, "decides nothing"),
    (CMM606.RadiculopathyFromDisc, COV.knownFrom, "from where this is known"),
    (CMM608.UrgentCases, COV.verified, "whether a source was seen"),
    (P0587["edition-2025-12-01"], COV.effectiveFrom, "from which day the edition is in force"),
    (P0587["edition-2025-12-01"], COV.procedureCode, "governs no procedure"),
    (P0587["edition-2025-12-01"], COV.assertedBy, "who vouches for it"),
    (P0587.NecessaryStatement, COV.root, "rests on no criterion"),
    (P0587.NecessaryStatement, COV.statementEffect, "what the statement does"),
    (P0587["clause-purpose-of-procedure"], COV.assertedBy, "who vouches for it"),
    (P0587.FindingsSupportSurgery, COV.assertedBy, "who vouches for it"),
    (P0587["section-overview"], COV.assertedBy, "who vouches for it"),
    (P0587["section-overview"], COV.page, "The section has no page"),
    (P0587["section-overview"], COV.order, "no position among its like"),
    (P0587["citation-nichols"], CITO.hasCitedEntity, "cites nothing"),
    (P0587["citation-nichols"], CITO.hasCitingEntity, "which edition cites"),
    (P0587["citation-nichols"], COV.anchor, "no place in the document"),
    (LIT["rubin-2020-profile"], COV.certainty, "how certain the study is"),
    (LIT["rubin-2020-profile"], COV.limitation, "limits of the study"),
    (P0587.SiteFacet, COV.ambiguity, "switches with no ambiguity"),
    (P0587.MechanismFacet, COV.choice, "nothing to switch between"),
    (CODE["family/G54"], COV.codePattern, "which codes belong to the family"),
    (CODE["excludes1/G54-M47"], COV.firstFamily, "lacks its first family"),
    (CODE["excludes1/G54-M47"], COV.why, "The exclusion gives no reason"),
    (CODE["excludes1/G54-M47"], DCTERMS.source, "where this was seen"),
    (CODE["release/icd-10-cm-fy2026"], COV.validUntil, "no last day"),
    (CODE["icd-10-cm/G54.4"], COV.assertedBy, "who vouches for it"),
    (CODE["icd-10-cm/G54.8"], RDFS.label, "lacks a label"),
    (COV["Verb-judge"], COV.leavesEffort, "how much effort the verb leaves"),
    (COV["Effort-send"], COV.effortRank, "no place on the scale"),
    (COV["Effort-send"], SKOS.notation, "no short name"),
    (EVS.Present, SH.name, "The shape has no English name"),
    (EVS.SideAccepted, SH.message, "lacks its name or its message"),
]
ADDED = [
    (P0587.DocumentedCompression, COV.hasRule, P0587.Nowhere, "used and nowhere declared"),
    (P0587.CompressionFinding, COV.facet, CLIN.MRI, "names a shape that does not exist"),
    (P0587.Silent, COV.assertedBy, COV.AssertedByPolicy, "no place in the document says so"),
    (P0587["at-candidates"], OA.end, Literal(1), "below oa:end"),
    (CLIN.Ongoing, COV.leavesEffort, COV["Effort-send"], "leaves several efforts"),
    (CLIN.NoRelief, COV.leavesEffort, COV["Verb-judge"], "something that is none"),
    (P0587["at-nobody"], RDF_TYPE, COV.Anchor, "Nothing is anchored there"),
    (P0587.Bare, RDF_TYPE, SKOS.Concept, "lacks a label, a definition"),
    (CLIN.EMG, SKOS.definition, Literal("without a language"), "lacks a label, a definition"),
    (P0587["clause-objectives"], COV.assertedBy, COV.AssertedByProject, "names several"),
    (P0587.PlexusExtent, COV.defaultReading, P0587["TreatmentsJoined-all"], "is no reading of this ambiguity"),
    (P0587.Foreign, COV.assertedBy, COV.AssertedByCodeSystem, "no place in the document says so"),
    (CODE["excludes1/G54-M50-M51"], COV.secondFamily, CODE["family/G54"], "is not its first"),
    (CODE["release/icd-10-cm-fy2026"], COV.validFrom, Literal("2027-01-01", datatype=XSD.date), "before its last"),
]
WORDS = [
    (DCTERMS.nonsenze, Literal("x"), "uses dcterms:nonsenze, a term that its vocabulary does not have"),
    (RDF_TYPE, SKOS.Bogus, "uses skos:Bogus, a term"),
    (SH.minCont, Literal(1), "uses sh:minCont, a term"),
    (SH.severity, SH.Wrong, "uses sh:Wrong, a term"),
    (COV.says, Literal("1", datatype=XSD.integr), "uses xsd:integr, a term"),
    (NamedNode("http://example.org/p"), Literal("x"), "uses <http://example.org/p>, which is declared nowhere"),
    (SH.property, BlankNode(), "has a shape without a name"),
    (COV.facet, BlankNode(), "has a shape without a name"),
]


def test_the_shipped_terms_are_terms():
    assert term_findings(graphs()) == ()


@pytest.mark.parametrize(("prop", "value", "message"), WORDS, ids=[w[2] for w in WORDS])
def test_words_that_no_vocabulary_has_are_found(prop, value, message):
    node = P0587.DocumentedCompression
    (found,) = term_findings({**graphs(), "urn:x": ((node, prop, value),)})
    assert found.where == "p0587:DocumentedCompression" and found.what.startswith(message.split(",")[0])
    assert message in found.what


def test_a_nameless_shape_in_a_list_is_found():
    head, shape = BlankNode(), BlankNode()
    rdf = Namespace("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
    triples = ((P0587.Any, SH["or"], head), (head, rdf.first, shape), (head, rdf.rest, rdf.nil))
    assert [f.what for f in term_findings({"urn:x": triples})] == [
        "has a shape without a name, which no finding could point at. Give it an IRI."
    ]


def test_a_diagnosis_code_without_billability_is_found():
    code = CODE["icd-10-cm/G54.1"]
    changed = {n: tuple(t for t in g if (t[0], t[1]) != (code, COV.billable)) for n, g in graphs().items()}
    assert sum(map(len, changed.values())) < sum(map(len, graphs().values()))
    found = ontology_findings(changed, ROOT)
    assert any("whether it can be billed" in f.what for f in found)


@cache
def findings(kind: str) -> tuple[tuple[str, str], ...]:
    """Where and what, with everything taken away at once, or with everything added at once."""
    if kind == "taken":
        gone = {(s, p) for s, p, _ in TAKEN}
        changed = {name: tuple(t for t in g if (t[0], t[1]) not in gone) for name, g in graphs().items()}
    else:
        more = tuple((s, p, o) for s, p, o, _ in ADDED)
        home = "https://w3id.org/plexus/policy/0587"
        changed = {**graphs(), home: (*graphs()[home], *more)}
    return tuple((f.where, f.what) for f in ontology_findings(changed, ROOT))


@pytest.mark.parametrize(("subject", "prop", "message"), TAKEN, ids=[f"{s.value}-{p.value}"[-60:] for s, p, _ in TAKEN])
def test_what_is_missing_is_found(subject, prop, message):
    assert any(t[0] == subject and t[1] == prop for g in graphs().values() for t in g), "the mutant changes nothing"
    about = [what for where, what in findings("taken") if where == compact(subject.value)]
    about += [what for where, what in findings("taken") if "profile" in subject.value and "nichols-2022" in where]
    assert any(message in what for what in about), about


@pytest.mark.parametrize(("subject", "prop", "value", "message"), ADDED, ids=[a[3] for a in ADDED])
def test_what_is_wrong_is_found(subject, prop, value, message):
    node = value if message.startswith("used") else subject
    about = [what for where, what in findings("added") if where == compact(node.value)]
    assert any(message in what for what in about), about


def copied(tmp_path):
    for part in ("ontology", "shapes"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def test_a_question_that_is_none_is_found(tmp_path):
    root = copied(tmp_path)
    folder = root / "ontology" / "questions"
    (folder / "silent.rq").write_text("SELECT * { ?s a cov:Policy }", encoding="utf-8")
    (folder / "broken.rq").write_text("# What?\nSELECT * { ?s a", encoding="utf-8")
    (folder / "asking.rq").write_text("# Who?\nSELECT * { SERVICE <urn:x> { ?s a ?o } }", encoding="utf-8")
    (folder / "early.rq").write_text("# What? That is the question\nASK {}", encoding="utf-8")
    (folder / "aside.rq").write_text("# Which none? (There must be none.)\nASK {}", encoding="utf-8")
    (folder / "latin.rq").write_bytes("# Où?\nASK {}".encode("latin-1"))
    found = {f.where: f.what for f in question_findings(root)}
    assert "asks nothing in words" in found["silent.rq"]
    assert "cannot be run" in found["broken.rq"] and "line 2" in found["broken.rq"]
    assert "SERVICE is not allowed" in found["asking.rq"]
    assert "asks nothing in words" in found["early.rq"]
    assert "Save it as UTF-8" in found["latin.rq"]
    assert set(found) == {"silent.rq", "broken.rq", "asking.rq", "early.rq", "latin.rq"}


WORDS_OF_QUESTIONS = [
    ("?s a cov:Policie", "uses cov:Policie, which is declared nowhere"),
    ("?s owl:versionInf ?o", "uses owl:versionInf, a term that its vocabulary does not have"),
    ("?s <http://www.w3.org/ns/earl#tset> ?o", "uses earl:tset, which is declared nowhere"),
    ("FILTER NOT EXISTS { ?s cov:anchr ?o }", "uses cov:anchr, which is declared nowhere"),
    ("?s cov:id ?id }\n# parameter ?id p0587:Nonsense\n#", "uses p0587:Nonsense, which is declared nowhere"),
]


def test_questions_that_name_what_does_not_exist_are_found(tmp_path):
    root = copied(tmp_path)
    folder = root / "ontology" / "questions"
    for i, (words, _) in enumerate(WORDS_OF_QUESTIONS):
        (folder / f"wrong-{i}.rq").write_text(f"# What?\nSELECT * {{ {words} }}", encoding="utf-8")
    (folder / "right.rq").write_text("# What?\nSELECT * { ?s a cov:Policy } # cov:Policie", encoding="utf-8")
    found = {f.where: f.what.split(". ")[0] for f in question_findings(root)}
    assert found == {f"wrong-{i}.rq": what for i, (_, what) in enumerate(WORDS_OF_QUESTIONS)}


def test_generated_shapes_that_are_stale_are_found(tmp_path):
    root = copied(tmp_path)
    path = root / "shapes" / "policies" / "0587.probes.ttl"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert [f.what for f in generated_findings(root)] == ["is not up to date. Run plexus shapes."]


def test_a_policy_that_does_not_exist_is_named():
    with pytest.raises(PolicyError, match="Known: 0587"):
        check_source(ROOT, "text", "9999")
    assert set(editions(merged(graphs()))) >= {"0587", "0587/2025-12-01"}


UNREADABLE = {
    "latin.txt": "Gültig".encode("latin-1"),
    "scan.pdf": b"%PDF-\xff\xfe",
    "binary.bin": b"Policy\0text",
    "empty.txt": b"",
    "blank.txt": b"\xef\xbb\xbf \n",
    "none.txt": None,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_copy_that_cannot_be_read_is_told_in_a_sentence(tmp_path, name):
    path, content = tmp_path / name, UNREADABLE[name]
    if content is not None:
        path.write_bytes(content)
    for command in (["check", "--source", str(path)], ["anchor", str(path), "words"]):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 2 and name in done.stderr and "Traceback" not in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("policy", "said"), [("9999", "Known: 0587"), ("CMM-609", "Known: 0587"), ("0587/1999-01-01", "Known")]
)
def test_an_edition_that_is_unknown_or_has_no_places_is_wrong_usage(tmp_path, policy, said):
    copy = tmp_path / "copy.txt"
    copy.write_text("words", encoding="utf-8")
    done = CliRunner().invoke(main, ["check", "--source", str(copy), "--policy", policy])
    assert done.exit_code == 2 and said in done.stderr and done.stdout == ""


IDLE = {
    "--source checks a copy": ["--source", "copy.txt", "--owl"],
    "--policy says which edition": ["--policy", "0587"],
    "leave --format json out": ["--owl", "--data", "x.ttl", "--format", "json"],
}


@pytest.mark.parametrize("said", IDLE)
def test_an_option_that_would_do_nothing_is_refused(said):
    done = CliRunner().invoke(main, ["check", *IDLE[said]])
    assert done.exit_code == 2 and said in done.stderr and done.stdout == ""


# ---- With a reasoner; what it answers is given, so that these tests need no Java -------------------


@pytest.fixture
def reasoner(monkeypatch):
    """Let the knowledge be well made and each record say what it is told to say."""
    from reasoner.owl_check import Told

    def told(_, records):
        return [Told("bad" not in name, (f"{name} is told.",)) for name in records]

    monkeypatch.setattr("reasoner.check.check", lambda _: ())
    monkeypatch.setattr("reasoner.owl_check.check_owl", lambda _: ())
    monkeypatch.setattr("reasoner.owl_check.told_of", told)


def test_a_folder_of_data_is_classified_file_by_file(reasoner, tmp_path):
    for name in ("one.ttl", "bad.ttl"):
        (tmp_path / name).write_text("<urn:x:a> a <urn:x:B> .", encoding="utf-8")
    (tmp_path / "notes.md").write_text("no RDF", encoding="utf-8")
    done = CliRunner().invoke(main, ["check", "--owl", "--data", str(tmp_path)])
    assert [line.rsplit("/", 1)[-1] for line in done.stdout.splitlines()[1:]] == [
        "bad.ttl is told.",
        "one.ttl is told.",
    ]
    assert done.exit_code == 1
    assert CliRunner().invoke(main, ["check", "--owl", "--data", str(tmp_path / "one.ttl")]).exit_code == 0


def test_data_that_cannot_be_read_is_refused_before_anything_is_classified(reasoner, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.ttl").write_text("<urn:x:a> a", encoding="utf-8")
    for name in ("missing.ttl", "broken.ttl", "empty"):
        done = CliRunner().invoke(main, ["check", "--owl", "--data", str(tmp_path / name)])
        assert done.exit_code == 2 and name in done.stderr and done.stdout == ""


def test_a_reasoner_that_cannot_run_is_no_finding(reasoner, monkeypatch):
    def fail(_):
        raise OwlError("OWL reasoning needs Java.")

    monkeypatch.setattr("reasoner.owl_check.check_owl", fail)
    done = CliRunner().invoke(main, ["check", "--owl"])
    assert done.exit_code == 2 and "needs Java" in done.stderr


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_is_told_what_is_being_done(reasoner, monkeypatch, terminal, tmp_path):
    (tmp_path / "one.ttl").write_text("<urn:x:a> a <urn:x:B> .", encoding="utf-8")
    monkeypatch.setattr(sys.modules["reasoner.cli.check"], "is_terminal", lambda: terminal)
    done = CliRunner().invoke(main, ["check", "--owl", "--data", str(tmp_path)])
    assert ("Classifying the ontology" in done.stderr, "1 file of data" in done.stderr) == (terminal, terminal)
    assert "Classifying" not in done.stdout
