"""A new policy as a folder of files to fill in: Turtle with comments, a case, a question, and what to do next.

The files come from ``reasoner/templates/policy``. What an author has to write is a literal that begins with "…";
nothing is reviewed while there is one. Where the document itself is given, its headings become sections with places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from reasoner import resources
from reasoner.anchors import anchor_turtle, page_at
from reasoner.copies import normalised
from reasoner.errors import ScaffoldError
from reasoner.knowledge import TO_WRITE
from reasoner.vocabulary import BASE, policy_prefix

FIRST_CASE = "nothing-documented"
NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_BULLET = re.compile(r"[-–•▪*·]|\(?\w{1,3}[.)]\s")
_MARKED = re.compile(r"\bp0000(s?):|((?:policy|policies|pa)/)0000|0000")


@dataclass(frozen=True)
class Heading:
    """A heading of a document: its words, where they begin in the normalised text, and the page."""

    title: str
    start: int
    page: int | None


@dataclass(frozen=True)
class Draft:
    """What is known of a new policy; whatever is not is left to be written.

    ``number`` is the publisher's; ``codes`` are procedure codes; ``effective`` the first day of the edition;
    ``document`` the text of the document (form feeds part its pages); ``today`` the day on which this is drafted.
    """

    number: str
    today: date
    title: str = ""
    publisher: str = ""
    codes: tuple[str, ...] = ()
    effective: date | None = None
    document: str = ""

    @property
    def slug(self) -> str:
        """The name of the policy in files and in its namespace."""
        return self.number.lower()

    @property
    def prefix(self) -> str:
        """The prefix of the policy's terms."""
        found = policy_prefix(f"{BASE}policy/{self.slug}#x")
        assert found is not None  # the number was checked
        return found[0]

    @property
    def edition(self) -> str:
        """The local name of the edition."""
        return f"edition-{self.effective}" if self.effective else "edition"


def template(name: str) -> str:
    """The text of a template of a new policy."""
    return resources.template_file(f"policy/{name}").read_text(encoding="utf-8")


def scaffold(draft: Draft) -> dict[str, str]:
    """The files of a new policy, by their path in the library's folder.

    Raises:
        ScaffoldError: the number or a code cannot be used.
    """
    _refuse_names(draft)
    slug, case = draft.slug, f"cases/{draft.slug}-{FIRST_CASE}"
    received = (draft.effective or draft.today) + timedelta(days=30)
    days = {
        "2000-01-01": received,
        "2000-01-02": received + timedelta(days=1),
        "2000-01-31": received + timedelta(days=30),
    }
    return {
        f"ontology/policies/{slug}.ttl": _filled(draft, template("policy.ttl")),
        f"ontology/policies/{slug}.anchors.ttl": _anchors(draft),
        f"shapes/policies/{slug}.ttl": _marked(draft, template("shapes.ttl")),
        f"{case}/request.ttl": _dated(_filled(draft, template("request.ttl")), days),
        f"{case}/expected.toml": _dated(template("expected.toml"), days),
        f"ontology/questions/{slug}-criteria.rq": _marked(draft, template("question.rq")),
        "README.md": _dated(_marked(draft, template("README.md")), days).replace(
            f"cases/{FIRST_CASE}", f"cases/{slug}-{FIRST_CASE}"
        ),
    }


def _refuse_names(draft: Draft) -> None:
    if not NUMBER.fullmatch(draft.number):
        raise ScaffoldError(f"{draft.number!r} cannot be a number of a policy: use letters, digits and hyphens.")
    for code in draft.codes:
        if not CODE.fullmatch(code):
            raise ScaffoldError(f"{code!r} cannot be a procedure code: use letters, digits, hyphens and full stops.")
    for name, text in (("title", draft.title), ("publisher", draft.publisher)):
        if text.startswith(TO_WRITE) or re.search(r"[\x00-\x1f]", text):
            raise ScaffoldError(f"The {name} is to be one line of words, and not to begin with {TO_WRITE!r}.")


def _marked(draft: Draft, text: str) -> str:
    """A template with the number of the policy where it has 0000."""

    def put(match: re.Match[str]) -> str:
        if match[0].startswith("p0000"):
            return f"{draft.prefix}{match[1]}:"
        return f"{match[2]}{draft.slug}" if match[2] else draft.number

    return _MARKED.sub(put, text)


def _filled(draft: Draft, text: str) -> str:
    """A template with whatever is known of the policy."""
    for open_text, known in (
        (
            f'dcterms:title "{TO_WRITE} the title of the document"',
            draft.title and f'dcterms:title "{_safe(draft.title)}"',
        ),
        (
            f'dcterms:publisher "{TO_WRITE} who publishes it"',
            draft.publisher and f'dcterms:publisher "{_safe(draft.publisher)}"',
        ),
        (
            f'cov:effectiveFrom "{TO_WRITE}"^^xsd:date',
            draft.effective and f'cov:effectiveFrom "{draft.effective}"^^xsd:date',
        ),
        (f'cov:defaultChosenOn "{TO_WRITE}"^^xsd:date', f'cov:defaultChosenOn "{draft.today}"^^xsd:date'),
        (f'cov:procedureCode "{TO_WRITE}"', _codes(draft, text)),
    ):
        text = text.replace(open_text, known) if known else text
    return _edition(draft, _marked(draft, text))


