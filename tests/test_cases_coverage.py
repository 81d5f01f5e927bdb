"""What the case collection exercises, and the cases that are proposed for what it lacks."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from functools import cache

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT, all_cases, case_named
from pyoxigraph import NamedNode
from test_normal_form import turtlefmt

from reasoner import review
from reasoner.cases import solve
from reasoner.cases.branches import BranchProgram, branches
from reasoner.cases.collection import Collection, Reviewer, read_cases, review_cases
from reasoner.cases.items import DIMENSIONS, Item, universe
from reasoner.cases.parallel import review_all
from reasoner.cases.propose import FIRST, Failure, Proposal, Proposer
from reasoner.cases.solve import Search, Wanted
from reasoner.cli import main
from reasoner.determine import NO_AUTHORITY, Authority
from reasoner.errors import CaseError
from reasoner.knowledge import load
from reasoner.model import Status
from reasoner.resources import program_file
from reasoner.vocabulary import compact

LIBRARY = ROOT / "tests" / "fictional"
SMALL = (
    "approach-laparoscopic",
    "complete-record",
    "compression-plexus-mri-normal",
    "indication-judgements-contradict",
    "injection-contradicted",
    "mandate-covers",
    "nothing-documented",
    "physical-therapy-contradicted",
    "physical-therapy-helped",
    "several-units",
    "spine-decompression-under-64714",
    "symptoms-stated-absent",
    "trauma-contradicted",
)
"""Cases that alone, among these, show something."""


@cache
def policy():
    return next(p for p in load().policies if p.number == "0587")


@cache
def fictional():
    return next(p for p in load(LIBRARY).policies if p.number == "F-100")


@cache
def small() -> Collection:
    return review_cases([c for c in read_cases(CASES) if c.name in SMALL], Reviewer(load()))


@cache
def whole() -> Collection:
    """The shipped cases with a line for the policy's code, reviewed once a process."""
    mine = [c for c in read_cases(CASES) if policy().codes[0] in c.request.read_text(encoding="utf-8")]
    return review_cases(mine, Reviewer(load()))


def lacking(*names: str) -> Proposer:
    """A search where the small collection lacks some cases."""
    return Proposer(policy(), Reviewer(load()), small().without(*names))


def item(dimension: str, *key: str) -> Item:
    """An item by the ends of its key, so that local names do."""
    found = [i for i in universe(policy()) if i.dimension == dimension and len(i.key) == len(key)]
    return next(i for i in found if all(a.endswith(b) for a, b in zip(i.key, key, strict=True)))


# ---- Coverage ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_shown_is_what_the_expectations_say():
    """The hand-written expectations tell the statuses, outcomes and questions that the collection has."""
    told: set[tuple[str, ...]] = set()
    coverage = whole().of(policy())
    own = {(x.case, x.sequence) for x in coverage.lines}
    assert len(own) > 170
    for case in all_cases():
        for line in (x for x in case.expected["line"] if (case.name, x["sequence"]) in own):
            told |= {("outcome", what, line[what]) for what in ("recommendation", "basis", "next")}
            told |= {("outcome", "question", i["kind"]) for i in line.get("open_items", [])}
            told |= set(line.get("statuses", {}).items())
    leaves = {leaf.id for leaf in policy().leaves}
    for shown in coverage.items:
        if shown.dimension in ("status", "group"):
            assert (shown.dimension == "status") is (shown.key[0] in leaves)
            assert (shown.key in told) is (shown in coverage.shown_by), shown
        elif shown.dimension == "outcome" and shown.key[0] != "change":
            assert (("outcome", *shown.key) in told) is (shown in coverage.shown_by), shown
    assert coverage.counted()["status"] == (44, 45)
    assert [i.key for i in coverage.missing if i.dimension == "status"] == [("other-indication", "undocumented")]


@pytest.mark.slow
def test_every_ambiguity_that_moves_something_is_shown_to():
    coverage = whole().of(policy())
    assert [i for i in coverage.missing if i.dimension in ("reading", "hinge", "branch", "scope")] == []
    notations = {i.key[0] for i in coverage.items if i.dimension == "hinge"}
    assert notations == {a.notation for a in policy().ambiguities if set(a.affects) != {"note"}}


