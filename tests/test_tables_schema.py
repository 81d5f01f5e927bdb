"""The schema of tables follows the ontology and the request shapes."""

from __future__ import annotations

import pytest
from conftest import CASES
from pyoxigraph import NamedNode

from reasoner.derive import TRUE, evidence_classes
from reasoner.knowledge import ARRANGEMENT, load
from reasoner.reading import read_triples
from reasoner.tables.schema import CONTAINMENT, PARENTS, nested_schema, schema_of, table_name
from reasoner.triples import RDF_TYPE, Triples
from reasoner.vocabulary import BASE, CLIN, COV, DCTERMS, compact

pa = pytest.importorskip("pyarrow")
TABLES = [
    "requests",
    "lines",
    "conditions",
    "documents",
    "clinicians",
    "studies",
    "findings",
    "symptoms",
    "signs",
    "treatments",
    "notIndicatedStatements",
    "traumaEvents",
    "priorProcedures",
    "judgements",
    "plans",
    "planTerms",
    "mandates",
]


@pytest.fixture(scope="module")
def schema():
    return schema_of(load())


def column(schema, table, name):
    return schema.table(table).column(name)


def test_a_table_for_each_class_of_a_record(schema):
    assert [t.name for t in schema.tables] == TABLES
    assert {t.name for t in schema.children if t.link} == {"lines", "plans", "mandates"}


@pytest.mark.parametrize("request_file", sorted(CASES.glob("*/request.*")), ids=lambda p: p.parent.name + p.suffix)
def test_every_property_of_every_case_has_a_column(schema, request_file):
    triples = Triples(read_triples(request_file).triples)
    seen = 0
    for s, p, _ in triples:
        if p == RDF_TYPE or p in CONTAINMENT:
            continue
        (cls,) = triples.nodes(s, RDF_TYPE)
        if p in PARENTS:
            assert any(c.inverse and c.iri == p.value for t in schema.tables for c in t.columns)
        else:
            known = {c.iri for c in schema.by_class[cls.value].columns if not c.inverse}
            assert p.value in known, f"{compact(cls.value)} {compact(p.value)}"
        seen += 1
    assert seen > 5


def test_kinds_come_from_ranges_and_shapes(schema):
    assert column(schema, "requests", "identifier").iri == DCTERMS.identifier.value
    kinds = {
        ("requests", "receivedOn"): "date",
        ("requests", "reviewOnly"): "boolean",
        ("lines", "sequence"): "integer",
        ("lines", "procedureCode"): "string",
        ("lines", "side"): "term",
        ("signs", "strengthGrade"): "decimal",
        ("findings", "date"): "date",
        ("judgements", "onCriterion"): "term",
        ("notIndicatedStatements", "coversTreatment"): "term",
        ("symptoms", "attributedTo"): "reference",
    }
    assert {key: column(schema, *key).kind for key in kinds} == kinds


def test_references_name_the_tables_that_may_hold_their_keys(schema):
    assert column(schema, "lines", "indication").refers_to == ("conditions",)
    assert column(schema, "notIndicatedStatements", "dueTo").refers_to == ("traumaEvents",)
    assert column(schema, "findings", "study").refers_to == ("studies",)
    assert column(schema, "planTerms", "plan").refers_to == ("plans",)
    for table, name in (("symptoms", "attributedTo"), ("judgements", "basedOn"), ("requests", "evidence")):
        targets = column(schema, table, name).refers_to
        assert {"conditions", "findings", "judgements"} <= set(targets)
        assert not {"lines", "clinicians", "plans", "requests"} & set(targets)


def test_a_column_holds_one_value_where_the_shapes_or_the_ontology_say_so(schema):
    assert not column(schema, "findings", "site").many
    assert not column(schema, "treatments", "presence").many  # functional
    for table, name in (("studies", "modality"), ("lines", "level"), ("conditions", "side"), ("symptoms", "about")):
        assert column(schema, table, name).many


