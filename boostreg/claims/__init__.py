"""Claims of textbooks: experiments, paths and the verdicts on them."""
