"""Studies: the YAML schema, loading and checking, running, and files."""
