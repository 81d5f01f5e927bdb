"""``plexus docs``: every link resolves, nothing comes from outside, the same graph gives the same bytes."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT
from test_graph import contrast

from reasoner.cli import main
from reasoner.cli.explore import MARKER
from reasoner.errors import PolicyError
from reasoner.library import open_library
from reasoner.query import questions
from reasoner.render.docs import build
from reasoner.render.docs.page import STYLE
from reasoner.render.docs.site import Site, stem_of
from reasoner.vocabulary import PREFIXES

P0587 = "https://w3id.org/plexus/policy/0587#"
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Reader(HTMLParser):
    """Collects what the checks need and insists that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.heads: list[int] = []
        self.lang = ""
        self.title = ""
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[k] for k in ("href", "src") if k in found]
        self.lang = found.get("lang", "") if tag == "html" else self.lang
        if re.fullmatch("h[1-6]", tag):
            self.heads.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-2:] == ["head", "title"]:
            self.title += data


@cache
def site() -> dict[str, str]:
    return build()


@cache
def pages() -> dict[str, Reader]:
    return {name: Reader(text) for name, text in site().items() if name.endswith(".html")}


def broken(files: dict[str, str], read: dict[str, Reader]) -> list[tuple[str, str]]:
    out = []
    for name, reader in read.items():
        for link in reader.links:
            target, _, key = link.partition("#")
            target = target or name
            if target not in files or (key and key not in read[target].ids):
                out.append((name, link))
    return out


def test_every_link_resolves():
    assert broken(site(), pages()) == []


def test_a_broken_link_would_be_seen():
    page = '<html><body><a href="nosuch.html">x</a><a href="#nosuch">y</a><b id="here"></b></body></html>'
    read = {"a.html": Reader(page)}
    assert broken({"a.html": page}, read) == [("a.html", "nosuch.html"), ("a.html", "#nosuch")]


@pytest.mark.parametrize("name", sorted(n for n in site() if n.endswith(".html")))
def test_a_page_is_well_made(name):
    page = pages()[name]
    assert page.lang == "en"
    assert page.title
    assert page.heads[0] == 1
    assert page.heads.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.heads, page.heads[1:], strict=False)), "a heading level is skipped"
    doubled = [k for k, n in Counter(page.ids).items() if n > 1]
    assert doubled == []
    assert not {"script", "iframe", "object", "img"} & set(page.tags)
    assert page.links[:2] == ["style.css", "#_main"]
    assert not [x for x in page.links if re.match(r"[a-z]+:|//", x)]
    assert not re.search(r"\son[a-z]+=|javascript:", site()[name].split("</header>")[0])


def test_nothing_in_the_style_comes_from_outside():
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_the_colours_of_text_stand_out():
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", STYLE))
    for ink in ("ink", "soft", "link"):
        for ground in ("#ffffff", colours["ground"], "#fff8c5"):
            assert contrast(colours[ink], ground) >= 4.5


def test_every_term_has_an_entry_under_the_fragment_of_its_iri():
    library = open_library()
    for file in library.files:
        ids = set(pages()[f"{stem_of(file.path)}.html"].ids)
        for node in file.subjects:
            fragment = node.value.partition("#")[2]
            assert not fragment or fragment in ids, node.value
    assert Site(library).href(PREFIXES["cov"] + "Criterion") == "coverage.html#Criterion"
    assert (
        Site(library).href("https://w3id.org/plexus/shapes/policy/0587#ListedModality")
        == "shapes-policy-0587.html#ListedModality"
    )


def test_the_turtle_stands_beside_every_page():
    for file in open_library().files:
        stem = stem_of(file.path)
        assert site()[f"{stem}.ttl"] == (ROOT / file.path).read_text(encoding="utf-8")
        assert f"{stem}.ttl" in pages()[f"{stem}.html"].links


