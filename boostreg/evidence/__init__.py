"""What penalties do in general: the results of many runs, one per table, together."""

from boostreg.evidence.meta import Evidence, gather
from boostreg.evidence.page import render_evidence
from boostreg.evidence.spaces import SearchEvidence, read_searches, search_evidence
from boostreg.evidence.tables import TableEvidence, read_tables, table_evidence

__all__ = [
    "Evidence",
    "SearchEvidence",
    "TableEvidence",
    "gather",
    "read_searches",
    "read_tables",
    "render_evidence",
    "search_evidence",
    "table_evidence",
]