def test_terms_carry_the_values_that_the_shapes_allow(schema):
    sides = {CLIN.Left.value, CLIN.Right.value, CLIN.Bilateral.value}
    assert set(column(schema, "lines", "side").values) == sides
    assert column(schema, "findings", "kind").values == ()
    assert column(schema, "findings", "kind").range == CLIN.Concept.value


def test_containment_and_what_is_derived_are_no_columns(schema):
    ontology = load().ontology
    derived = {p.value for p in ontology.subjects(COV.derivedAtIntake, TRUE)}
    assert derived
    said = {c.iri for t in schema.tables for c in t.columns if not c.inverse}
    hidden = derived | {p.value for p in (*CONTAINMENT, *PARENTS, *ARRANGEMENT)}
    assert said & hidden == set()
    assert column(schema, "findings", "study").inverse


def test_evidence_classes_and_conditions_have_the_general_properties(schema):
    general = {COV.about, COV.date, COV.statedBy, COV.documentedIn, CLIN.kind, CLIN.side, CLIN.territory, CLIN.root}
    for cls in (*evidence_classes(load().ontology), CLIN.Condition):
        said = {c.iri for c in schema.by_class[cls.value].columns}
        assert {p.value for p in general} <= said, cls.value
    of_lines = {c.iri for c in schema.table("lines").columns}
    assert COV.about.value not in of_lines
    assert COV.indication.value not in {c.iri for c in schema.table("findings").columns}


def test_every_column_but_the_key_has_a_label_and_each_name_is_used_once(schema):
    for table in schema.tables:
        assert len({c.name for c in table.columns}) == len(table.columns)
        assert all(c.label for c in table.columns)
        assert all(c.iri for c in table.columns if c.name != "id")


def test_the_nested_schema_has_a_list_of_structs_for_each_child_table(schema):
    nested = nested_schema(schema)
    assert nested.field("identifier").type == pa.string()
    assert nested.field("receivedOn").type == pa.date32()
    line = nested.field("lines").type.value_type
    assert line.field("sequence").type == pa.int64()
    assert line.field("level").type == pa.list_(pa.string())
    assert nested.field("signs").type.value_type.field("strengthGrade").type == pa.float64()
    assert len(nested) == len(schema.requests.columns) + len(schema.children)


NEW_CLASS = """
@prefix clin: <https://w3id.org/plexus/clinical#> .
@prefix cov: <https://w3id.org/plexus/coverage#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
clin:Allergy a owl:Class ; rdfs:subClassOf cov:Evidence ; rdfs:label "allergy"@en .
clin:severityGrade a owl:DatatypeProperty ; rdfs:domain clin:Allergy ; rdfs:range xsd:integer ; rdfs:label "grade"@en .
"""


def test_a_library_with_a_new_class_of_evidence_gets_its_table(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "allergy.ttl").write_text(NEW_CLASS, encoding="utf-8")
    schema = schema_of(load(tmp_path))
    assert [t.name for t in schema.tables] == [*TABLES, "allergies"]
    own = schema.table("allergies")
    assert own.column("severityGrade").kind == "integer"
    assert own.column("about").refers_to == ("conditions",)
    assert "allergies" in column(schema, "judgements", "basedOn").refers_to


def test_two_properties_of_one_name_are_refused(tmp_path):
    from reasoner.errors import TableError

    (tmp_path / "ontology").mkdir()
    text = NEW_CLASS + "clin:about a owl:DatatypeProperty ; rdfs:domain clin:Allergy ."
    (tmp_path / "ontology" / "allergy.ttl").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match="would both be the column about"):
        schema_of(load(tmp_path))


def test_names_of_tables_are_plural():
    assert table_name(BASE + "x#Study") == "studies"
    assert table_name(BASE + "x#Diagnosis") == "diagnosises"
    assert table_name(NamedNode("urn:x#Day").value) == "days"


def test_tables_ask_for_pyarrow_by_its_extra(monkeypatch):
    import sys

    from reasoner.errors import TableError
    from reasoner.tables.optional import arrow

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match=r'pip install "plexus-reasoner\[tables\]"'):
        arrow()
