"""plexus: reviews prior-authorization requests against coverage policies written as RDF and SHACL."""

from reasoner.comparing.comparison import compare
from reasoner.errors import PlexusError, ReadingError, RequestError
from reasoner.model import LineReview, Recommendation, Review, Status
from reasoner.questioning.whatif import what_if
from reasoner.review import review

__all__ = [
    "LineReview",
    "PlexusError",
    "ReadingError",
    "Recommendation",
    "RequestError",
    "Review",
    "Status",
    "compare",
    "review",
    "what_if",
]
