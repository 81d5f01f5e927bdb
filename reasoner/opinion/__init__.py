"""Requests decided once more by an OWL reasoner, independent of shapes and logic program."""
