"""A request questioned: what would approve it, what every reading makes of it, and which evidence decides."""
