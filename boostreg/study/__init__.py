"""A study: the YAML's schema and its door, and the runner."""