def test_the_policy_page_tells_criteria_places_readings_and_messages(policy):
    text = site()["policy-0587.html"]
    for criterion in policy.criteria:
        assert criterion.plain.replace("'", "&#x27;") in text
    for ambiguity in policy.ambiguities:
        assert ambiguity.default_reason.replace("'", "&#x27;") in text
    assert "Coverage Policy, page 2" in text
    assert "It does not come from MRI, CT, EMG/NCS or ultrasound." in text
    assert "<svg" in text
    assert "CMM-608" in site()["index.html"]


def test_every_case_is_listed():
    names = {p.parent.name for p in CASES.glob("*/expected.toml")}
    assert names <= set(pages()["cases.html"].ids)


def menu(name: str) -> str:
    return site()[name].split('<nav aria-label="Documentation">')[1].split("</nav>")[0]


def contents(name: str) -> list[str]:
    found = re.search(r'<nav class="contents".*?</nav>', site()[name])
    return re.findall(r'href="#[^"]*">(.*?)</a>', found.group()) if found else []


def test_the_menu_names_every_page_by_its_title_and_part():
    text = menu("index.html")
    for file in open_library().files:
        assert f'<a href="{stem_of(file.path)}.html">{file.title}</a>' in text
    assert re.findall("<span>(.*?)</span>", text) == ["Overview", "Policies", "Vocabulary", "Source texts", "Shapes"]
    assert "Literature that the policies refer to" in text
    assert ">Policy 0587.anchors<" not in text
    assert menu("codes.html").count("aria-current") == 1


@pytest.mark.parametrize("name", sorted(n for n in site() if n.endswith(".html") and not n.startswith("case-")))
def test_the_menu_of_a_page_names_its_sections_in_plain_words(name):
    heads = contents(name)
    assert not [h for h in heads if h.startswith("Kind:")]
    assert len(heads) <= 9
    for head in heads:
        assert not re.search("[a-z][A-Z]", head), head


def test_kinds_of_things_stand_below_one_heading_where_they_are_many():
    assert "Other terms by kind" in contents("policy-0587.html")
    assert re.search(r"<h3 id=[^>]*>Switched facet \(\d+\)</h3>", site()["policy-0587.html"])


def test_codes_come_first_and_mappings_last():
    page = site()["codes.html"]
    heads = [h.partition(" (")[0] for h in contents("codes.html")]
    assert heads[:2] == ["Terms from A to Z", "Code"]
    assert heads[-1] == "Mappings"
    index = page.split('id="_index"')[1].split("<h2")[0]
    assert "G54.1" in index
    assert " is a kind of " not in index
    assert " is related to " not in index


def test_a_code_tells_to_what_it_maps():
    entry = site()["codes.html"].split('<article id="G54.1">')[1].split("</article>")[0]
    told = re.search(r"<dt>maps to</dt><dd>(.*?)</dd>", entry)
    assert told is not None
    assert ">disorder of the lumbosacral plexus</a> (" in told.group(1)
    assert "confidence 0.90" in told.group(1)
    assert "annotated source" not in entry


def test_questions_are_grouped_by_what_they_need():
    page = site()["questions.html"]
    groups = re.findall(r'<h2 id="_group-\d">(.*?) \((\d+)\)</h2>\n(.*?)</ul>', page, re.S)
    assert [name for name, _, _ in groups] == [
        "About the graph alone",
        "About the graph, with values that you can set",
        "About reviews: give them with --data or --review",
    ]
    asked = questions()
    assert sum(int(n) for _, n, _ in groups) == len(asked)
    for question in asked:
        (name,) = [g for g, _, body in groups if f'href="#question-{question.name}"' in body]
        assert ("reviews" in name) is question.about_reviews
        assert question.about_reviews or ("values" in name) is bool(question.parameters)
    assert "plexus query recommendations --review REQUEST" in page
    assert "--set code=..." in page


def test_every_case_has_a_readable_page():
    for path in CASES.glob("*/expected.toml"):
        name = path.parent.name
        assert f"case-{name}.html" in pages()["cases.html"].links
        assert f"case-{name}.ttl" in pages()[f"case-{name}.html"].links