def _codes(draft: Draft, text: str) -> str:
    """The codes of the edition; of a request's line the first one."""
    codes = draft.codes if "a cov:Edition" in text else draft.codes[:1]
    return "cov:procedureCode " + " , ".join(f'"{code}"' for code in codes) if codes else ""


def _edition(draft: Draft, text: str) -> str:
    return re.sub(rf"\b{draft.prefix}:edition\b", f"{draft.prefix}:{draft.edition}", text)


def _dated(text: str, days: dict[str, date]) -> str:
    for marked, day in days.items():
        text = text.replace(marked, day.isoformat())
    return text


def _safe(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


# ---- Places ----------------------------------------------------------------------------------------


def headings(text: str) -> tuple[Heading, ...]:
    r"""The lines of a document that look like headings: short, alone between blank lines, and no sentence.

    >>> [h.title for h in headings("Coverage Policy 7\n\nScope\n\nIt covers.\n- one thing\n")]
    ['Coverage Policy 7', 'Scope']
    """
    out = []
    at = 0
    lines = text.replace("\r\n", "\n").replace("\f", "\n\f\n").split("\n")
    whole = normalised(text)
    for i, line in enumerate(lines):
        words = normalised(line)
        before, after = lines[i - 1].strip() if i else "", lines[i + 1].strip() if i + 1 < len(lines) else ""
        start = whole.find(words, at) if words else -1
        if start >= 0:
            at = start + len(words)
            if not before and not after and _is_heading(words):
                out.append(Heading(words, start, page_at(text, start)))
    return tuple(out)


def _is_heading(words: str) -> bool:
    long = [w for w in words.split() if len(w) > 3 and w[0].isalpha()]
    capital = sum(w[0].isupper() for w in long)
    sentence = words[-1] in ".,;:!?" or len(words) > 70 or len(words.split()) > 10
    return not sentence and not _BULLET.match(words) and words[0].isupper() and 2 * capital >= len(long)


def _anchors(draft: Draft) -> str:
    """The places of the document: its headings where there is a document, all others to be written."""
    text = _edition(draft, _marked(draft, template("anchors.ttl")))
    found = headings(draft.document)
    if not found:
        return text
    named = list(zip(_names(found), found, strict=True))
    head, _, rest = text.partition("# ==== Sections")
    sections, _, places = rest.partition("# ==== Places")
    main = next((name for name, h in named[1:] if "overage" in h.title), named[0][0])
    own = re.compile(rf"{draft.prefix}:section-document\b")
    still_open = [
        own.sub(f"{draft.prefix}:section-{main}", block.rstrip("\n"))
        for block in places.split("\n\n")
        if block.startswith(f"{draft.prefix}:at-") and not block.startswith(f"{draft.prefix}:at-title ")
    ]
    blocks = [
        "# ==== Sections" + sections.split("\n", 1)[0],
        *(part for order, (name, h) in enumerate(named, 1) for part in _section(draft, name, order, h)),
        "# ==== Places" + places.split("\n", 1)[0],
        *still_open,
    ]
    return head + "\n\n".join(blocks) + "\n"


def _home(draft: Draft) -> str:
    return f"{BASE}policy/{draft.slug}/anchors"


def _names(found: Iterable[Heading]) -> Iterator[str]:
    """A local name for each heading, told apart where two are alike."""
    seen: dict[str, int] = {}
    for heading in found:
        name = re.sub(r"[^a-z0-9]+", "-", heading.title.lower())[:40].strip("-") or "part"
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def _anchor_name(name: str, order: int) -> str:
    """The first heading of a document is its title."""
    return "title" if order == 1 else f"section-{name}"


def _section(draft: Draft, name: str, order: int, heading: Heading) -> tuple[str, str]:
    """A section, and the place of its heading."""
    section, page = f"{draft.prefix}:section-{name}", heading.page or 1
    own = _anchor_name(name, order)
    label = "title" if order == 1 else f"heading of section {_safe(heading.title)}"
    return (
        f"{section} a cov:Section ;\n"
        f'    rdfs:label "section {_safe(heading.title)}"@en ;\n'
        f'    dcterms:title "{_safe(heading.title)}" ;\n'
        f"    dcterms:isPartOf {draft.prefix}:{draft.edition} ;\n"
        f"    cov:page {page} ;\n"
        f"    cov:order {order} ;\n"
        f"    cov:anchor {draft.prefix}:at-{own} ;\n"
        f"    cov:assertedBy cov:AssertedByPolicy ;\n"
        f"    rdfs:isDefinedBy <{_home(draft)}> .",
        anchor_turtle(draft.prefix, own, section, page, heading.start, heading.title, _home(draft), label),
    )