@pytest.mark.slow
def test_without_a_case_is_missing_what_it_alone_shows():
    before = whole().of(policy())
    alone = {c.name: before.only_by(c.name) for c in whole().cases}
    for name, items in alone.items():
        after = whole().without(name).of(policy())
        assert set(after.missing) - set(before.missing) == set(items), name
    assert sum(bool(items) for items in alone.values()) > 40


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["imaging-support-contradicted", "injection-helped", "trauma-contradicted", "indication-judgements-contradict"],
)
def test_a_case_is_proposed_for_a_status_that_went_with_a_case(name):
    before = whole().of(policy())
    gone = [i for i in before.only_by(name) if i.dimension == "status"]
    proposer = Proposer(policy(), Reviewer(load()), whole().without(name))
    for one in gone:
        found, _ = proposer.propose((one,))
        assert isinstance(found, Proposal)
        assert one in found.shows
    assert len(gone) >= 1
    assert not set(gone) & set(proposer.coverage.missing)


def test_a_person_has_confirmed_every_shipped_case():
    assert [c.name for c in read_cases(CASES) if not c.confirmed] == []


def test_hand_checked_items_of_a_few_cases():
    shown = small().of(policy()).shown_by
    assert shown[item("status", "physical-therapy", "conflicting")] == ("physical-therapy-contradicted",)
    assert shown[item("status", "trauma-waiver", "conflicting")] == ("trauma-contradicted",)
    assert shown[item("term", "mandate", "covers")] == ("mandate-covers",)
    assert shown[item("scope", "ApproachInScope", "failed")] == ("approach-laparoscopic",)
    assert shown[item("note", "SeveralUnits")] == ("several-units",)
    assert shown[item("rule", "PlexusShownFree")] == ("compression-plexus-mri-normal",)
    assert shown[item("rule", "InsignificanceStated")] == ("symptoms-stated-absent",)
    assert shown[item("outcome", "basis", "mandate")] == ("mandate-covers",)
    assert "spine-decompression-under-64714" in shown[item("route", "CMM-608")]
    # The laparoscopic line is out of scope by default, and excluded under the other reading of A20.
    assert "approach-laparoscopic" in shown[item("rule-decides", "AnotherApproachRequested")]
    # Each criterion of the complete record decides alone, but for the waiver, which nothing needs there.
    alone = {i.key[0] for i in small().lines[SMALL.index("complete-record")].items if i.dimension == "alone"}
    assert alone == {leaf.id for leaf in policy().leaves} - {"trauma-waiver"}


def test_a_shape_decides_where_evidence_lacks_nothing_else():
    # An approach that is not open is all that keeps the laparoscopic line out of scope.
    shown = small().of(policy()).shown_by
    assert shown[item("shape", "OpenOrUnstatedApproach")] == ("approach-laparoscopic",)
    # The normal MRI would show compression if only it were present.
    assert "compression-plexus-mri-normal" in shown[item("shape", "evidence#Present")]
    assert item("shape", "TargetElsewhere") not in shown


def test_every_dimension_counts_and_nothing_unknown_is_shown():
    coverage = small().of(policy())
    assert list(coverage.counted()) == list(DIMENSIONS)
    assert set(coverage.shown_by) <= set(coverage.items)
    assert all(of > 0 and 0 <= shown <= of for shown, of in coverage.counted().values())
    assert len(set(coverage.items)) == len(coverage.items)
    assert 0 < coverage.percent < 100


def test_pairs_are_of_two_criteria_and_never_shown():
    coverage = small().of(policy())
    for a, b in coverage.pairs():
        assert a.key[0] != b.key[0]
        assert not any(a in line.items and b in line.items for line in coverage.lines)
    leaves = len(policy().leaves)
    assert coverage.all_pairs() == leaves * (leaves - 1) // 2 * 25


# ---- Branches of the logic program ------------------------------------------------------------------


def branch(text: str) -> Item:
    """The branch whose rule contains some text."""
    (found,) = (b for b in branches() if text in b.text)
    return Item("branch", (found.id,))


def test_branches_are_the_rules_with_a_body():
    text = re.sub(r"%.*", "", program_file().read_text(encoding="utf-8"))
    assert len(branches()) == text.count(":-") - 1  # but for the guard that exactly one answer comes
    lines = program_file().read_text(encoding="utf-8").splitlines()
    assert all(":-" in lines[b.line - 1] for b in branches())


