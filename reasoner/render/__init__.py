"""Reviews as text, JSON, HTML and Turtle. Renderers take reviews and nothing else."""
