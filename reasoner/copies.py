"""A copy of a document: its normal form, and words found in it by their digest, exactly or but for typography."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00ad": None} | dict.fromkeys("‐‑–—−", "-"))
_SOFT_BREAK = re.compile(r"\u00ad[^\S\n]*\n")
_BULLET = re.compile("(?<!\\S)[•‣◦⁃∙·▪▫●○■□*\uf0a7\uf0b7](?!\\S)")
_BROKEN = re.compile(r"(?<=\w)- (?=\w)")
_WORD = re.compile(r"\w\S*")
_TRIES, _HITS, _MARGIN = 200_000, 20, 3

DEPARTURES = 2
"""How many hyphens of one place may be read otherwise than is likely."""

Range = tuple[int, int]


def normalised(text: str) -> str:
    r"""A text as anchors count it: NFKC, straight quotes and hyphens, every run of white space one space.

    >>> normalised(' one\n two – “three” ')
    'one two - "three"'
    """
    return " ".join(unicodedata.normalize("NFKC", text).translate(_PLAIN).split())


def span_digest(text: str) -> str:
    """SHA-256, in hex, of a span of normalised text."""
    return hashlib.sha256(text.encode()).hexdigest()


def words_in(text: str, start: int, end: int) -> int:
    """How many words stand in a range of a text."""
    return len(_WORD.findall(text, start, end))


@dataclass(frozen=True)
class Anchor:
    """A place in the normalised text of an edition: characters from ``start`` up to ``end``."""

    iri: str
    label: str
    section: str
    page: int
    start: int
    end: int
    digest: str

    def encloses(self, other: Anchor) -> bool:
        """Whether another anchor lies within this one (or is the same range)."""
        return self.start <= other.start and other.end <= self.end

    def overlap(self, later: Anchor) -> int:
        """How far this anchor goes beyond the start of a later one."""
        return max(0, self.end - later.start)

    def meets(self, other: Anchor) -> bool:
        """Whether some characters belong to both."""
        return self.start < other.end and other.start < self.end


class Copy:
    r"""A copy of a document: its normalised text, and the looser form in which words are looked for a second time.

    The looser form forgives what extraction from a PDF does. A bullet that stands alone (``•``, ``▪``, ``*``, ...) is
    read as ``-``. A hyphen and a space within a word, as a line's end leaves them, is read as nothing, as a hyphen, or
    as it stands, whichever gives the digest; a soft hyphen at a line's end counts as a hyphen. What the rest of the
    copy makes likely is tried first, and at most :data:`DEPARTURES` hyphens of a place are read otherwise than that.

    >>> copy = Copy("• signifi-\n  cant")
    >>> copy.text, [reading for reading, _, _ in copy.readings(0, 13)]
    ('• signifi- cant', ['- significant', '- signifi-can', '- signifi- ca'])
    """

    def __init__(self, text: str) -> None:
        self.text = normalised(_SOFT_BREAK.sub("-\n", text))
        self._loose = _BULLET.sub("-", self.text)
        self._broken = [m.start() for m in _BROKEN.finditer(self.text)]
        self._starts = [m.start() for m in re.finditer(r"(?<![^\W_])\S|[^\w\s]|_", self.text)]
        self._likely = self._likely_readings()
        self._left_out: dict[int, int] = {}
        self._tries = 0

    def _likely_readings(self) -> dict[int, str]:
        """For each hyphen that may be typography a hyphen, where the copy has the word so elsewhere, else nothing."""
        words = set(re.findall(r"[\w-]+", self.text))
        out = {}
        for at in self._broken:
            head, tail = (
                re.search(r"[\w-]*$", self.text[max(0, at - 50) : at]),
                re.match(r"[\w-]+", self.text[at + 2 :][:50]),
            )
            before, after = head[0] if head else "", tail[0] if tail else ""
            out[at] = "-" if f"{before}-{after}" in words and before + after not in words else ""
        return out

    def own_offset(self, at: int) -> int:
        """A position as it would be without the hyphens and spaces that were found to be typography."""
        return at - sum(n for position, n in self._left_out.items() if position < at)

    def hits(self, anchor: Anchor, region: Range, expected: int) -> list[Range]:
        """Where an anchor's words stand: where they are expected, else all places in a region, the nearest first."""
        if self._is_at(anchor, expected, region):
            return [(expected, expected + anchor.end - anchor.start)]
        found = [s for s in self._starts_in(region) if self._is_at(anchor, s, region)]
        nearest = sorted(found, key=lambda s: abs(s - expected))[:_HITS]
        return [(s, s + anchor.end - anchor.start) for s in nearest]

    def _starts_in(self, region: Range) -> list[int]:
        return self._starts[bisect_left(self._starts, region[0]) : bisect_left(self._starts, region[1])]

    def _is_at(self, anchor: Anchor, start: int, region: Range) -> bool:
        end = start + anchor.end - anchor.start
        return region[0] <= start and end <= region[1] and span_digest(self.text[start:end]) == anchor.digest

    def respaced(self, anchor: Anchor, region: Range) -> Range | None:
        """The first place in a region where an anchor's words stand in the looser form."""
        for start in self._starts_in(region):
            found = self.respaced_at(anchor, start, region[1])
            if found is not None:
                return found
        return None

    def respaced_at(self, anchor: Anchor, start: int, limit: int) -> Range | None:
        """The range from a position on, up to a limit, where an anchor's words stand in the looser form."""
        length = anchor.end - anchor.start
        if self._tries > _TRIES or not self._has_typography(start, start + length):
            return None
        for reading, end, left_out in self.readings(start, length):
            self._tries += 1
            if end <= limit and span_digest(reading) == anchor.digest:
                self._left_out.update(left_out)
                self._likely.update({at: "- "[: 2 - n] for at, n in left_out.items()})
                return start, end
        return None

    def _has_typography(self, start: int, end: int) -> bool:
        broken = bisect_left(self._broken, start) < bisect_left(self._broken, end)
        return broken or self.text[start:end] != self._loose[start:end]

    def readings(
        self, at: int, length: int, departures: int = DEPARTURES
    ) -> Iterator[tuple[str, int, Mapping[int, int]]]:
        """Texts of a length that begin at a position, where each ends, and how much is left out at which hyphens."""
        i = bisect_left(self._broken, at)
        hyphen = self._broken[i] if i < len(self._broken) else len(self.text)
        head = self._loose[at : min(hyphen, at + length)]
        if len(head) == length or hyphen == len(self.text):
            yield head, at + len(head), {}
            return
        for kept in self._options(hyphen, departures):
            rest = length - len(head + kept)
            if rest > 0:
                left = departures if kept == self._likely[hyphen] else departures - 1
                for tail, end, more in self.readings(hyphen + 2, rest, left):
                    yield head + kept + tail, end, {hyphen: 2 - len(kept), **more}

    def _options(self, hyphen: int, departures: int) -> tuple[str, ...]:
        """What a hyphen and its space may stand for, the likeliest first; one where it is known."""
        likely = self._likely[hyphen]
        return tuple(sorted(("", "-", "- "), key=lambda k: k != likely)) if departures else (likely,)

    def trimmed(self, start: int, end: int) -> Range:
        """A range without white space at its ends."""
        words = self.text[start:end]
        return end - len(words.lstrip()), max(end - len(words.lstrip()), start + len(words.rstrip()))

    def word_start(self, near: int, region: Range) -> int:
        """The start of a word near a position, rather that of a sentence, or an end of the region."""

        def distance(start: int) -> int:
            if start in region:
                return max(0, abs(start - near) - _MARGIN)
            return abs(start - near) * (1 if self.text[start - 2] in ".:;?!" else 3)

        words = (s for s in self._starts_in(region) if self.text[s - 1 : s] == " ")
        return min((*region, *words), key=distance)
