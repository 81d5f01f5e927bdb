"""Two reviews of the same request held together: what changed, and why."""
