"""What penalties do in general: the results of many runs, one per table, together."""

from boostreg.evidence.meta import Evidence, gather
from boostreg.evidence.page import render_evidence
from boostreg.evidence.tables import TableEvidence, table_evidence

__all__ = [
    "Evidence",
    "TableEvidence",
    "gather",
    "render_evidence",
    "table_evidence",
]
