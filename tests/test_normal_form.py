"""Every Turtle file has one normal form: what ``turtlefmt`` writes, and no prefix that it does not use."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PARTS = ("ontology", "shapes", "cases", "reasoner/templates")
FILES = sorted(p for part in PARTS for p in (ROOT / part).rglob("*.ttl"))


def turtlefmt(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("turtlefmt", path=str(Path(sys.executable).parent)) or "turtlefmt"
    return subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_every_file_has_the_normal_form():
    assert len(FILES) > 190
    done = turtlefmt("--check", *PARTS)
    assert done.returncode == 0, (done.stdout + done.stderr)[:2000]


def test_another_form_is_noticed(tmp_path):
    (tmp_path / "a.ttl").write_text("<urn:a>   <urn:b> <urn:c>.", encoding="utf-8")
    assert turtlefmt("--check", str(tmp_path / "a.ttl")).returncode != 0


@pytest.mark.parametrize(
    "path", [p for p in FILES if "templates" not in p.parts], ids=lambda p: str(p.relative_to(ROOT))
)
def test_prefixes_are_sorted_and_used(path):
    text = path.read_text(encoding="utf-8")
    prefixes = re.findall(r"^@prefix (\S*):", text, re.M)
    assert prefixes == sorted(prefixes)
    assert len(prefixes) == len(set(prefixes))
    body = re.sub(r'^@prefix .*$|"(?:[^"\\\n]|\\.)*"|<[^<>\s]*>|#.*$', "", text, flags=re.M)
    unused = [p for p in prefixes if not re.search(rf"(?<![\w-]){re.escape(p)}:", body)]
    assert unused == []
