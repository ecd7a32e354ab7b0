"""Experiments for tests of figures, written as they lie in a folder."""

import csv
import io
import json
import zipfile

import numpy as np

from tunekit_core import SearchSpace, load_experiment

SPACE = {
    "lr": "loguniform(1e-4, 1e-1)",
    "layers": "randint(1, 6)",
    "units": "lograndint(16, 512)",
    "activation": ["relu", "tanh", "gelu"],
    "batch": "logfinrange(8, 64, 4)",
    "drop": "ordinal([0.0, 0.1, 0.5])",
    "momentum": "reverseloguniform(0.9, 0.999)",
}


def trial(trial_id, losses, *, start=0.0, decisions=(), seconds=1.0, configuration=None, **columns):
    """A row for each loss; the resource counts them. Decisions are by resource, ``CONTINUE`` unless given."""
    return [
        {
            "trial_id": trial_id,
            "epoch": epoch,
            "loss": loss,
            "st_worker_time": seconds * epoch,
            "st_decision": dict(decisions).get(epoch, "CONTINUE"),
            "st_tuner_time": start + seconds * epoch,
            "configuration": configuration,
            **columns,
        }
        for epoch, loss in enumerate(losses, 1)
    ]


def experiment(folder, rows, *, space=None, metrics=("loss",), modes=None, failed=(), **told):
    """An experiment with these rows, in the order of time; ``told`` replaces entries of its metadata."""
    domains = SearchSpace.parse(SPACE if space is None else space)
    rows = sorted(rows, key=lambda row: row["st_tuner_time"])
    configurations = dict(zip(sorted({row["trial_id"] for row in rows}), _configurations(domains, rows), strict=True))
    modes = modes or ["min"] * len(metrics)
    table = []
    for row in rows:
        configuration = row.get("configuration") or configurations[row["trial_id"]]
        cells = {key: value for key, value in row.items() if key != "configuration"}
        table.append({**cells, "st_status": "", **{f"config_{name}": value for name, value in configuration.items()}})
    sign = 1 if modes[0] == "min" else -1
    counting = [row for row in table if row["trial_id"] not in failed and row[metrics[0]] == row[metrics[0]]]
    best = min(counting, key=lambda row: sign * row[metrics[0]], default=None)
    metadata = {
        "format": 3,
        "status": "completed",
        "method": "ASHA",
        "benchmark": "made",
        "seed": 0,
        "metric": list(metrics),
        "mode": list(modes),
        "constraint": None,
        "resource": "epoch",
        "max_resource": 9,
        "n_workers": 2,
        "search_space": domains.to_json(),
        "n_started": len(configurations),
        "n_completed": len(configurations) - len(failed),
        "n_stopped": 0,
        "n_failed": len(failed),
        "n_paused": 0,
        "n_restarted": 0,
        "n_anomalies": 0,
        "n_reports": len(table),
        "failed_trials": sorted(failed),
        "time": max((row["st_tuner_time"] for row in table), default=1.0),
        "reason": "all is done",
        "ended": "2026-01-01T00:00:00+00:00",
        **told,
    }
    if best is not None:
        metadata["incumbent"] = {
            "trial_id": best["trial_id"],
            "resource": best["epoch"],
            "metrics": {name: best[name] for name in metrics},
            "configuration": {name: best[f"config_{name}"] for name in domains},
        }
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps(metadata))
    text = io.StringIO()
    if table:
        last = ("st_decision", "st_status", "trial_id", *(f"config_{name}" for name in domains), "st_tuner_time")
        names = [*(name for name in dict.fromkeys(key for row in table for key in row) if name not in last), *last]
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    with zipfile.ZipFile(folder / "results.csv.zip", "w") as archive:
        archive.writestr("results.csv", text.getvalue())
    return load_experiment(folder)


def _configurations(domains, rows):
    n = len({row["trial_id"] for row in rows})
    return domains.from_unit(np.random.default_rng(0).random((n, domains.n_draws)))