def test_the_page_of_a_case_tells_request_record_and_outcome():
    page = site()["case-plan-covers-unconditionally.html"]
    for part in (
        "The plan covers the procedure without conditions.",
        "What is asked: request PA-2026-0130",
        "Line 1: code 64714, left, for compression of the lumbar plexus by scar (G54.1), left, service on 2026-03-20.",
        "pain present, left, in the front of the thigh, stated as significant (2026-01-20; Neurology clinic note)",
        "“Nerve surgery rider” (Section 8.2): covers",
        "<dt>recommendation</dt><dd>approve</dd><dt>basis</dt><dd>plan-term</dd><dt>next</dt><dd>nothing further</dd>",
        '<a href="policy-0587.html#DocumentedCompression">documented compression</a>',
        "unmet, does not exclude",
        "--as-of 2026-03-01",
    ):
        assert part in page, part


def test_two_runs_give_the_same_bytes():
    open_library.cache_clear()
    assert build() == site()


# ---- A folder of somebody else's making ------------------------------------------------------------


@pytest.fixture
def other(tmp_path) -> Path:
    root = tmp_path / "graph"
    shutil.copytree(ROOT / "ontology", root / "ontology")
    shutil.copytree(ROOT / "shapes", root / "shapes")
    return root


def test_new_files_and_questions_appear_and_are_escaped(other):
    (other / "ontology" / "sources").mkdir(exist_ok=True)
    (other / "ontology" / "sources" / "extra.ttl").write_text(
        """@prefix x: <https://w3id.org/plexus/extra#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        @prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix y: <https://w3id.org/plexus/other#> .
        x:One rdfs:label "<script>alert(1)</script>" ; skos:definition "a & b" ; rdfs:seeAlso y:One .
        y:One rdfs:label "“quoted”" ; rdfs:seeAlso "tab\\tand\\u0001control" , ( x:One [ rdfs:label "in a list" ] ) ."""
    )
    (other / "ontology" / "questions").mkdir(exist_ok=True)
    (other / "ontology" / "questions" / "which-<b>.rq").write_text("# Which <b> & why?\nSELECT * { ?s ?p '<i>' }\n")
    files = build(other)
    read = {n: Reader(t) for n, t in files.items() if n.endswith(".html")}
    assert broken(files, read) == []
    page = files["source-extra.html"]
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x01" not in page
    assert {"One", "One-2"} <= set(read["source-extra.html"].ids)
    assert "Which &lt;b&gt; &amp; why?" in files["questions.html"]
    assert files["cases.html"].count("No cases are kept") == 1


def test_another_policy_with_clauses_and_anchors_appears(other):
    (other / "ontology" / "policies" / "cmm-999.ttl").write_text(
        """@prefix : <https://w3id.org/plexus/policy/cmm-999#> . @prefix cov: <https://w3id.org/plexus/coverage#> .
        @prefix dcterms: <http://purl.org/dc/terms/> . @prefix oa: <http://www.w3.org/ns/oa#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :Clause a :Part ; rdfs:label "first clause" ; cov:anchor :Anchor .
        :Anchor cov:inSection :General ; cov:page 3 ; oa:start 10 ; oa:end 20 .
        :General dcterms:title "General" ."""
    )
    files = build(other)
    assert '<a href="policy-cmm-999.html">Policy cmm-999</a>' in files["index.html"]
    assert "General, page 3, characters 10 to 20" in files["policy-cmm-999.html"]
    assert 'id="Clause"' in files["policy-cmm-999.html"]


def test_a_term_of_another_file_is_linked_to_its_definition():
    page = site()["alignments.html"]
    assert '<a href="coverage.html#Criterion">criterion</a>' in page
    assert "A condition of a coverage statement." not in page


