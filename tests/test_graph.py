"""``plexus graph``: pictures in which nothing overlaps, nothing is cut off, and colour never speaks alone."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT, all_cases, case_named, reviewed
from hypothesis import given, settings
from hypothesis import strategies as st

from reasoner.cli import main
from reasoner.knowledge import load_policies
from reasoner.library import open_library
from reasoner.render.pictures.diagram import (
    ABOVE,
    CRITERIA,
    EXCLUDED,
    MARKINGS,
    OUTCOMES,
    Arrow,
    Diagram,
    Item,
    criteria_diagram,
)
from reasoner.render.pictures.layout import Line, Tree, place, text_width, wrap
from reasoner.render.pictures.links import links_diagram
from reasoner.render.pictures.svg import to_svg
from reasoner.render.pictures.tones import INK, PAPER, SOFT, TONES
from reasoner.render.pictures.written import to_dot, to_mermaid
from reasoner.review import review as make_review

SVG = "{http://www.w3.org/2000/svg}"
CASES = [
    "complete-record",
    "nothing-documented",
    "compression-mri-and-ct-contradict",
    "spine-decompression-under-64714",
    "diabetic-radiculoplexus-neuropathy",
    "plan-covers-unconditionally",
    "mandate-lifts-a-plan-exclusion",
    "mandate-funding-not-stated",
]
TERM_CASES = [name for name in (c.name for c in all_cases()) if name.startswith(("mandate-", "plan-"))]


def run(*args: str):
    return CliRunner().invoke(main, ["graph", *args])


def drawn(name: str) -> Diagram:
    return criteria_diagram(load_policies()[0], reviewed(name).lines[0], reviewed(name))


def words_in(diagram: Diagram) -> str:
    """The words of a picture; where a word breaks over two lines a blank stands between."""
    return " ".join(t.text or "" for t in ET.fromstring(to_svg(diagram)).iter(f"{SVG}text"))


def diagrams() -> list[Diagram]:
    policies = load_policies()
    return [
        *(criteria_diagram(p) for p in policies),
        *(drawn(name) for name in CASES),
        links_diagram(open_library()),
        *(links_diagram(open_library(), number) for number in ("0587", "CMM-606", "CMM-608", "CMM-609")),
    ]


Rect = tuple[float, float, float, float]


def rect_of(element: ET.Element) -> Rect:
    x, y, w, h = (float(element.get(k, "nan")) for k in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def extent(text: ET.Element) -> Rect:
    x, y, size = (float(text.get(k, "nan")) for k in ("x", "y", "font-size"))
    width = text_width(text.text or "", size, bold=text.get("font-weight") == "bold")
    return x, y - size, x + width, y + size * 0.3


def points(path: ET.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path.get("d") or "")]


def within(inner: Rect, outer: Rect) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] + 0.2 and inner[3] <= outer[3] + 0.2


def check_picture(diagram: Diagram) -> None:
    root = ET.fromstring(to_svg(diagram))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    nodes = list(root.iter(f"{SVG}g"))
    boxes = [rect_of(n.find(f"{SVG}rect")) for n in nodes]
    assert sorted(n.get("data-key") or "" for n in nodes) == sorted(i.key for i in diagram.items())
    assert len(boxes) == len(list(diagram.items()))
    for a, b in itertools.combinations(boxes, 2):
        assert not overlap(a, b)
    for node, box in zip(nodes, boxes, strict=True):
        for text in node.iter(f"{SVG}text"):
            assert within(extent(text), box), text.text
    texts = [extent(t) for t in root.iter(f"{SVG}text")]
    lines = [points(p) for p in root.iter(f"{SVG}path") if p.get("class") == "arrow"]
    assert len(lines) == len(diagram.arrows)
    for (x1, y1), (x2, y2) in (pair for line in lines for pair in itertools.pairwise(line)):
        bare = (min(x1, x2) + 0.1, min(y1, y2) - 0.1, max(x1, x2) - 0.1, max(y1, y2) + 0.1)
        assert not any(overlap(bare, shape) for shape in [*boxes, *texts])
        assert within(bare, (0, 0, width, height))
    for shape in [*boxes, *texts]:
        assert within(shape, (0, 0, width, height))
    for a, b in itertools.combinations(texts, 2):
        assert not overlap((a[0], a[1] + 3, a[2], a[3] - 3), (b[0], b[1] + 3, b[2], b[3] - 3))


@pytest.mark.parametrize("diagram", diagrams(), ids=lambda d: d.subtitle[:40])
def test_no_boxes_overlap_and_all_text_fits(diagram):
    check_picture(diagram)


trees = st.recursive(
    st.builds(lambda label: ("x", label, []), st.text(max_size=60)),
    lambda inner: st.builds(lambda label, kids: ("x", label, kids), st.text(max_size=60), st.lists(inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(trees, min_size=1, max_size=3))
def test_any_tree_with_any_labels_is_drawn_well(shapes):
    numbers = itertools.count()

    def item(shape) -> Item:
        key = f"k{next(numbers)}"
        return Item(key, "all of", shape[1], children=tuple(item(s) for s in shape[2]))

    check_picture(Diagram("t", "s", "d", tuple(item(s) for s in shapes)))


def test_the_check_would_see_an_overlap():
    one = Tree("a", (Line("text", 12),), (Tree("b", (Line("text", 12),)), Tree("c", (Line("text", 12),))))
    a, b, c = place([one])
    assert b.bottom < c.y
    assert a.right < b.x
    assert overlap((0, 0, 2, 2), (1, 1, 3, 3))
    assert not within(extent(ET.fromstring('<text x="0" y="10" font-size="12">much too long</text>')), (0, 0, 20, 20))


def test_a_word_wider_than_the_limit_is_cut():
    rows = wrap("a" * 80, 100, 12)
    assert len(rows) > 1
    assert all(text_width(row, 12) <= 100 for row in rows)
    assert "".join(rows) == "a" * 80


def test_every_criterion_is_in_every_form():
    (policy, *_) = load_policies()
    diagram = criteria_diagram(policy)
    keys = {c.id for c in policy.criteria}
    assert {i.key for i in diagram.items()} == keys
    for text in (to_svg(diagram), to_dot(diagram)):
        assert all(f">{k}<" in text or f'"{k}"' in text for k in keys)
    mermaid = to_mermaid(diagram)
    assert all(re.search(rf"<br/>{k}[<\"]", mermaid) for k in keys)


def test_a_picture_is_named_and_described():
    root = ET.fromstring(to_svg(links_diagram(open_library())))
    assert root.get("role") == "img"
    named = {e.get("id"): e.text for e in root if e.tag in (f"{SVG}title", f"{SVG}desc")}
    assert set((root.get("aria-labelledby") or "").split()) == set(named)
    assert all(named.values())


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", TONES)
def test_text_stands_out_from_its_ground(name):
    tone = TONES[name]
    for ink in (INK, SOFT, tone.ink):
        assert contrast(ink, tone.fill) >= 4.5
        assert contrast(ink, PAPER) >= 4.5


def test_contrast_is_measured():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#999999", "#ffffff") < 4.5


def test_outcomes_are_words_as_well_as_colours():
    for name in CASES:
        line = reviewed(name).lines[0]
        (policy, *_) = load_policies()
        by_key = {i.key: i for i in criteria_diagram(policy, line).items()}
        for result in line.criteria:
            word = result.status.replace("-", " ")
            assert word in by_key[result.id].outcome
            assert by_key[result.id].tone != "plain"
    assert len({tone for tone, _ in OUTCOMES.values()}) == len(OUTCOMES)


def test_a_met_exclusion_is_drawn_as_harm():
    (policy, *_) = load_policies()
    line = reviewed("spine-decompression-under-64714").lines[0]
    item = next(i for i in criteria_diagram(policy, line).items() if i.key == "other-indication")
    assert (item.tone, item.outcome) == ("bad", "✗ met, so it excludes")


def test_links_name_policies_codes_and_indications():
    text = " ".join(f"{i.detail} {i.label} {' '.join(i.notes)}" for i in links_diagram(open_library()).items())
    for part in ("0587", "CMM-606", "CMM-608", "CMM-609", "64714", "63047", "22612"):
        assert part in text


def test_two_nodes_of_one_policy_number_are_two_boxes(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "a.ttl").write_text(
        """@prefix x: <urn:x#> . @prefix cov: <https://w3id.org/plexus/coverage#> .
        x:a cov:number "1" ; cov:relatedPolicy x:b , x:c , x:a . x:b cov:number "2" . x:c cov:number "2" ."""
    )
    diagram = links_diagram(open_library(tmp_path), "1")
    check_picture(diagram)
    keys = [i.key for i in diagram.items()]
    assert len(keys) == len(set(keys)) == 3


def test_codes_may_be_nodes_and_other_relations_are_named(tmp_path):
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "a.ttl").write_text(
        """@prefix x: <urn:x#> . @prefix cov: <https://w3id.org/plexus/coverage#> .
        @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        x:a cov:number "1" ; cov:relatedPolicy x:b ; x:excludesIndicationOf x:b .
        x:b cov:number "2" ; cov:governsCode x:code . x:code skos:notation "63047" ."""
    )
    diagram = links_diagram(open_library(tmp_path), "1")
    check_picture(diagram)
    source, target = diagram.items()
    said = {(a.source, a.label, a.target) for a in diagram.arrows}
    assert said == {(source.key, word, target.key) for word in ("related policy", "excludes indication of")}
    assert target.notes == ("belongs here if the code is: 63047",)


def test_links_are_arrows_with_words():
    diagram = links_diagram(open_library())
    box = {i.key: i.label.split()[0] for i in diagram.items()}
    said = {(box[a.source], a.label, box[a.target], a.mutual) for a in diagram.arrows}
    assert ("0587", "routes to", "CMM-608", False) in said
    assert ("0587", "excludes indication of", "CMM-609", False) in said
    assert ("CMM-608", "requested together with", "0587", True) in said
    assert ("CMM-606", "presumed merged into", "CMM-608", False) in said
    svg, dot, mermaid = to_svg(diagram), to_dot(diagram), to_mermaid(diagram)
    heads = len(said) + sum(mutual for *_, mutual in said)
    assert svg.count('class="head"') == heads
    assert dot.count("dir=both") == mermaid.count("<-->") == 2
    for _, label, _, _ in said:
        assert f">{label}<" in svg
        assert f'label="{label}"' in dot
        assert f'|"{label}"|' in mermaid


def test_the_links_of_one_policy_are_those_in_which_it_takes_part():
    diagram = links_diagram(open_library(), "cmm-608")
    (centre,) = diagram.roots
    assert centre.label == "CMM-608 Lumbar decompression (summary model)"
    assert {c.label.split()[0] for c in (centre, *centre.children)} == {"0587", "CMM-606", "CMM-608"}
    said = {(a.label, a.target) for a in diagram.arrows if centre.key in (a.source, a.target)}
    assert ("routes to", centre.key) in said
    assert ("presumed merged into", centre.key) in said


names = st.sampled_from("abcde")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(names, st.text(max_size=40), names, st.booleans()), min_size=1, max_size=12))
def test_any_arrows_among_boxes_are_drawn_well(found):
    arrows = tuple(dict.fromkeys(Arrow(s, label, t, both) for s, label, t, both in found if s != t))
    beside = tuple(Item(k, "policy", k * 9) for k in "bcde")
    check_picture(Diagram("t", "s", "d", (Item("a", "policy", "centre", children=beside),), arrows=arrows))


# ---- What decides, and where a picture comes from --------------------------------------------------


def test_the_subtitle_says_on_what_the_recommendation_rests():
    text = words_in(drawn("plan-covers-unconditionally"))
    assert "APPROVE recommended. Basis: plan-term. Next: nothing further." in text
    assert "Plan term “Nerve surgery rider” (Section 8.2) binds" in text


@pytest.mark.parametrize("name", TERM_CASES)
def test_a_term_that_binds_or_may_bind_has_a_box(name):
    diagram = drawn(name)
    line = reviewed(name).lines[0]
    told = [n for n in line.notes if re.search(r"^(Plan term|Mandate) .* (binds: it|may bind:) ", n)]
    terms = [i for i in diagram.items() if i.heading.startswith(ABOVE)]
    assert [t.about for t in terms] == told
    assert all(t.label in n and t.outcome in {o for _, o in MARKINGS} for t, n in zip(terms, told, strict=True))
    if line.basis in ("mandate", "plan-term", "plan-exclusion"):
        assert terms[0].heading == f"{ABOVE}, which decide this line"
    check_picture(diagram)


def test_an_excluding_term_is_drawn_as_harm():
    (term, *_) = drawn("plan-excludes-the-procedure").items()
    assert (term.role, term.label, term.detail) == ("plan term", "Nerve surgery rider", "Section 8.2")
    assert (term.tone, term.outcome) == ("bad", "✗ binds: excludes")


@pytest.mark.parametrize("name", CASES)
def test_the_legend_lists_every_marking_of_the_picture(name):
    diagram = drawn(name)
    assert set(diagram.legend) == {(i.tone, i.outcome) for i in diagram.items()}


def test_the_legend_knows_the_outcomes_of_exclusions():
    assert ("bad", "✗ met, so it excludes") in drawn("diabetic-radiculoplexus-neuropathy").legend
    assert ("good", "✓ unmet, does not exclude") in drawn("complete-record").legend


def test_a_picture_tells_from_what_it_was_made():
    case = case_named("complete-record")
    (review,) = make_review(case.request, as_of=case.as_of, readings={"A10": "any-one"})
    diagram = criteria_diagram(load_policies()[0], review.lines[0], review)
    assert review.identifier
    for form in (words_in(diagram), to_dot(diagram), to_mermaid(diagram)):
        for part in (review.identifier, "Line 1", "64714", "2026-03-01", "2025-12-01", "A10"):
            assert part in form
    text = words_in(diagram)
    assert "Read otherwise than by default: A10=any-one." in text
    assert review.digests.request[:12] in text
    assert "Every wording is read as by default." in words_in(drawn("complete-record"))


def test_every_box_of_a_criterion_tells_its_place():
    (policy, *_) = load_policies()
    for diagram in (criteria_diagram(policy), drawn("complete-record")):
        assert all(i.notes[-1] == "Coverage Policy, page 2" for i in diagram.items())


def test_exclusions_stand_below_a_heading_of_their_own():
    diagram = criteria_diagram(load_policies()[0])
    for form in (words_in(diagram), to_dot(diagram), to_mermaid(diagram)):
        assert "Excluded indications" in form
    assert [r.heading for r in diagram.roots] == [CRITERIA, EXCLUDED]
    decided = drawn("diabetic-radiculoplexus-neuropathy").roots[-1].heading
    assert decided == f"{EXCLUDED}, which decides this line"


def test_a_heading_stands_above_its_boxes_only_once():
    two = [Item(k, "role", k, heading="Of one kind") for k in "ab"]
    diagram = Diagram("t", "s", "d", (Item("c", "role", "c", heading="Other"), *two))
    assert words_in(diagram).count("Of one kind") == 1
    check_picture(diagram)


def test_markup_in_a_label_stays_text():
    nasty = Diagram("<b>&\"'", 's"]', "d\\", (Item("k", "all of", '<script>"x"</script>\\ ]:::good'),))
    svg, dot, mermaid = to_svg(nasty), to_dot(nasty), to_mermaid(nasty)
    ET.fromstring(svg)
    assert "<script" not in svg
    assert '\\"x\\"' in dot
    assert "<script" not in mermaid
    assert mermaid.count(":::") == 1


@pytest.mark.parametrize(("suffix", "start"), [(".svg", "<svg"), (".dot", "digraph"), (".mmd", "flowchart")])
def test_the_suffix_tells_the_form(tmp_path, suffix, start):
    target = tmp_path / f"x{suffix}"
    assert run("-o", str(target)).exit_code == 0
    assert target.read_text(encoding="utf-8").startswith(start)


def test_a_request_is_reviewed_and_drawn():
    case = case_named("complete-record")
    result = run("--review", str(case.request), "--as-of", case.as_of.isoformat(), "--format", "mmd")
    assert result.exit_code == 0
    assert "✓ met" in result.output


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["9999"], 2, "There is no policy 9999"),
        (["-o", "picture.png"], 2, "does not tell a form"),
        (["-o", "picture.svg", "--format", "dot"], 2, "--format asks for dot"),
        (["--links", "--review", "x.ttl"], 2, "two pictures"),
        (["--as-of", "2026-01-01"], 2, "belong to --review"),
        (["--review", "nosuch.ttl"], 1, "nosuch.ttl"),
        (["--links", "9999"], 2, "No policy 9999"),
        (["CMM-606"], 2, "CMM-606 is known as a summary without a criteria tree; see plexus show CMM-606,"),
        (["cmm-606"], 2, "plexus graph --links CMM-606."),
        (["--reading", "A10=any-one"], 2, "belong to --review"),
        (["--review", str(ROOT / "cases" / "complete-record"), "--reading", "A10=no"], 2, "A10 has no reading"),
        (["--review", str(ROOT / "cases")], 2, "requests; name one of them, because a picture shows one request."),
        (["--review", str(ROOT / "tests" / "questions")], 2, "holds no request; name a file"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(args, code, says):
    result = run(*args)
    assert result.exit_code == code
    assert says in result.output
    assert "Traceback" not in result.output
    assert not Path("picture.png").exists()


def test_a_line_outside_the_policy_has_nothing_to_draw():
    case = case_named("procedure-of-another-policy")
    result = run("--review", str(case.request), "--as-of", case.as_of.isoformat())
    assert result.exit_code == 1
    assert "no outcome to draw" in result.output
    assert "plexus graph --links CMM-608" in result.output


def test_a_case_folder_stands_for_its_request():
    case = case_named("complete-record")
    day = ("--as-of", case.as_of.isoformat())
    of_folder, of_file = (run("--review", str(x), *day) for x in (case.folder, case.request))
    assert of_folder.exit_code == 0
    assert of_folder.output == of_file.output


def test_a_line_of_another_policy_is_named_with_its_cure(tmp_path):
    text = case_named("two-lines-on-one-request").request.read_text(encoding="utf-8")
    folder = tmp_path / "request"
    folder.mkdir()
    (folder / "request.ttl").write_text(text.replace('"63047"', '"63030"'), encoding="utf-8")
    asked = ("--review", str(folder), "--as-of", "2026-03-01")
    result = run(*asked, "--line", "2")
    assert result.exit_code == 1
    assert result.output.startswith("Line 2 (code 63030) has no outcome to draw, because no criterion was applied")
    assert "Draw the line to which criteria were applied with --line 1." in result.output
    assert run(*asked, "--line", "1").exit_code == 0
    assert "has several lines (1, 2). Name one line with --line." in run(*asked).output
    assert "has no line 7. Its lines: 1, 2." in run(*asked, "--line", "7").output
