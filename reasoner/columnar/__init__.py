"""A SHACL engine over columns: one boolean vector a shape, for one record or for a hundred thousand at once."""
