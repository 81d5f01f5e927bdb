"""Requests as tables: their schema from the ontology, readers of what users have, and the mapping of their columns."""