def test_branches_reached_by_a_vector():
    program = BranchProgram(policy())
    at = {b.text: b.line for b in branches()}

    def line(text: str) -> int:
        return next(number for rule, number in at.items() if text in rule)

    favourable = tuple(Status.UNMET if leaf.iri in policy().exclusions else Status.MET for leaf in policy().leaves)
    default = policy().default_readings
    approved = program.reached(favourable, default, NO_AUTHORITY)
    assert line('recommend("approve")') in approved
    assert not {line('recommend("deny")'), line("says(A,yes) :-"), line("#false :- exclusive")} & approved
    both = program.reached((Status.MET,) * len(favourable), default, NO_AUTHORITY)
    assert line("#false :- exclusive") in both
    assert line('recommend("approve")') not in both
    covered = program.reached(favourable, default, Authority(frozenset({("mandate", "covers")})))
    assert {line("says(A,yes) :-"), line("covered :- says(mandate,yes)")} <= covered
    assert program.outside() == {line('recommend("not-applicable")')}


def test_a_branch_goes_with_the_only_case_that_reaches_it():
    before, after = small().of(policy()), small().without("mandate-covers").of(policy())
    gone = {branch("covered :- says(mandate,yes)"), branch("says(A,yes) :-")}
    assert {i for i in after.missing if i.dimension == "branch"} - set(before.missing) == gone
    assert after.counted()["branch"][0] == before.counted()["branch"][0] - len(gone)


# ---- The search sees what a review sees -------------------------------------------------------------

FROZEN = (
    ":- was(S,P,O), not t(S,P,O).",
    ":- t(S,P,O), may(S,P,O), not was(S,P,O).",
    ":- before(N), not use(N).",
    ":- use(N), not before(N).",
)
"""The record from which a search starts, and no other."""


@pytest.mark.sampled(every=15)
def test_the_search_sees_a_record_as_a_review_does(case):
    (result,) = review(case.request, as_of=case.as_of)
    if len(result.lines) != 1 or not result.lines[0].criteria:
        pytest.skip("the search starts from records of one line in scope")
    if result.lines[0].policy.number != policy().number:
        pytest.skip("the search is for records of another policy")
    proposer = lacking()
    one = review_cases([c for c in read_cases(CASES) if c.name == case.name], proposer.reviewer)
    proposer.collection = one
    start = proposer.start_of(one.lines[0])
    search = Search(policy(), proposer.shapes, proposer.usage, start, Wanted(lambda _: FROZEN), {})
    assert search.rules.unsupported == set()
    found = search.solve(30)
    assert set(found.triples) == {t for t in start.triples if isinstance(t[0], NamedNode)}
    leaves = {leaf.iri for leaf in policy().leaves}
    assert {k: v.value for k, v in found.statuses.items()} == {
        c.iri: c.status for c in result.lines[0].criteria if c.iri in leaves
    }


def test_what_a_usable_request_must_have_is_named_where_it_forbids_a_record():
    proposer = lacking()
    start, usually = proposer.beginning((item("status", "compression", "met"),))
    orphan = (
        "reported(N) :- t(_,clin_hasFinding,N).",
        "shown :- on(N,clin_Finding), not reported(N).",
        ":- not shown.",
    )
    search = Search(policy(), proposer.shapes, proposer.usage, start, Wanted(lambda _: orphan), usually)
    found = search.solve(30)
    assert found.impossible
    assert [compact(i) for i in found.because] == ["reqs:InStudy"]


# ---- Proposals --------------------------------------------------------------------------------------

TARGETS = [
    ("status", "compression", "to-judge"),
    ("status", "physical-therapy", "conflicting"),
    ("status", "injection", "unmet"),
    ("status", "clinical-support", "conflicting"),
    ("status", "trauma-waiver", "met"),
    ("group", "treatments", "unmet"),
    ("alone", "trauma-waiver"),
    ("rule", "CompressionOnOtherSide"),
    ("rule", "AnotherApproachRequested"),
    ("rule", "SpineSurgeryRequestedTogether"),
    ("rule-decides", "ImagingJudgedBySomeoneElse"),
    ("shape", "NotSuperseded"),
    ("shape", "PainScoreFourOrMore"),
    ("reading", "A10", "any-one"),
    ("reading", "A22", "request-date"),
    ("hinge", "A23"),
    ("scope", "ApproachInScope", "failed"),
    ("constraint", "OneIndication"),
    ("term", "mandate", "may bind"),
    ("note", "BilateralLine"),
    ("note", "S34\\.4XXA$"),
    ("route", "CMM-609"),
    ("outcome", "basis", "plan-exclusion"),
    ("outcome", "change", "new-event"),
    ("branch", branch("plan_says_no :-").key[0]),
]


