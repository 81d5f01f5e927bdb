"""The wheel works outside the checkout, and carries what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (found,) = out.glob("*.whl")
    return found


@pytest.mark.slow
def test_wheel_carries_ontology_shapes_cases_context_and_templates(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in (
        "reasoner/data/ontology/policies/0587.ttl",
        "reasoner/data/ontology/context.jsonld",
        "reasoner/data/shapes/policies/0587.default.ttl",
        "reasoner/data/cases/complete-record/request.ttl",
        "reasoner/templates/request.ttl",
        "reasoner/templates/tutorial.md",
        "reasoner/templates/policy/policy.ttl",
        "reasoner/templates/policy/question.rq",
        "reasoner/determine.lp",
        "reasoner/review.schema.json",
        "reasoner/whatif.schema.json",
        "reasoner/comparison.schema.json",
        "reasoner/py.typed",
        "reasoner/tables/samples/requests.csv",
        "reasoner/tables/samples/csv-metadata.json",
    ):
        assert wanted in names


@pytest.mark.slow
def test_the_unpacked_wheel_reviews_without_the_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    request = tmp_path / "site/reasoner/data/cases/complete-record/request.ttl"
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import reasoner; from reasoner.cli import main;"
        "assert reasoner.__file__.startswith(sys.argv[1]); "
        "main(['review', sys.argv[2], '--as-of', '2026-03-01', '--format', 'json'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site"), str(request)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lines"][0]["recommendation"] == "approve"