def test_a_file_of_further_statements_takes_no_term_away(other):
    (other / "ontology" / "a-inferred.ttl").write_text(
        "@prefix p: <https://w3id.org/plexus/policy/0587#> . p:DocumentedCompression a <urn:x:Inferred> ."
    )
    assert Site(open_library(other)).href(P0587 + "DocumentedCompression") == "policy-0587.html#DocumentedCompression"
    files = build(other)
    assert broken(files, {n: Reader(t) for n, t in files.items() if n.endswith(".html")}) == []


def test_a_file_named_like_a_list_does_not_replace_it(other):
    (other / "ontology" / "cases.ttl").write_text("<urn:x:a> <urn:x:p> 1 .")
    files = build(other)
    assert "terms-cases.html" in files
    assert "<title>Cases" in files["cases.html"]


def test_a_broken_case_is_named(other):
    (other / "cases" / "bad").mkdir(parents=True)
    (other / "cases" / "bad" / "expected.toml").write_text("title = ")
    with pytest.raises(PolicyError, match="is not TOML"):
        build(other)


def test_a_case_that_cannot_be_read_has_a_page_that_says_so(other):
    folder = other / "cases" / "odd"
    folder.mkdir(parents=True)
    (folder / "expected.toml").write_text('title = "<b>"\nas_of = 2026-03-01\nline = "none"\n')
    (folder / "request.ttl").write_text("<urn:x:a> <urn:x:b> <urn:x:c> .")
    files = build(other)
    assert "no node is a cov:Request" in files["case-odd.html"]
    assert "&lt;b&gt;" in files["case-odd.html"]
    assert broken(files, {n: Reader(t) for n, t in files.items() if n.endswith(".html")}) == []


# ---- The command -----------------------------------------------------------------------------------


def docs(*args: str):
    return CliRunner().invoke(main, ["docs", *args])


def test_the_folder_is_created_and_brought_up_to_date(tmp_path):
    target = tmp_path / "a" / "b"
    assert docs("-o", str(target)).exit_code == 0
    first = {p.name: p.read_bytes() for p in target.iterdir()}
    (target / "stale.html").write_text("old")
    (target / MARKER).write_text((target / MARKER).read_text() + "stale.html\n../../keep.txt\n..\n.\n")
    (tmp_path / "keep.txt").write_text("mine")
    assert docs("-o", str(target)).exit_code == 0
    assert {p.name: p.read_bytes() for p in target.iterdir()} == first
    assert (tmp_path / "keep.txt").exists()


def test_a_folder_of_other_files_is_refused_unless_forced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    refused = docs("-o", str(tmp_path))
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    assert docs("-o", str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_file_in_the_way_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        result = docs("-o", str(target))
        assert result.exit_code != 0
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)


def test_only_what_the_documentation_could_have_written_is_removed(tmp_path):
    assert docs("-o", str(tmp_path / "d")).exit_code == 0
    marker = tmp_path / "d" / MARKER
    for name in ("notes.txt", "old.html"):
        (tmp_path / "d" / name).write_text("old")
        marker.write_text(marker.read_text() + name + "\n")
    assert docs("-o", str(tmp_path / "d")).exit_code == 0
    assert (tmp_path / "d" / "notes.txt").exists() and not (tmp_path / "d" / "old.html").exists()


@pytest.mark.parametrize("name", ["index.html", MARKER])
def test_a_page_is_never_written_through_a_link(tmp_path, name):
    (tmp_path / "d").mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "d" / name).symlink_to(tmp_path / "mine.txt")
    result = docs("-o", str(tmp_path / "d"), "--force")
    assert result.exit_code == 1 and "is a link to another place" in result.output
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert len(list((tmp_path / "d").iterdir())) == 1


def test_two_files_with_one_page_are_refused(tmp_path):
    root = tmp_path / "root"
    for part in ("ontology", "shapes"):
        shutil.copytree(ROOT / part, root / part)
    (root / "ontology" / "policy-0587.ttl").write_text("<urn:x> a <http://www.w3.org/2002/07/owl#Ontology> .")
    with pytest.raises(PolicyError, match=r"would both be the page policy-0587\.html"):
        build(root)
