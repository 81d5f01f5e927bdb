"""plexus check: the shipped knowledge is well made, and each kind of fault is found and named."""

from __future__ import annotations

import json
import shutil
from functools import cache

import pytest
from click.testing import CliRunner
from conftest import ROOT
from pyoxigraph import Literal, NamedNode

from reasoner.check import check_source, editions, generated_findings, ontology_findings, question_findings
from reasoner.cli import main
from reasoner.dataset import knowledge_graphs, merged
from reasoner.errors import PolicyError
from reasoner.triples import RDF_TYPE
from reasoner.vocabulary import CLIN, COV, OA, OWL, RDFS, SKOS, Namespace, compact

P0587 = Namespace("https://w3id.org/plexus/policy/0587#")
CODE = Namespace("https://w3id.org/plexus/code/")
CMM608 = Namespace("https://w3id.org/plexus/policy/cmm-608#")
SSSOM = Namespace("https://w3id.org/sssom/")
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
    (CMM608.policy, COV.numberSeenIn, "in which year it was seen"),
    (CMM608.policy, COV.adjudicable, "decides nothing"),
    (CMM608.UrgentCases, COV.knownFrom, "from where this is known"),
]
ADDED = [
    (P0587.DocumentedCompression, COV.hasRule, P0587.Nowhere, "used and nowhere declared"),
    (P0587.CompressionFinding, COV.facet, CLIN.MRI, "names a shape that does not exist"),
    (P0587.Silent, COV.assertedBy, COV.AssertedByPolicy, "no place in the document says so"),
    (P0587["at-candidates"], OA.end, Literal(1), "below oa:end"),
    (P0587["at-nobody"], RDF_TYPE, COV.Anchor, "Nothing is anchored there"),
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
    found = {f.where: f.what for f in question_findings(root)}
    assert "asks nothing in words" in found["silent.rq"]
    assert "is no SPARQL" in found["broken.rq"]
    assert len(found) == 2


def test_generated_shapes_that_are_stale_are_found(tmp_path):
    root = copied(tmp_path)
    path = root / "shapes" / "policies" / "0587.probes.ttl"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert [f.what for f in generated_findings(root)] == ["is not up to date. Run plexus shapes."]


def test_a_policy_that_does_not_exist_is_named():
    with pytest.raises(PolicyError, match="Known: 0587"):
        check_source(ROOT, "text", "9999")
    assert set(editions(merged(graphs()))) >= {"0587", "0587/2025-12-01"}


def test_a_copy_that_cannot_be_read_is_told_in_a_sentence(tmp_path):
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-\xff\xfe")
    for name in ("scan.pdf", "none.txt"):
        done = CliRunner().invoke(main, ["check", "--source", str(tmp_path / name)])
        assert done.exit_code == 1 and name in done.stderr and "Traceback" not in done.stderr
