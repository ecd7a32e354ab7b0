"""A script whose trials 1, 3, 5, … each do one thing that no script should do; the others are honest.

``hostile.py OUTSIDE SECONDS DEED[,DEED …] [ARGUMENT …]``: trial 2k + 1 does deed k. OUTSIDE is a folder that is none of
the trials'. An honest trial reports three steps; a hostile one reports the first of them, does its deed, waits for so
many seconds and goes on.
"""

import json
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from tunekit import Reporter

outside = Path(sys.argv[1])
deeds = sys.argv[3].split(",")
reports = Path(os.environ["TUNEKIT_REPORTS"])
run = reports.parent
trial = run.parent.parent
checkpoint, versions = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"]), Path(os.environ["TUNEKIT_CHECKPOINTS"])
configuration = Path(os.environ["TUNEKIT_CONFIGURATION"])
number = int(trial.name)
stranger = outside / "stranger.json"  # a process that is none of ours, as process.jsonl would name it


def say(text):
    """Append to the reports without the Reporter."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    with open(reports, "ab") as file:
        file.write(data)


def says(**metrics):
    return lambda: say(json.dumps({"step": 2, "loss": 0.5, **metrics}) + "\n")


def says_text(text):
    return lambda: say(text)


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()


def in_place_of(path, make):
    def deed():
        remove(path)
        make(path)

    return deed


def in_place_of_link_to(path, target):
    return in_place_of(path, lambda path: path.symlink_to(target))


def a_socket(path):
    os.chdir(path.parent)  # an address is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)


def a_device(path):
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # zero


def filled(path):
    path.mkdir()
    (path / "file").write_text("x")


def writes(path, text):
    return lambda: path.write_bytes(text if isinstance(text, bytes) else text.encode())


def new(path, text):
    """In place of a file, so that whoever has it open writes to the old one."""

    def deed():
        remove(path)
        path.write_text(text)

    return deed


def grows(path, size):
    def deed():
        with open(path, "ab") as file:
            file.truncate(size)

    return deed


def notices(*texts):
    def deed():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            for text in texts:
                sender.sendto(text, os.environ["TUNEKIT_NOTICES"])

    return deed


def floods(seconds):
    def deed():
        end = time.monotonic() + seconds
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(True)
            while time.monotonic() < end:
                sender.sendto(b"junk", os.environ["TUNEKIT_NOTICES"])

    return deed


def deep_folders(path):
    here = os.open(path, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner


def many_files():
    for i in range(20_000):
        (checkpoint / str(i)).touch()


def claims_to_be(**changes):
    record = json.loads((run / "process.jsonl").read_text().splitlines()[1])
    new(run / "process.jsonl", json.dumps({**record, **changes}) + "\n")()


def names_stranger():
    line = stranger.read_text()
    new(run / "process.jsonl", line + "\n" + line + "\n")()


def kills_supervisor():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


ENDED_WELL = json.dumps(
    {"exit_code": 0, "signal": None, "cause": "ended", "message": "", "oom_killed": False, "survivors_killed": 0}
)
HUGE = "9" * 400
PLACES = {
    "folder": lambda path: path.mkdir(),
    "full-folder": filled,
    "pipe": os.mkfifo,
    "socket": a_socket,
    "device": a_device,
    "link-out": lambda path: path.symlink_to(outside / "file"),
    "link-to-folder": lambda path: path.symlink_to(outside),
    "link-to-zero": lambda path: path.symlink_to("/dev/zero"),
    "link-to-itself": lambda path: path.symlink_to(path),
    "link-to-nothing": lambda path: path.symlink_to(outside / "nothing"),
    "unreadable": lambda path: (path.touch(), path.chmod(0)),
    "nothing": lambda path: None,
    "empty": lambda path: path.touch(),
    "junk": lambda path: path.write_bytes(os.urandom(5000)),
    "deep": lambda path: path.write_text("[" * 100_000),
    "list": lambda path: path.write_text("[1, 2]\n"),
    "number": lambda path: path.write_text("1\n"),
    "object": lambda path: path.write_text("{}\n"),
}
FILES = {
    "reports": reports,
    "exit": run / "exit.json",
    "process": run / "process.jsonl",
    "spec": run / "spec.json",
    "config": configuration,
    "checkpoint": checkpoint,
    "versions": versions,
    "taken": versions / "taken.json",
    "best": versions / "best.json",
    "stderr": trial / "stderr.log",
    "stdout": trial / "stdout.log",
    "run": run,
    "runs": run.parent,
    "trial": trial,
}
DEEDS = {f"{name}-{kind}": in_place_of(path, make) for name, path in FILES.items() for kind, make in PLACES.items()}
DEEDS |= {
    "says-surrogate": says_text('{"step": 2, "loss": 0.5, "name": "\\udc80"}\n'),
    "says-raw-surrogate": says_text(b'{"step": 2, "loss": 0.5, "name": "\xed\xb2\x80"}\n'),
    "says-surrogate-as-name": says_text('{"step": 2, "loss": 0.5, "\\udc80": 1}\n'),
    "says-surrogate-alone": says_text('{"step": 2, "loss": "\\udc80"}\n'),
    "says-nan": says(loss=float("nan")),
    "says-infinity": says(loss=float("inf")),
    "says-huge-loss": says_text(f'{{"step": 2, "loss": {HUGE}}}\n'),
    "says-huge-step": says_text(f'{{"step": {HUGE}, "loss": 0.5}}\n'),
    "says-huge-other": says_text(f'{{"step": 2, "loss": 0.5, "other": {HUGE}}}\n'),
    "says-longest-int": says_text('{"step": 2, "loss": 0.5, "other": ' + "9" * 4300 + "}\n"),
    "says-too-long-int": says_text('{"step": 2, "loss": 0.5, "other": ' + "9" * 4301 + "}\n"),
    "says-step-beyond-int64": says(step=2**63),
    "says-largest-step": says(step=2**53),
    "says-step-of-true": says(step=True),
    "says-negative-step": says(step=-2),
    "says-minus-zero": says(loss=-0.0, step=-0.0),
    "says-largest-float": says(loss=1.7e308),
    "says-loss-of-true": says(loss=True),
    "says-nested-100": says_text('{"step": 2, "loss": 0.5, "other": ' + "[" * 100 + "]" * 100 + "}\n"),
    "says-nested-400": says_text('{"step": 2, "loss": 0.5, "other": ' + "[" * 400 + "]" * 400 + "}\n"),
    "says-nested-900": says_text('{"step": 2, "loss": 0.5, "other": ' + '{"a":' * 900 + "1" + "}" * 900 + "}\n"),
    "says-nested-100000": says_text('{"step": 2, "loss": 0.5, "other": ' + "[" * 100_000 + "]" * 100_000 + "}\n"),
    "says-twice": says_text('{"step": 2, "loss": 0.5, "loss": 0.25, "step": 2}\n'),
    "says-no-name": says(**{"": 1}),
    "says-name-of-lines": says(**{"a\nb\r\n\"c,'": 'd\ne,"f'}),
    "says-nul": says(**{"a\0b": "c\0d"}),
    "says-column": says(trial_id=3),
    "says-status-column": says(st_status="x"),
    "says-config-column": says(config_x=3),
    "says-cost": says(st_worker_cost="much"),
    "says-huge-cost": says_text(f'{{"step": 2, "loss": 0.5, "st_worker_cost": {HUGE}}}\n'),
    "says-10000-metrics": says(**{f"m{i}": i for i in range(10_000)}),
    "says-900-metrics": says(**{f"m{i}": i for i in range(900)}),
    "says-10-megabytes": says(text="x" * 10_000_000),
    "says-half-a-megabyte": says(text="x" * 500_000),
    "says-null": says_text("null\n"),
    "says-true": says_text("true\n"),
    "says-list": says_text("[1, 2]\n"),
    "says-text": says_text('"text"\n'),
    "says-no-number": says(loss="0.5"),
    "says-loss-of-list": says(loss=[0.5]),
    "says-late-time": says(st_worker_timestamp=1e308),
    "says-early-time": says(st_worker_timestamp=-1e308),
    "says-junk": says_text(os.urandom(2000) + b"\n"),
    "says-utf-16": says_text('{"step": 2, "loss": 0.5}'.encode("utf-16") + b"\n"),
    "says-mark": says_text(b'\xef\xbb\xbf{"step": 2, "loss": 0.5}\n'),
    "says-markup": says(text="[red]x[/red] \x1b[2J\x1b]0;title\x07"),
    "says-escapes": says(loss="[bold]\x1b[2J"),
    "says-no-end": says_text('{"step": 2, "loss": 0.5'),
    "says-no-end-for-long": says_text(b"x" * 5_000_000),
    "says-10000-of-nothing": says_text("{}\n" * 10_000),
    "says-50-gigabytes": grows(reports, 50_000_000_000),
    "cuts-reports": writes(reports, ""),
    "forges-exit": writes(run / "exit.json", ENDED_WELL),
    "forges-exit-anew": new(run / "exit.json", ENDED_WELL),
    "exit-of-other-types": new(run / "exit.json", ENDED_WELL.replace('"ended"', "[1]").replace("0", '"0"')),
    "exit-is-huge": grows(run / "exit.json", 50_000_000_000),
    "spec-is-huge": grows(run / "spec.json", 50_000_000_000),
    "process-is-huge": grows(run / "process.jsonl", 50_000_000_000),
    "process-0": lambda: claims_to_be(pid=0),
    "process-minus-1": lambda: claims_to_be(pid=-1),
    "process-1": lambda: claims_to_be(pid=1),
    "process-text": lambda: claims_to_be(pid="self"),
    "process-huge": lambda: claims_to_be(pid=10**30),
    "process-stranger": names_stranger,
    "link-to-sibling": in_place_of_link_to(reports, f"../../../{number - 1}/runs/0/reports.jsonl"),
    "trial-link-to-sibling": in_place_of_link_to(trial, str(number - 1)),
    "trial-link-to-root": in_place_of_link_to(trial, "/"),
    "checkpoint-link-to-root": in_place_of_link_to(checkpoint, "/"),
    "renames-trial": lambda: trial.rename(outside / f"trial-{number}"),
    "checkpoint-of-many-files": many_files,
    "checkpoint-of-deep-folders": lambda: deep_folders(checkpoint),
    "checkpoint-of-odd-files": lambda: (os.mkfifo(checkpoint / "pipe"), (checkpoint / "link").symlink_to("/")),
    "notices-junk": notices(b"\xff\xfe\0", b"9" * 4096, b"x" * 60_000, b"", str(trial.parent / "999").encode(), b"/"),
    "notices-flood": floods(1.0),
    "prints-much": lambda: [print("x" * 100_000, file=each) for _ in range(200) for each in (sys.stdout, sys.stderr)],
    "kills-supervisor": kills_supervisor,
    "dies-with-escapes": lambda: sys.exit("[red]\x1b[2J\x1b]0;title\x07 \udc80"),
}

if __name__ == "__main__":
    x = json.loads(configuration.read_text())["x"]
    report = Reporter()
    for step in (1, 2, 3):
        report(step=step, loss=x / step)
        if step == 1 and number % 2 and number // 2 < len(deeds):
            DEEDS[deeds[number // 2]]()
            (outside / f"done-{number}").touch()
            time.sleep(float(sys.argv[2]))
