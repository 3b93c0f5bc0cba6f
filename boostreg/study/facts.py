"""What of a run depends on the clock or the machine."""

import platform
from datetime import datetime, timedelta
from typing import Any

from boostreg.report.purposes import timed_data
from boostreg.report.records import RunRecord
from boostreg.study.execution import Execution
from boostreg.study.plan import Plan
from boostreg.tuning.speed import measure_speed

__all__ = ["run_facts"]


def run_facts(
    plan: Plan,
    record: RunRecord,
    execution: Execution,
    started: datetime,
    seconds: float,
) -> dict[str, Any]:
    """Return what stands under ``run`` in ``results.json``.

    ``seconds`` are of a clock that nobody sets; the end is counted from the start.
    """
    finished, counts = started + timedelta(seconds=seconds), execution.ledger.counts
    facts: dict[str, Any] = {
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "workers": execution.workers,
        "fits": counts.run + counts.found,
        "fits_from_journal": counts.found,
        "platform": f"{platform.system()} {platform.machine()}",
    }
    limit = plan.spec.select.max_microseconds
    if limit is not None:
        facts["select"] = {
            name: timed_data(engine.tuned[None], limit, measure_speed(name))
            for name, engine in record.engines.items()
        }
    return facts
