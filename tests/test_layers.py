"""Data flows one way: a module imports only what stands before it."""

from __future__ import annotations

import ast
import re

import pytest
from conftest import ROOT

ORDER = [
    ["errors"],
    ["once", "spans", "resources", "vocabulary", "model"],
    ["triples"],
    ["locating", "policy_parts"],
    ["policy"],
    ["policy_rules"],
    ["policy_reading"],
    ["policy_faults"],
    ["knowledge", "library"],
    ["copies"],
    ["placing"],
    ["dataset", "anchors", "card", "names"],
    ["sparql", "lint"],
    ["query", "parameters"],
    ["query_worker"],
    ["owl"],
    ["owl_check"],
    ["codes", "shapes", "reading"],
    ["shapes_default"],
    ["derive"],
    ["intake"],
    ["tables"],
    ["synthetic"],
    ["engine"],
    ["engine_pyshacl", "columnar"],
    ["engine_columnar"],
    ["engines"],
    ["weigh"],
    ["determine"],
    ["bearing", "decision_table"],
    ["counterfactual", "describe", "authority"],
    ["explain", "notes"],
    ["reason"],
    ["lines", "interactions"],
    ["in_force"],
    ["review"],
    ["opinion", "editions", "comparing", "batch"],
    ["questioning", "expected"],
    ["check"],
    ["authoring", "cases"],
    ["proving"],
    ["__init__"],
    ["render"],
    ["cli"],
]
WITHIN = {
    "authoring": [["scaffold", "tutorial"], ["guide_steps"], ["guide_faults"], ["guide"], ["watch"]],
    "batch": [
        ["plan", "coding", "mixing"],
        ["columns"],
        ["keys", "governing"],
        ["views"],
        ["times", "assigning", "faults"],
        ["binding", "weighing"],
        ["composing", "reasons", "alike"],
        ["hinging"],
        ["tables_out"],
        ["chunk"],
        ["chunks", "parquet_join", "profiles", "summary", "plot", "outcome_files", "holding"],
        ["inputs", "parts", "flips"],
        ["workers"],
        ["run"],
        ["spark_worker", "spark_files", "spark_session"],
        ["spark_shipping"],
        ["spark"],
    ],
    "columnar": [
        ["algebra", "literals"],
        ["dependence"],
        ["order", "paths", "patterns"],
        ["reading"],
        ["blocks"],
        ["graph"],
        ["per_view"],
        ["masks", "walking", "ntriples"],
        ["gathering"],
        ["pairwise", "value_tests", "evaluate"],
        ["report"],
    ],
    "comparing": [["json_schema", "differences"], ["review_file"], ["comparison"]],
    "editions": [
        ["clauses", "shape_logic"],
        ["edition_rules", "edition_parts"],
        ["edition_criteria"],
        ["edition_diff"],
        ["library_diff", "recorded"],
        ["attribution", "foretelling"],
        ["impact"],
    ],
    "opinion": [["owl_expressions"], ["owl_shapes"], ["owl_record"], ["owl_rules"], ["second_opinion"]],
    "proving": [
        ["verification", "composition", "facets"],
        ["prover", "facet_facts", "shape_facts"],
        ["evidence_prover"],
        ["stories"],
        ["proofs"],
        ["evidence_proofs"],
        ["properties"],
        ["case_stories"],
        ["findings"],
        ["verify"],
    ],
    "synthetic": [
        ["draws"],
        ["sheet"],
        ["claims", "timeline"],
        ["catalogue"],
        ["plexus_parts", "spine_record"],
        ["plexus_record"],
        ["plexus_studies", "plexus_treatments", "spine_faults"],
        ["plexus_faults", "spine_care"],
        ["request_faults"],
        ["mixture"],
        ["chunk", "sinks"],
        ["generate"],
    ],
    "tables": [
        ["optional", "rejected"],
        ["schema"],
        ["terms", "literals"],
        ["mapping"],
        ["cells", "references", "rdf_rows", "chunks"],
        ["csvw", "files"],
        ["assemble"],
        ["entities", "nested", "rdf_input"],
        ["merge"],
        ["sources"],
        ["writing"],
        ["report", "notes"],
        ["report", "notes"],
        ["report_text", "draft", "sample_tables"],
    ],
    "questioning": [["effort"], ["suppose"], ["questioned", "ways"], ["whatif", "dialogue"]],
}
"""The order inside packages whose modules build on one another."""
RANK = {name: i for i, group in enumerate(ORDER) for name in group}
MODULES = sorted(ROOT.glob("reasoner/**/*.py"))


def layer(path_parts: tuple[str, ...]) -> str:
    return path_parts[0].removesuffix(".py")


def imported(path) -> set[str]:
    out: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "reasoner":
            parts = node.module.split(".")
            out.update([parts[1]] if len(parts) > 1 else [a.name for a in node.names])
        elif isinstance(node, ast.Import):
            out.update(a.name.split(".")[1] for a in node.names if a.name.startswith("reasoner."))
    return out


def inside(package: str) -> list[tuple[str, set[str]]]:
    """The modules of a package with those of the same package that they import."""
    out = []
    for path in sorted((ROOT / "reasoner" / package).glob("*.py")):
        found = re.findall(rf"from reasoner\.{package}\.(\w+) import", path.read_text(encoding="utf-8"))
        out.append((path.stem, set(found)))
    return out


@pytest.mark.parametrize("package", WITHIN)
def test_a_module_of_a_package_imports_only_from_those_before_it(package):
    rank = {name: i for i, group in enumerate(WITHIN[package]) for name in group}
    for name, imports in inside(package):
        if name != "__init__":
            assert {x for x in imports if rank[x] > rank[name]} == set(), name


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_from_layers_before_its_own(path):
    own = layer(path.relative_to(ROOT / "reasoner").parts)
    assert own in RANK, f"{own} has no layer; give it one in ORDER"
    late = {name for name in imported(path) if name in RANK and RANK[name] > RANK[own]}
    assert late == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_has_at_most_four_hundred_lines(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 400


def test_rdflib_and_clingo_and_pyshacl_are_imported_lazily():
    heavy = {"rdflib", "pyshacl", "clingo", "owlready2", "numpy", "rich"}
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {n.split(".")[0] for n in names} & heavy, f"{path.name} imports {names} at start-up"
