"""plexus: reviews prior-authorization requests against coverage policies written as RDF and SHACL."""

from reasoner.errors import PlexusError, ReadingError, RequestError
from reasoner.model import LineReview, Recommendation, Review, Status
from reasoner.review import review

__all__ = [
    "LineReview",
    "PlexusError",
    "ReadingError",
    "Recommendation",
    "RequestError",
    "Review",
    "Status",
    "review",
]