def checked(found: Proposal, tmp_path, library=None) -> None:
    """A proposal is in the normal form, is accepted, and gives what its expectations say."""
    folder = tmp_path / found.name
    folder.mkdir()
    request = folder / "request.ttl"
    request.write_text(found.request, encoding="utf-8")
    assert turtlefmt("--check", str(request)).returncode == 0
    prefixes = re.findall(r"^@prefix (\S*):", found.request, re.M)
    assert prefixes == sorted(prefixes)
    expected = tomllib.loads(found.expected)
    assert expected["confirmed"] is False
    assert "a person" in found.request
    (result,) = review(request, as_of=expected["as_of"], library=library)
    lines = {x.sequence: x for x in result.lines}
    assert set(lines) == {x["sequence"] for x in expected["line"]}
    for told in expected["line"]:
        line = lines[told["sequence"]]
        assert (line.recommendation, line.basis, line.next) == (told["recommendation"], told["basis"], told["next"])
        assert {c.id: c.status for c in line.criteria} == told.get("statuses", {})
        items = [(i.criterion, i.kind.value) for i in line.open_items]
        assert items == [(i["criterion"], i["kind"]) for i in told.get("open_items", [])]


@pytest.mark.parametrize("target", TARGETS, ids="-".join)
def test_a_case_is_proposed_for_what_is_missing(target, tmp_path):
    wanted = item(*target)
    found, tried = lacking().propose((wanted,))
    assert isinstance(found, Proposal), found
    assert tried >= 1
    checked(found, tmp_path)
    seen = Reviewer(load()).lines_of("again", found.request.encode(), tomllib.loads(found.expected)["as_of"])
    assert any(wanted in line.items for line in seen)
    assert found.name not in {c.name for c in read_cases(CASES)}


def test_a_case_that_went_is_restored():
    proposer = lacking("physical-therapy-contradicted")
    assert item("status", "physical-therapy", "conflicting") in proposer.coverage.missing
    found, _ = proposer.propose((item("status", "physical-therapy", "conflicting"),))
    assert item("status", "physical-therapy", "conflicting") not in proposer.coverage.missing
    # One piece of evidence more than the nearest case is enough.
    near = case_named(found.nearest).request.read_text(encoding="utf-8")
    nodes = [len(re.findall(r"^:\S+ a clin:", text, re.M)) for text in (near, found.request)]
    assert nodes[1] == nodes[0] + 1


def test_two_statuses_are_shown_together(tmp_path):
    pair = (item("status", "compression", "conflicting"), item("status", "physical-therapy", "unmet"))
    found, _ = lacking().propose(pair)
    assert set(pair) <= {i for line in found.lines for i in line.items}
    checked(found, tmp_path)


def test_what_cannot_occur_is_told_apart_from_what_is_not_found():
    # Without this shape, a failed injection at the plexus counts already.
    found, tried = lacking().propose((item("shape", "TargetElsewhere"),))
    assert isinstance(found, Failure)
    assert (found.impossible, found.in_time, tried) == (True, True, 0)
    short, _ = lacking().propose((item("shape", "TargetElsewhere"),), seconds=0)
    assert (short.impossible, short.in_time) == (False, False)


def test_a_record_that_a_review_sees_otherwise_is_not_proposed(monkeypatch, tmp_path):
    """The search is told a wrong rule: that what must be weighed counts against a criterion."""
    right = "st(W,L,unmet)        :- weigh(W,L), has(W,L,against),"
    text = solve.RULES.read_text(encoding="utf-8")
    assert right in text
    wrong = tmp_path / "records.lp"
    wrong.write_text(text.replace(right, right.replace("against", "considered")), encoding="utf-8")
    monkeypatch.setattr(solve, "RULES", wrong)
    found, tried = lacking().propose((item("status", "physical-therapy", "unmet"),))
    assert isinstance(found, Failure)
    assert (found.impossible, found.in_time, tried) == (False, True, 3)


# ---- A policy without cases -------------------------------------------------------------------------


def from_scratch() -> Proposer:
    return Proposer(fictional(), Reviewer(load(LIBRARY)), Collection((), ()))


def test_generated_shapes_of_the_fictional_policy_are_up_to_date():
    done = CliRunner().invoke(main, ["shapes", "--check", "--library", str(LIBRARY)])
    assert done.exit_code == 0, done.output
    assert turtlefmt("--check", str(LIBRARY)).returncode == 0


