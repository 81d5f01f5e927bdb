"""plexus check --library: every piece that a small complete policy loses is named, with its file and line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_tutorial import follow

from reasoner.authoring.guide import guide
from reasoner.authoring.guide_steps import STEPS, block_of, example_of
from reasoner.authoring.tutorial import Command, Edit, source, steps
from reasoner.authoring.watch import changes, state_of
from reasoner.cli import main
from reasoner.cli.guide import watch_guide
from reasoner.locating import statements
from reasoner.vocabulary import BASE, COV

POLICY, ANCHORS = "ontology/policies/0900.ttl", "ontology/policies/0900.anchors.ttl"
SHAPES = "shapes/policies/0900.ttl"
TERM, SHAPE = BASE + "policy/0900#", BASE + "shapes/policy/0900#"


@pytest.fixture(scope="module")
def complete(tmp_path_factory) -> Path:
    """The library of the tutorial, complete."""
    folder = tmp_path_factory.mktemp("complete")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for step in steps(source()):
            if isinstance(step, Edit) or not step.line.startswith(("plexus review", "plexus check")):
                follow(step, folder)
    return folder / "shoulder"


@pytest.fixture
def library(complete, tmp_path) -> Path:
    return Path(shutil.copytree(complete, tmp_path / "shoulder"))


def change(library: Path, file: str, before: str, after: str) -> int:
    """Change a text that stands in a file; the line where it begins."""
    text = (library / file).read_text(encoding="utf-8")
    assert before in text
    (library / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    return text[: text.index(before)].count("\n") + 1


def without(library: Path, file: str, iri: str) -> None:
    """Take the statement about a node out of a file."""
    text = (library / file).read_text(encoding="utf-8")
    (found,) = (s for s in statements(text) if s.subject == iri)
    rows = text.split("\n")
    (library / file).write_text("\n".join([*rows[: found.first - 1], *rows[found.last :]]), encoding="utf-8")


def line_of(library: Path, file: str, words: str) -> int:
    rows = (library / file).read_text(encoding="utf-8").split("\n")
    return next(i for i, row in enumerate(rows, 1) if words in row)


def test_the_complete_policy_lacks_nothing(library):
    found = guide(library)
    assert found.reviewable and found.next is None
    assert {s.state for s in found.steps} == {"done"} and found.policies == ("0900",)


# What is taken out: the node, the step that comes next then, and where the gap shows (file, words of the line).
BLOCKS = [
    (POLICY, TERM + "policy", "policy", POLICY, ""),
    (POLICY, TERM + "edition-2026-01-01", "edition", POLICY, "cov:edition p0900"),
    (POLICY, TERM + "NecessaryStatement", "statements", POLICY, "cov:statement p0900"),
    (POLICY, TERM + "MedicallyNecessary", "tree", POLICY, "cov:root p0900"),
    (POLICY, TERM + "TreatmentsFailed", "tree", POLICY, "cov:members ( p0900:RecentImaging"),
    (POLICY, TERM + "InjectionFailed", "tree", POLICY, "cov:members ( p0900:TherapyFailed"),
    (POLICY, TERM + "OtherIndication", "criteria", POLICY, "cov:exclusion p0900"),
    (POLICY, TERM + "TherapyHelped", "rules", POLICY, "cov:hasRule p0900:TherapyFailedInTime"),
    (POLICY, TERM + "FrozenShoulder", "shapes", SHAPES, "sh:hasValue p0900:FrozenShoulder"),
    (SHAPES, SHAPE + "SixWeeks", "shapes", POLICY, "p0900s:SixWeeks"),
    (SHAPES, SHAPE + "FailedOutcome", "shapes", SHAPES, "sh:qualifiedValueShape p0900s:FailedOutcome"),
    (SHAPES, SHAPE + "WithinSixMonths", "readings", POLICY, "p0900s:WithinSixMonths"),
    (POLICY, TERM + "RecencyFacet", "shapes", POLICY, "p0900:RecencyFacet , evs:SideAccepted"),
    (POLICY, TERM + "Recency", "readings", POLICY, "cov:ambiguity p0900:Recency"),
    (POLICY, TERM + "Recency-six-months", "readings", POLICY, "p0900:Recency-six-months"),
    (ANCHORS, TERM + "at-imaging", "places", POLICY, "cov:anchor p0900:at-imaging"),
    (ANCHORS, TERM + "section-coverage-policy", "places", ANCHORS, "cov:inSection p0900:section-coverage-policy ;"),
]


@pytest.mark.parametrize(("file", "iri", "step", "shown", "words"), BLOCKS, ids=[b[1].split("#")[1] for b in BLOCKS])
def test_a_node_that_is_taken_out_is_the_next_piece(library, file, iri, step, shown, words):
    without(library, file, iri)
    found = guide(library)
    assert found.next is not None and not found.reviewable
    assert (found.next.step, found.next.file) == (step, str(library / shown))
    assert found.next.line == (line_of(library, shown, words) if words else found.next.line) > 0
    name = iri.split("#")[1]
    assert name in found.next.what or "describes no policy" in found.next.what
    assert found.next.example.startswith(("p0900", "p0900s"))


# What is taken out: a line of the policy, the step, and the node at which it is missing.
LINES = [
    ('    cov:number "0900" ;\n', "policy", "p0900:policy a", "has no cov:number"),
    ('    dcterms:publisher "Example Health Plan" ;\n', "policy", "p0900:policy a", "has no dcterms:publisher"),
    ("    cov:edition p0900:edition-2026-01-01 ;\n", "edition", "p0900:policy a", "has no cov:edition"),
    ('    cov:effectiveFrom "2026-01-01"^^xsd:date ;\n', "edition", "01-01 a cov:Edition", "has no cov:effectiveFrom"),
    ('    cov:procedureCode "X0001" ;\n', "edition", "01-01 a cov:Edition", "governs no procedure"),
    (
        "    cov:statement p0900:NecessaryStatement , p0900:NotNecessaryStatement ;\n",
        "statements",
        "a cov:Edition",
        "0 ",
    ),
    ("    cov:root p0900:MedicallyNecessary ;\n", "statements", "p0900:NecessaryStatement a", "has no cov:root"),
    ("    cov:threshold 2 ;\n", "tree", "p0900:TreatmentsFailed a", "has no cov:threshold"),
    ("    cov:members ( p0900:RecentImaging p0900:TreatmentsFailed ) ;\n", "tree", "Necessary a cov:AllOf", "members"),
    ('    cov:id "therapy" ;\n', "criteria", "p0900:TherapyFailed a", "has no cov:id"),
    (
        '    cov:metMessage "A recent final report shows a thickened capsule."@en ;\n',
        "criteria",
        "RecentImaging a",
        "met",
    ),
    ("    cov:counts cov:For ;\n", "rules", "p0900:CapsuleShownThick a", "cov:counts"),
    ("    cov:defaultReading p0900:Recency-six-months ;\n", "defaults", "p0900:Recency a", "without a default"),
    ("    cov:ambiguity p0900:Recency ;\n", "readings", "cov:ambiguity p0900:Recency", "neither lists nor settles"),
    ("    cov:anchor p0900:at-treatments ;\n", "places", "p0900:TreatmentsFailed a", "no place in the document"),
]


@pytest.mark.parametrize(("line", "step", "words", "what"), LINES, ids=[x[0].split()[0] + f"-{x[1]}" for x in LINES])
def test_a_line_that_is_taken_out_is_the_next_piece(library, line, step, words, what):
    change(library, POLICY, line, "")
    found = guide(library).next
    assert found is not None
    assert (found.step, found.file, found.line) == (step, str(library / POLICY), line_of(library, POLICY, words))
    assert what in found.what


# What is changed in a file, and what is said of it there.
CHANGES = [
    (POLICY, "( p0900:TherapyFailed ", "( p0900:MedicallyNecessary ", "is its own ancestor in the criteria tree"),
    (POLICY, "cov:threshold 2", "cov:threshold 5", "asks for 5 of its 3 members"),
    (POLICY, "a cov:LeafCriterion", "a cov:LeafCriteron", "Did you mean cov:LeafCriterion?"),
    (POLICY, "cov:metMessage", "cov:metMesage", "Did you mean cov:metMessage?"),
    (POLICY, "p0900s:SixWeeks", "p0900s:SixWeek", "Did you mean p0900s:SixWeeks?"),
    (POLICY, "evs:Present", "evs:Presnt", "Did you mean evs:Present?"),
    (POLICY, '"2026-01-01"^^xsd:date', '"2026-13-01"^^xsd:date', "is no date"),
    (POLICY, '"X0001"', '"64714"', "governs code 64714, which p0587:edition-2025-12-01 governs"),
    (SHAPES, "clin:PhysicalTherapy", "clin:PhysicalTheray", "Did you mean clin:PhysicalTherapy?"),
]


@pytest.mark.parametrize(("file", "before", "after", "what"), CHANGES, ids=[c[3] for c in CHANGES])
def test_a_fault_is_told_with_node_line_and_cure(library, file, before, after, what):
    change(library, file, before, after)
    found = guide(library)
    (told,) = (f for f in found.found if what in f.what)
    rows = (library / file).read_text(encoding="utf-8").split("\n")
    near = "cov:members" if "ancestor" in what else after
    assert told.file == str(library / file) and near in rows[told.line - 1], str(told)
    assert told.where.startswith("p0900")


def test_a_misspelt_term_of_shacl_is_found(library):
    change(library, SHAPES, "sh:minInclusive", "sh:minInclusiv")
    found = guide(library).next
    assert found is not None and "uses sh:minInclusiv" in found.what
    assert (found.where, found.line) == ("p0900s:SixWeeks", line_of(library, SHAPES, "p0900s:SixWeeks a"))


def test_a_reading_without_a_shape_names_reading_facet_and_cure(library):
    choice = " , [ cov:underReading p0900:Recency-three-months ; cov:uses p0900s:WithinThreeMonths ]"
    line = change(library, POLICY, choice, "")
    found = guide(library).next
    assert found is not None
    assert (found.where, found.line, found.step) == ("p0900:Recency-three-months", line, "readings")
    assert found.what == "is a reading without a shape in p0900:RecencyFacet. Add a cov:choice."


def test_files_that_do_not_parse_are_all_named_with_their_lines(library):
    first = change(library, POLICY, 'cov:number "0900" ;', 'cov:number "0900"') + 1
    second = change(library, SHAPES, "sh:minCount 1 ;", "sh:minCount ;")
    found = guide(library)
    assert [(f.file, f.line) for f in found.found] == [(str(library / POLICY), first), (str(library / SHAPES), second)]
    assert {s.state for s in found.steps} == {"next", "waiting"}


def test_several_faults_are_told_in_one_run_in_the_order_of_the_steps(library):
    change(library, POLICY, "    cov:threshold 2 ;\n", "")
    change(library, POLICY, "    cov:defaultReading p0900:Recency-six-months ;\n", "")
    change(library, POLICY, '    dcterms:publisher "Example Health Plan" ;\n', "")
    change(library, POLICY, "p0900s:SixWeeks", "p0900s:SixWeek")
    assert [f.step for f in guide(library).found] == ["policy", "tree", "shapes", "defaults"]


def test_what_is_still_to_be_written_is_named_where_it_stands(library):
    line = change(library, POLICY, '"A recent final report shows a thickened capsule."', '"… what is on record."')
    found = guide(library).next
    assert found is not None and (found.where, found.line) == ("p0900:RecentImaging", line)
    assert found.what == "cov:metMessage is still to be written: … what is on record."


def test_generated_shapes_that_are_not_up_to_date_come_next(library):
    generated = library / "shapes/policies/0900.probes.ttl"
    generated.write_text(generated.read_text(encoding="utf-8") + "# x\n", encoding="utf-8")
    found = guide(library)
    assert found.next is not None and found.next.file == str(generated) and "plexus shapes --library" in found.next.what
    assert [s.state for s in found.steps if s.name in ("cases", "questions")] == ["waiting", "waiting"]
    generated.unlink()
    again = guide(library).next
    assert again is not None and "does not exist yet" in again.what


EXPECTED = "cases/0900-two-treatments-failed/expected.toml"


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('"approve"', '"deny"', "the recommendation is approve, and deny is expected. The review: Guided"),
        ('"criteria-met"', '"open"', "the basis is criteria-met, and open is expected"),
        ('next = "none"', 'next = "both"', "the next step is none, and both is expected"),
        ('treatments = "met"', 'treatments = "open"', "criterion treatments is met, and open is expected"),
        ("treatments =", "treatment =", "there is no criterion treatment; the criteria: necessity"),
        ("sequence = 1", "sequence = 2", "The request has no line 2; its lines: 1."),
    ],
)
def test_a_case_that_comes_out_otherwise_is_told_in_a_sentence(library, before, after, what):
    line = change(library, EXPECTED, before, after)
    found = next(f for f in guide(library).found if what in f.what)
    assert (found.step, found.where, found.file) == ("cases", "0900-two-treatments-failed", str(library / EXPECTED))
    assert found.line == (line_of(library, EXPECTED, "[[line]]") if "sequence" in before else line)


def test_a_case_that_is_refused_and_one_without_expectations_are_told(library):
    request = "cases/0900-one-treatment-failed/request.ttl"
    change(library, request, "cov:sequence 1", "cov:sequence 0")
    (library / EXPECTED).unlink()
    told = [f.what for f in guide(library).found]
    assert len(told) == 2
    assert "The request is not reviewed." in told[0] and "whole number from 1" in told[0]
    assert "has no expected.toml" in told[1]


@pytest.mark.parametrize(("folder", "step"), [("cases", "cases"), ("ontology/questions", "questions")])
def test_a_case_and_a_question_are_asked_for(library, folder, step):
    shutil.rmtree(library / folder)
    found = guide(library).next
    assert found is not None and found.step == step and found.what.startswith("There is no ")


def test_a_question_that_cannot_be_run_is_told_with_its_line(library):
    line = change(library, "ontology/questions/0900-criteria.rq", "SELECT", "SELCT")
    found = guide(library).next
    assert found is not None and (found.step, found.line) == ("questions", line)


def test_an_empty_folder_is_told_how_to_begin(tmp_path):
    found = guide(tmp_path)
    assert found.next is not None and found.next.example == f"plexus new-policy 0900 -o {tmp_path}"
    assert [s.state for s in found.steps] == ["done", "next", *["waiting"] * 13]


def test_the_way_from_empty_to_reviewable_goes_step_by_step(tmp_path, monkeypatch):
    """After every edit of the tutorial fewer pieces are missing, and the next one never lies before what is done."""
    monkeypatch.chdir(tmp_path)
    order = list(STEPS)
    reached, left = [], []
    for step in steps(source()):
        if isinstance(step, Command) and step.line.startswith(("plexus review", "plexus check")):
            continue
        follow(step, tmp_path)
        if (tmp_path / "shoulder").is_dir():
            found = guide(tmp_path / "shoulder")
            left.append(len([f for f in found.found if "still to be written" in f.what]))
            reached.append(order.index(found.next.step) if found.next else len(order))
    assert left == sorted(left, reverse=True) and left[0] > 30 and left[-1] == 0
    assert reached[0] == order.index("policy") and reached[-1] == len(order)


def test_examples_are_cut_from_the_templates():
    assert example_of("0900", COV.effectiveFrom.value, (COV.Edition,)) == 'cov:effectiveFrom "…"^^xsd:date ;'
    assert block_of("0900", COV.Ambiguity, "p0900:Word").startswith("p0900:Word a cov:Ambiguity ;\n    rdfs:label")
    assert example_of("0900", COV.nothing.value, (COV.Edition,)) == ""


# ---- The command -----------------------------------------------------------------------------------


def run(*arguments: str):
    return CliRunner().invoke(main, ["check", *arguments])


def test_the_command_names_the_next_piece_and_exits_with_one(library):
    line = change(library, POLICY, "cov:metMessage", "cov:metMesage")
    done = run("--library", str(library))
    assert done.exit_code == 1
    assert f"Next: {library / POLICY}:{line}: p0900:RecentImaging: cov:metMesage is no property" in done.stdout
    assert "For example:" not in done.stdout.split("And:")[1]


def test_the_command_says_when_nothing_is_missing(library):
    done = run("--library", str(library), "--guide")
    assert done.exit_code == 0 and done.stdout.endswith("Everything is there: requests can be reviewed with it.\n")


def test_the_command_as_json(library):
    change(library, POLICY, "    cov:threshold 2 ;\n", "")
    done = run("--library", str(library), "--format", "json")
    told = json.loads(done.stdout)
    assert done.exit_code == 1 and told["reviewable"] is False and told["policies"] == ["0900"]
    assert told["next"]["where"] == "p0900:TreatmentsFailed" and told["next"]["example"] == "cov:threshold 2 ;"
    assert [s["name"] for s in told["steps"]] == list(STEPS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--guide"], "name it with --library"),
        (["--watch"], "name it with --library"),
        (["--library", ".", "--watch", "--format", "json"], "leave --format json out"),
        (["--library", ".", "--guide", "--owl"], "run them by themselves"),
    ],
)
def test_options_that_would_do_nothing_are_refused(arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2 and message in done.stderr


# ---- Watching --------------------------------------------------------------------------------------


def test_changes_are_told_when_the_files_have_come_to_rest(tmp_path):
    a, b = tmp_path / "a.ttl", tmp_path / "b.ttl"
    states = [{a: (1, 1)}, {a: (1, 1)}, {a: (2, 1)}, {a: (3, 1), b: (3, 0)}, {a: (3, 1), b: (3, 0)}, {b: (3, 0)}]
    looks = iter([*states, states[-1], states[-1]])
    waits: list[float] = []
    found = changes(tmp_path, interval=0.25, sleep=waits.append, look=lambda root: next(looks))
    assert next(found) == (a, b)  # changed and added, once writing was over
    assert next(found) == (a,)  # removed
    assert set(waits) == {0.25}


def test_what_changes_before_the_first_answer_is_told(library):
    found = changes(library, sleep=lambda seconds: None)
    change(library, POLICY, "cov:threshold 2", "cov:threshold 22")
    assert next(found) == (library / POLICY,)


def test_a_change_back_is_no_change(tmp_path):
    a = tmp_path / "a.ttl"
    looks = iter([{a: (1, 1)}, {a: (2, 1)}, {a: (1, 1)}, {a: (1, 1)}, {a: (4, 1)}, {a: (4, 1)}])
    found = changes(tmp_path, sleep=lambda seconds: None, look=lambda root: next(looks))
    assert next(found) == (a,)
    assert next(looks, None) is None


def test_only_files_of_a_library_are_looked_at(library):
    before = state_of(library)
    assert library / POLICY in before and library / EXPECTED in before
    (library / "notes.ttl").write_text("", encoding="utf-8")
    (library / "ontology/.0900.ttl.swp").write_text("", encoding="utf-8")
    assert state_of(library) == before
    change(library, POLICY, "cov:threshold 2", "cov:threshold 22")
    assert state_of(library) != before


def test_watching_tells_what_changed_and_ends_with_ctrl_c(library, monkeypatch, capsys):
    edits = [
        lambda: change(library, POLICY, "    cov:threshold 2 ;\n", ""),
        lambda: change(
            library, POLICY, '    cov:id "treatments" ;\n', '    cov:id "treatments" ;\n    cov:threshold 2 ;\n'
        ),
    ]

    def edited(root, **given):
        while edits:
            edits.pop(0)()
            yield (root / POLICY,)
        raise KeyboardInterrupt

    monkeypatch.setattr("reasoner.authoring.watch.changes", edited)
    watch_guide(library)
    told = capsys.readouterr().out
    first, gap, closed = told.split("changed: ")
    assert "Everything is there" in first and "Watching; Ctrl-C ends." in first
    assert f"missing  {library / POLICY}" in gap and "has no cov:threshold. Add it." in gap and "Next: " in gap
    assert "done     p0900:TreatmentsFailed: has no cov:threshold" in closed and "Everything is there" in closed


def test_the_command_ends_watching_with_exit_code_zero(library, monkeypatch):
    def interrupted(root, **given):
        raise KeyboardInterrupt
        yield ()

    monkeypatch.setattr("reasoner.authoring.watch.changes", interrupted)
    done = run("--library", str(library), "--watch")
    assert done.exit_code == 0 and "Watching" in done.stdout
