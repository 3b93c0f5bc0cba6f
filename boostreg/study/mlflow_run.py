"""Logs a finished run to MLflow: a run of the study, and one nested in it per model.

The client is used without MLflow's global state: no active run, and no tracking address
of the process are changed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from boostreg.errors import MissingExtraError, RunError
from boostreg.report.results import Results
from boostreg.study.run import damage_as_data_error, read_results

__all__ = ["log_run"]

_FILES = ("report.html", "results.json", "study.yaml")
"""Files that are logged besides the tables."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one MLflow run is given: text by name, numbers by name, tags, and files."""

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, Any]
    files: tuple[Path, ...]
    tags: Mapping[str, str] = field(default_factory=dict)


def log_run(
    folder: Path, *, experiment: str = "boostreg", uri: str | None = None
) -> tuple[str, int]:
    """Log a finished run to MLflow.

    The run of the study has its keys as parameters, the answer as its description, and
    the report, results and tables as artifacts. Each model that was judged on the outer
    rows (picks, defaults, baselines) is a run nested in it: its penalties and rounds as
    parameters, its losses, sizes and metrics, and its files if it was saved.

    Parameters
    ----------
    folder : Path
        Of a finished run.
    experiment : str
        Name of the experiment, which is created if absent.
    uri : str, optional
        Address of the tracking server or folder. Default: ``MLFLOW_TRACKING_URI``, or
        MLflow's own default.

    Returns
    -------
    tuple of str and int
        Id of the MLflow run of the study, and the number of models.

    Raises
    ------
    DataError
        If the folder has no results, or results of another version.
    MissingExtraError
        If MLflow is not installed.
    RunError
        If MLflow rejects the run, or does not answer.
    """
    results = read_results(folder)
    with damage_as_data_error(folder):
        study, models = _of_study(folder, results), list(_models(folder, results))
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise MissingExtraError(
            "Logging to MLflow needs the extra 'mlflow' of boostreg: "
            "pip install 'boostreg[mlflow]'."
        ) from error
    try:
        client = MlflowClient(tracking_uri=uri)
        known = client.get_experiment_by_name(experiment)
        place = client.create_experiment(experiment) if known is None else known
        number = str(getattr(place, "experiment_id", place))
        times = _milliseconds(results["run"]["started"], results["run"]["finished"])
        parent = _log(client, number, study, times)
        for model in models:
            _log(client, number, model, times, {"mlflow.parentRunId": parent})
    except (MlflowException, OSError) as error:
        raise RunError(
            f"MLflow rejected the run, or did not answer: {error}"
        ) from error
    return parent, len(models)


def _milliseconds(*moments: str) -> tuple[int, ...]:
    """Return moments as MLflow has them: milliseconds since 1970."""
    return tuple(int(1000 * datetime.fromisoformat(m).timestamp()) for m in moments)


def _log(
    client: Any,
    experiment: str,
    entry: _Entry,
    times: tuple[int, ...],
    tags: Mapping[str, str] | None = None,
) -> str:
    """Log one MLflow run; return its id."""
    from mlflow.entities import Metric, Param

    begin, end = times
    made = client.create_run(
        experiment, begin, {**entry.tags, **(tags or {})}, entry.name
    )
    run_id = str(made.info.run_id)
    client.log_batch(
        run_id,
        metrics=[
            Metric(name, float(value), end, 0)
            for name, value in entry.metrics.items()
            if value is not None and math.isfinite(value)
        ],
        params=[Param(name, str(value)) for name, value in entry.params.items()],
    )
    for path in entry.files:
        client.log_artifact(run_id, path)
    client.set_terminated(run_id, end_time=end)
    return run_id


def _of_study(folder: Path, results: Results) -> _Entry:
    study, run, text = results["study"], results["run"], results["text"]
    data: dict[str, Any] = {**results["data"]}
    facts = ("source", "target", "task", "objective", "rows", "features", "fingerprint")
    return _Entry(
        name=study["name"],
        params={
            **{name: data[name] for name in facts},
            "engines": ", ".join(study["engines"]),
            "trials": study["search"]["trials"],
            "scale": study["search"]["scale"],
            "seed": study["seed"],
            **{f"version {name}": one for name, one in results["versions"].items()},
        },
        metrics={"seconds": run["seconds"], "fits": run["fits"]},
        files=(
            *(folder / name for name in _FILES if (folder / name).exists()),
            *sorted(folder.glob("*.csv")),
        ),
        tags={"mlflow.note.content": "\n\n".join((*text["answer"], *text["caveats"]))},
    )


def _models(folder: Path, results: Results) -> Iterator[_Entry]:
    """Yield every model that was judged on the outer rows."""
    for engine, found in results["engines"].items():
        judged = {
            "best": found["best"],
            "one_se": found["one_se"],
            "default": found["default"],
            "unpenalised": found["unpenalised"],
        }
        for pick, model in judged.items():
            yield _of_model(folder, f"{engine}-{pick}", {**model})
    for name, baseline in results["baselines"].items():
        yield _of_model(folder, name, {**baseline})


def _of_model(folder: Path, name: str, found: Mapping[str, Any]) -> _Entry:
    outer, inner = found["outer"], found.get("inner") or {}
    engine, _, pick = name.partition("-")
    rounds = {"rounds": found["rounds"]} if "rounds" in found else {}
    counts = ("coefficients", "parameters", "live_units")
    return _Entry(
        name=name,
        params={
            "model": pick or name,
            **({"engine": engine} if pick else {}),
            **rounds,
            **(found.get("penalty") or {}),
        },
        metrics={
            "loss": outer["loss"],
            "loss_low": outer["low"],
            "loss_high": outer["high"],
            "inner_loss": inner.get("loss"),
            **(found.get("size") or {}),
            **{name: found.get(name) for name in counts},
            **{key: one["value"] for key, one in (found.get("metrics") or {}).items()},
        },
        files=tuple(sorted((folder / "models").glob(f"{name}.*"))),
    )