def test_a_policy_without_cases_gets_a_first_one_that_is_approved(tmp_path):
    proposer = from_scratch()
    run = proposer.run(8, 120)
    assert len(run.proposals) == 8
    assert run.proposals[0].items == (FIRST,)
    assert run.proposals[0].nearest is None
    assert FIRST in run.proposals[0].shows
    for one in run.proposals:
        checked(one, tmp_path, LIBRARY)
    assert {one.nearest for one in run.proposals[1:]} == {run.proposals[0].name}
    assert [i for one in run.proposals[1:] for i in one.items] == [
        Item("status", key)
        for key in [
            ("pain", "unmet"),
            ("pain", "conflicting"),
            ("pain", "undocumented"),
            ("therapy", "unmet"),
            ("therapy", "conflicting"),
            ("therapy", "to-judge"),
            ("therapy", "undocumented"),
        ]
    ]
    assert [f.items[0].key for f in run.failures if f.impossible] == [("pain", "to-judge")]


def test_durations_and_numbers_of_members_are_looked_for():
    proposer = from_scratch()
    proposer.propose((FIRST,))
    shape = next(i for i in universe(fictional()) if i.dimension == "shape" and i.key[0].endswith("#SixWeeks"))
    found, _ = proposer.propose((shape,))
    days = dict(re.findall(r"clin:(startDate|endDate) \"(\S+)\"", found.request))
    assert shape in {i for line in found.lines for i in line.items}
    assert "clin:startDate" in found.request or days
    unmet, _ = proposer.propose((Item("group", ("measures", "unmet")),))
    assert unmet.request.count("clin:AdequateRelief") == 2


def test_a_search_says_how_far_it_came():
    run = from_scratch().run(3, 0)
    assert (run.proposals, run.timed_out) == ([], True)
    assert run.left == len(universe(fictional())) + 1  # every item, and the first case
    done = from_scratch().run(500, 1)
    assert done.timed_out
    assert done.left > 0


# ---- The collection as files ------------------------------------------------------------------------


def copy(tmp_path, *names: str):
    for name in names:
        shutil.copytree(CASES / name, tmp_path / name)
    return tmp_path


def plexus(*arguments: str):
    return CliRunner().invoke(main, ["cases", *map(str, arguments)])


def test_several_processors_find_what_one_finds():
    cases = [c for c in read_cases(CASES) if c.name in SMALL[:3]]
    found = sorted(review_all(cases, None, processes=2), key=lambda one: one.case.name)
    assert [x for one in found for x in one.lines] == [x for x in small().lines if x.case in SMALL[:3]]


def test_the_report_counts_and_lists_what_is_missing(tmp_path):
    done = plexus("--cases", copy(tmp_path, "complete-record", "mandate-covers"))
    assert done.exit_code == 0, done.output
    assert f"2 cases with 2 lines in {tmp_path}" in done.output
    assert re.search(r"^ +10 of +45  statuses of criteria$", done.output, re.M)
    assert re.search(r"^ +8 of +15  outcomes of groups$", done.output, re.M)
    assert "“documented compression” is unmet" in done.output
    assert re.search(r"and \d+ more; --format json has all", done.output)


def test_json_has_every_item_with_its_cases(tmp_path):
    done = plexus(
        "--cases", copy(tmp_path, "complete-record", "mandate-covers"), "--format", "json", "--policy", "0587"
    )
    told = json.loads(done.output)
    (found,) = told["policies"]
    both = small().without(*(n for n in SMALL if n not in ("complete-record", "mandate-covers"))).of(policy())
    assert found["percent"] == round(both.percent, 2)
    assert [tuple(i["key"]) for i in found["missing"]] == [i.key for i in both.missing]
    assert {(i["dimension"], *i["key"]): tuple(i["cases"]) for i in found["shown"]} == {
        (i.dimension, *i.key): cases for i, cases in both.shown_by.items()
    }
    assert all(
        i["text"] and not i["text"].endswith(".") or i["dimension"] in ("note", "branch") for i in found["missing"]
    )


def test_too_little_shown_fails(tmp_path):
    folder = copy(tmp_path, "complete-record")
    assert plexus("--cases", folder, "--policy", "0587", "--fail-under", "5").exit_code == 0
    done = plexus("--cases", folder, "--policy", "0587", "--fail-under", "99")
    assert done.exit_code == 1
    assert re.search(r"Policy 0587, edition 2025-12-01: \d+\.\d % shown, less than 99 %\.", done.output)


