"""Readers of foreign model formats; each returns a ``RawForest``, still unchecked."""
