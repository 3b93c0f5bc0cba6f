"""Properties are not timed: the machine that runs them may be busy."""