def test_proposed_cases_are_written_and_then_counted(tmp_path):
    out = tmp_path / "cases"
    options = ("--library", LIBRARY, "--policy", "F-100", "--cases", out)
    out.mkdir()
    done = plexus(*options, "--missing", "-n", "3", "-o", out)
    assert done.exit_code == 0, done.output
    names = sorted(p.name for p in out.iterdir())
    assert names == ["complete-record-f-100", "pain-conflicting", "pain-unmet"]
    assert all(sorted(p.name for p in (out / n).iterdir()) == ["expected.toml", "request.ttl"] for n in names)
    report = plexus(*options)
    assert "Not confirmed by a person yet: complete-record-f-100, pain-conflicting, pain-unmet" in report.output
    more = plexus(*options, "--missing", "-n", "1")
    assert "# ==== pain-undocumented/request.ttl" in more.output
    assert "nearest case: complete-record-f-100" in more.output
    assert sorted(p.name for p in out.iterdir()) == names


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "out" / "complete-record-f-100").mkdir(parents=True)
    (tmp_path / "cases").mkdir()
    options = ("--library", LIBRARY, "--policy", "F-100", "--cases", tmp_path / "cases")
    done = plexus(*options, "--missing", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "complete-record-f-100 exists already; name another folder with -o." in done.output
    assert list((tmp_path / "out" / "complete-record-f-100").iterdir()) == []
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    done = plexus(*options, "--missing", "-o", tmp_path / "file" / "cases")
    assert done.exit_code == 1
    assert "cannot be written" in done.output


def test_a_search_that_is_stopped_exits_with_three(tmp_path):
    options = ("--library", LIBRARY, "--policy", "F-100", "--cases", tmp_path, "--missing")
    done = plexus(*options, "-n", "400", "--timeout", "1", "--format", "json")
    assert done.exit_code == 3
    search = json.loads(done.output)["policies"][0]["search"]
    assert search["timed_out"]
    assert search["not_looked_for"] > 0


# ---- Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--cases", "nowhere"), 1, "nowhere: is no folder. Name the folder that holds the folders of the cases."),
        (("--policy", "9999"), 2, "There is no policy 9999 with a criteria tree. Known: 0587/2025-12-01"),
        (("--policy", "0587/2020-01-01"), 2, "There is no policy 0587/2020-01-01"),
        (("-n", "2"), 2, "-n and -o belong to --missing."),
        (("--missing", "-n", "0"), 2, "0 is not in the range"),
        (("--fail-under", "101"), 2, "101"),
        (("--timeout", "0"), 2, "0"),
    ],
)
def test_wrong_usage_is_told(arguments, code, said):
    done = plexus(*arguments)
    assert done.exit_code == code
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"request.ttl": ""}, "has no expected.toml. Add it with a title and as_of, the day of the review."),
        ({"expected.toml": "as_of = 2026-03-01"}, "has no request. Add request.ttl, or remove the folder."),
        ({"request.ttl": "", "expected.toml": "as_of = "}, "is not TOML"),
        ({"request.ttl": "", "expected.toml": "title = 'x'"}, "does not tell the day of the review."),
        ({"request.ttl": "", "expected.toml": "as_of = 'soon'"}, "does not tell the day of the review."),
    ],
)
def test_a_case_that_lacks_something_is_told(files, said, tmp_path):
    (tmp_path / "mine").mkdir()
    for name, text in files.items():
        (tmp_path / "mine" / name).write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=re.escape(said)) as raised:
        read_cases(tmp_path)
    assert "mine" in str(raised.value)
    done = plexus("--cases", tmp_path)
    assert done.exit_code == 1
    assert said in done.output


def test_a_refused_case_is_told_and_the_others_are_counted(tmp_path):
    copy(tmp_path, "complete-record")
    bad = copy(tmp_path / "more", "mandate-covers") / "mandate-covers"
    shutil.move(bad, tmp_path / "broken")
    shutil.rmtree(tmp_path / "more")
    text = (tmp_path / "broken" / "request.ttl").read_text(encoding="utf-8")
    (tmp_path / "broken" / "request.ttl").write_text(text.replace("cov:Standard", "cov:Stendard"), encoding="utf-8")
    done = plexus("--cases", tmp_path)
    assert done.exit_code == 1
    assert "2 cases with 1 line" in done.output
    assert "broken: " in done.output
    assert "Did you mean cov:Standard?" in done.output
