"""Reviews back from JSON: the same records, and every fault of a file named with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT, Case, reviewed
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from reasoner.cli import main
from reasoner.comparing.comparison import compare
from reasoner.comparing.json_schema import misfits
from reasoner.comparing.review_file import OLDER, read_reviews
from reasoner.errors import ReviewFileError
from reasoner.render import as_json
from reasoner.resources import schema_file

SCHEMA = json.loads(schema_file("review").read_text(encoding="utf-8"))
LIBRARY = Draft202012Validator(SCHEMA, format_checker=FormatChecker(formats=["date"]))


@pytest.fixture
def file(tmp_path):
    def write(content: Any) -> str:
        path = tmp_path / "x.json"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.sampled(every=6)
def test_what_is_written_is_read_back(case: Case, tmp_path):
    one = reviewed(case.name)
    for text in (as_json.to_json([one]), as_json.to_json([one, one]), as_json.to_jsonl(one) * 2):
        path = tmp_path / "x.json"
        path.write_text(text, encoding="utf-8")
        found = read_reviews(path)
        assert all(r == one for r in found)
        assert len(found) == (1 if text.startswith("{\n") else 2)


OLD = sorted((ROOT / "tests/reviews").glob("*.json"))
"""Reviews of one case as earlier versions wrote them, one of each form that is still read."""


@pytest.mark.parametrize("path", OLD, ids=[p.stem for p in OLD])
def test_earlier_forms_are_read_and_compared(path, file):
    (found,) = read_reviews(path)
    assert found.schema == f"https://w3id.org/plexus/review/{path.stem}"
    now = reviewed("injection-undocumented")
    compared = compare(found, now)
    assert compared.same_request
    (line,) = compared.lines
    assert line.before == line.after
    assert [c.criterion for c in line.criteria if c.other_status] == []
    with pytest.raises(ReviewFileError, match="'interactions' is missing"):
        read_reviews(file(json.loads(path.read_text(encoding="utf-8")) | {"schema": now.schema}))


def test_there_is_a_review_of_every_earlier_form():
    assert {f"https://w3id.org/plexus/review/{p.stem}" for p in OLD} == set(OLDER)


def test_an_earlier_form_is_held_to_what_it_had(file):
    old = json.loads(OLD[0].read_text(encoding="utf-8"))
    del old["lines"][0]["headline"]
    with pytest.raises(ReviewFileError, match="'headline' is missing"):
        read_reviews(file(old))
    with pytest.raises(ReviewFileError, match="extra: it is not known"):
        read_reviews(file(json.loads(OLD[1].read_text(encoding="utf-8")) | {"extra": 1}))


BAD = {
    "": "is empty",
    "{": "is not JSON",
    "[]": "holds no review",
    "3": "is no review: it names no schema",
    '{"a": 1}': "is no review: it names no schema",
    '{"schema": "https://w3id.org/plexus/whatif/1.0"}': "is of the schema 'https://w3id.org/plexus/whatif/1.0'",
    '{"schema": "https://w3id.org/plexus/review/9.9"}': "which is not read here. Known: https://w3id.org/plexus/review/1.0",
    '{"schema": NaN}': "is not JSON: NaN is no number of JSON",
    '{"a": 1}\n{"b"': "line 2 is not JSON",
    "[" * 100_000: "is nested too deeply",
    "@prefix cov: <x> .": "is not JSON",
}


@pytest.mark.parametrize("content", BAD, ids=[v[:40] for v in BAD.values()])
def test_a_file_that_is_no_review_is_a_sentence(content, file):
    path = file(content)
    done = CliRunner().invoke(main, ["compare", path, path])
    assert done.exit_code == 1
    assert BAD[content] in done.stderr
    assert path in done.stderr and "Traceback" not in done.stderr


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ReviewFileError, match="cannot be read: No such file"):
        read_reviews(tmp_path / "no.json")
    path = tmp_path / "x.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(ReviewFileError, match="is not UTF-8"):
        read_reviews(path)
    ttl = CliRunner().invoke(main, ["compare", str(CASES / "complete-record/request.ttl"), str(path)])
    assert ttl.exit_code == 1 and "plexus review --format json" in ttl.stderr


def test_every_place_that_does_not_fit_is_told(file):
    data = as_json.to_dict(reviewed("injection-undocumented"))
    data["as_of"] = "2026-13-01"
    data["extra"] = 1
    data["lines"][0]["recommendation"] = "maybe"
    del data["lines"][0]["code"]
    data["digests"]["request"] = "abc"
    with pytest.raises(ReviewFileError) as caught:
        read_reviews(file(data))
    for told in (
        'as_of: "2026-13-01" is no day',
        "extra: it is not known",
        'lines[0].recommendation: it is "maybe", none of "approve"',
        "lines[0]: 'code' is missing",
        'digests.request: "abc" is not of the form',
    ):
        assert told in str(caught.value)


def test_a_determination_is_never_read(file):
    data = as_json.to_dict(reviewed("complete-record")) | {"determination": "denied"}
    with pytest.raises(ReviewFileError, match='determination: it is "denied", not null'):
        read_reviews(file(data))


# ---- The schema as plexus reads it, and as a JSON Schema library does -------------------------------


def places(value: Any, path: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for k, v in inner for p in places(v, (*path, k)))]


WHOLE = as_json.to_dict(reviewed("injection-undocumented"))
PLACES = places(WHOLE)[1:]
VALUES = st.sampled_from([None, True, 0, -1, 1.0, 1.5, "", "x", "2026-02-30", "2026-02-03", [], {}, [1], {"a": 1}])


def changed(value: Any, path: tuple, new: Any, how: str) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for step in path[:-1]:
        at = at[step]
    if how == "remove":
        del at[path[-1]]
    elif how == "add" and isinstance(at, dict):
        at["added"] = new
    else:
        at[path[-1]] = new
    return copy


@given(st.sampled_from(PLACES), VALUES, st.sampled_from(["replace", "remove", "add"]))
@settings(max_examples=400, deadline=None)
def test_a_schema_is_read_as_a_library_reads_it(path, new, how):
    value = changed(WHOLE, path, new, how)
    assert (not list(misfits(value, SCHEMA))) is LIBRARY.is_valid(value)


def test_the_published_schemas_use_known_keywords_only():
    for name in ("review", "whatif", "comparison"):
        schema = json.loads(schema_file(name).read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        assert schema["$id"].startswith(f"https://w3id.org/plexus/{name}/")
    with pytest.raises(NotImplementedError, match="'multipleOf'"):
        list(misfits(3, {"type": "integer", "multipleOf": 2}))
    with pytest.raises(NotImplementedError, match="'email'"):
        list(misfits("x", {"type": "string", "format": "email"}))
