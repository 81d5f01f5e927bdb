"""Two editions of a policy compared clause by clause, and what the change does to requests."""
