"""The bootstrap, run as it is within a job: a process of its own, beside a folder that stands for /opt/ml."""

import ast
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import psutil
import pytest
from hypothesis import given, strategies as st

import tunekit
from tunekit_core import PORTABLE_MODULES
from tunekit_core.secret_names import is_secret_name
from tunekit_sagemaker.code.reporter import reporter_files
from tunekit_sagemaker.container import entry
from tunekit_sagemaker.jobs.report_lines import ReportLines

ENTRY = Path(entry.__file__)
MODULES = [PORTABLE_MODULES / name for name in ("printed_reports.py", "script_command.py")]
REPORTER = f"import sys; sys.path.insert(0, {str(Path(tunekit.__file__).parents[1])!r}); from tunekit import Reporter\n"


class Job:
    def __init__(self, home, files, command=("python", "train.py"), **spec):
        self.home = home
        self.spec = {"command": list(command), "folder": ".", **spec}
        self.environment = {"TUNEKIT_SPEC": json.dumps(self.spec), "TUNEKIT_TRIAL": "3", "TUNEKIT_RUN": "1"}
        self.checkpoints = home / "checkpoints"
        config, data = home / "input/config", home / "input/data/tunekit"
        self.entry = data / ENTRY.name
        for folder in (config, data, self.checkpoints):
            folder.mkdir(parents=True)
        for path in (ENTRY, *MODULES):
            (data / path.name).write_bytes(path.read_bytes())
        with tarfile.open(data / "source.tar.gz", "w:gz") as archive:
            for name, text in files.items():
                content = text if isinstance(text, bytes) else text.encode()
                member = tarfile.TarInfo(name)
                member.size = len(content)
                member.mode = 0o755
                archive.addfile(member, io.BytesIO(content))
        self.write("input/config/hyperparameters.json", "{}")
        hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}
        self.write("input/config/resourceconfig.json", json.dumps(hosts))

    def write(self, name, text):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, *code):
        ours = {"PATH": os.environ["PATH"], "TUNEKIT_OPT_ML": str(self.home), "PIP_CONFIG_FILE": os.devnull}
        environment = {**ours, **self.environment}
        return subprocess.Popen(
            [sys.executable, *(code or [str(self.entry)])],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def start_with(self, change):
        """Start it with something changed in the module ``entry``."""
        begin = f"import sys; sys.path.insert(0, {str(self.entry.parent)!r}); import entry"
        return self.start("-c", f"{begin}; {change}; sys.exit(entry.main())")

    def run(self):
        process = self.start()
        return Ended(self, *process.communicate(timeout=60), process.returncode)

    def failure(self):
        path = self.home / "output/failure"
        return path.read_text() if path.exists() else None


class Ended:
    def __init__(self, job, out, err, status):
        self.job, self.out, self.err, self.status = job, out.decode(), err.decode(errors="surrogateescape"), status
        self.lines = self.out.splitlines()
        reports = [line for line in self.lines if line.startswith("[tunekit-report] ")]
        self.reports = [json.loads(line.removeprefix("[tunekit-report] ")) for line in reports]
        self.end = json.loads(self.lines[-1].removeprefix("[tunekit-end] "))


@pytest.fixture
def job(tmp_path):
    return lambda script, *arguments, **spec: Job(tmp_path / "ml", {"train.py": script}, *arguments, **spec)


def started(process, text):
    """Wait until a process has printed a line."""
    for line in process.stdout:
        if line.decode().strip() == text:
            return
    raise AssertionError(process.stderr.read().decode())


def finished(process):
    out, err = process.communicate(timeout=60)
    return Ended(None, out, err, process.returncode)


def shown(value):
    return f"import json, os, sys\nprint(json.dumps({value}))"


def test_it_is_read_by_python_3_8():
    for path in (ENTRY, *MODULES):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_it_imports_the_standard_library_alone():
    tree = ast.parse(ENTRY.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= {
        *sys.stdlib_module_names,
        *(module.stem for module in MODULES),
    }


# What is printed


def test_reports_come_in_order_and_the_end_is_last(job):
    script = REPORTER + "report = Reporter()\nfor epoch in range(1, 51): report(epoch=epoch)"
    ended = job(script).run()
    assert [line["report"]["epoch"] for line in ended.reports] == list(range(1, 51))
    assert [line["seq"] for line in ended.reports] == list(range(50))
    assert {line["run"] for line in ended.reports} == {1}
    assert ended.end == {
        "incarnation": ended.reports[0]["incarnation"],
        "seq": 50,
        "exit_code": 0,
        "signal": None,
        "asked": False,
    }
    assert (ended.status, ended.err, ended.job.failure()) == (0, "", None)


@pytest.mark.parametrize("length", [1, 1700, 1800, 1900, 4000, 100_000, 1_000_000])
def test_a_report_of_any_length_comes_in_lines_of_one_write(job, length):
    text = ('é"\\[tunekit-report] {x' * length)[: length // 6 or 1]
    ended = job(REPORTER + f"Reporter()(text={text!r})").run()
    assert max(len(line) for line in ended.lines) < 4096  # PIPE_BUF
    if len(ended.reports) == 1:
        report = ended.reports[0]["report"]
    else:
        assert [line["part"] for line in ended.reports] == list(range(ended.reports[0]["parts"]))
        assert {line["seq"] for line in ended.reports} == {0}
        report = json.loads("".join(line["text"] for line in ended.reports))
    assert report["text"] == text
    assert ended.end["seq"] == 1
    assert all(line.count("[tunekit-") == 1 for line in ended.lines)


def test_what_it_prints_is_what_the_tuner_reads(job):
    values = ["x", "é" * 5000, '"{[tunekit-report] ' * 400, "\\" * 2000]
    script = (
        REPORTER + f"report = Reporter()\nfor value in {values!r}:\n    report(text=value)\n    print('50%', end='')"
    )
    lines = ReportLines()
    told = [each for line in job(script).run().lines for each in lines.feed(line)]
    assert [each.metrics["text"] for each in told[:-1]] == values
    assert (told[-1].n_reports, told[-1].exit_code, lines.is_complete()) == (4, 0, True)


def test_what_is_printed_as_a_report_is_one_and_comes_once(job):
    script = """
import json, time
for epoch in (1, 2):
    print("50%", end="\\r")
    print("[tunekit-report]", json.dumps({"epoch": epoch, "st_worker_timestamp": time.time()}), flush=True)
"""
    ended = job(script).run()
    assert [line["report"]["epoch"] for line in ended.reports] == [1, 2]
    lines = ReportLines()
    told = [each for line in ended.lines for each in lines.feed(line)]
    assert [each.metrics["epoch"] for each in told[:-1]] == [1, 2]


def test_patterns_find_metrics_in_what_is_printed(job):
    script = "for epoch in (1, 2): print(f'Epoch {epoch}/2'); print(f'loss: {1 / epoch}')"
    patterns = {"loss": "loss: (.*)", "epoch": r"Epoch (\d+)"}
    ended = job(script, metrics=patterns, needed=["loss", "epoch"]).run()
    found = [{name: line["report"][name] for name in patterns} for line in ended.reports]
    assert found == [{"loss": 1.0, "epoch": 1}, {"loss": 0.5, "epoch": 2}]


def test_a_program_that_ends_without_a_report_says_what_it_printed_without_secrets(job):
    script = "import sys; print('Epoch 1/2'); print('validation loss: 0.43 h4ckme-s3cret')"
    made = job(script, metrics={"loss": r"val_loss: (\S+)"}, needed=["loss"])
    made.environment["API_TOKEN"] = "h4ckme-s3cret"
    ended = made.run()
    assert (ended.status, ended.end["unheard"]) == (
        0,
        "it ended without a report: no line that it printed matched benchmark.metrics.loss='val_loss: (\\S+)'.\n"
        "The last one: 'validation loss: 0.43 ***'",
    )
    lines = ReportLines()
    (told,) = [each for line in ended.lines for each in lines.feed(line)]
    assert told.unheard == ended.end["unheard"]


def test_where_a_metric_is_on_the_standard_error_the_end_says_so(job):
    script = "import sys; print('loss: 0.5', file=sys.stderr)"
    ended = job(script, metrics={"loss": r"loss: (\S+)"}, needed=["loss"]).run()
    assert "\nA line of its standard error: 'loss: 0.5'. " in ended.end["unheard"]


def test_what_is_no_report_comes_once_and_nothing_after_it(job):
    script = "import os\nopen(os.environ['TUNEKIT_REPORTS'], 'w').write('{\"x\": 1}\\nloss 5\\n{\"x\": 2}\\n')"
    ended = job(script).run()
    assert ended.reports[0]["report"] == {"x": 1}
    assert ended.reports[1]["unreadable"] == "loss 5"
    assert len(ended.reports) == ended.end["seq"] == 2


def test_a_report_that_was_cut_off_by_the_end_of_the_program_is_none(job):
    ended = job("import os\nopen(os.environ['TUNEKIT_REPORTS'], 'w').write('{\"x\": 1}\\n{\"x\":')").run()
    assert [line["report"] for line in ended.reports] == [{"x": 1}]


def test_reports_come_while_the_program_runs(job):
    process = job(REPORTER + "import time\nReporter()(x=1)\ntime.sleep(60)").start()
    assert process.stdout.readline().startswith(b"[tunekit-report] ")
    process.terminate()
    finished(process)


def test_what_the_program_prints_passes_through(job):
    ended = job("import sys, os\nos.write(1, b'out\\n' * 9999)\nos.write(2, b'\\xff err')").run()
    assert ended.lines[:-1] == ["out"] * 9999
    assert ended.err == "\udcff err"


def test_a_line_of_ours_begins_one_after_a_progress_bar(job):
    ended = job(REPORTER + "print('50%\\r', end='', flush=True)\nimport time; time.sleep(0.5)\nReporter()(x=1)").run()
    assert ended.out.startswith("50%\r\n[tunekit-report] ")


def test_every_process_is_an_incarnation_of_its_own(job):
    first = job("").run()
    assert first.end["incarnation"] != first.job.run().end["incarnation"]
    assert len(first.end["incarnation"]) == 8


# How it ends


@pytest.mark.parametrize("status", [1, 7, 255])
def test_the_exit_status_is_that_of_the_program(job, status):
    ended = job(f"import sys; sys.exit({status})").run()
    assert (ended.status, ended.end["exit_code"], ended.end["signal"]) == (status, status, None)
    assert ended.job.failure() == f"The program ended with {status}."


def test_a_program_that_a_signal_ends_is_told_as_such(job):
    ended = job("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").run()
    assert (ended.status, ended.end["exit_code"], ended.end["signal"]) == (137, None, 9)
    assert ended.job.failure() == "The program was ended by signal 9."


def test_the_reason_of_a_failure_is_the_end_of_the_errors(job):
    ended = job("import sys; sys.exit('x' * 5000 + ' out of memory')").run()
    assert len(ended.job.failure()) == 960
    assert ended.job.failure().endswith("xx out of memory")


def test_the_reason_of_a_failure_holds_no_secret(job):
    failing = job("import os, sys; sys.exit('no access with ' + os.environ['HUB_TOKEN'])")
    failing.environment["HUB_TOKEN"] = "hf_1234567"
    assert failing.run().job.failure() == "no access with ***"


def test_the_reason_of_a_failure_holds_no_url_with_a_password_and_keeps_the_folder(job):
    failing = job('import os, sys; sys.exit(f\'no {os.environ["DATABASE"]} in {os.environ["PWD"]}\')')
    failing.environment |= {"DATABASE": "postgres://me:pw12@host/db", "PWD": "/some/where"}
    assert failing.run().job.failure() == "no *** in /some/where"


WORDS = [
    "PWD",
    "api",
    "Key",
    "KEY",
    "DBPASS",
    "max",
    "tokens",
    "TOKEN",
    "_",
    "-",
    "auth",
    "board",
    "Pass",
    "CREDS",
    "secret",
    "1",
]


@given(st.lists(st.sampled_from(WORDS)).map("".join) | st.text())
def test_the_names_of_secrets_are_those_of_tunekit(name):
    assert entry.is_secret_name(name) == is_secret_name(name)


def test_sigterm_reaches_the_program_and_all_of_its_group(job):
    script = """
    import os, signal, subprocess, sys
    child = "import os, signal, sys; line = b'child' + bytes([10]); "  # print() may be at work when the signal comes
    child += "signal.signal(signal.SIGTERM, lambda *_: sys.exit(os.write(1, line) - len(line))); "
    signal.signal(signal.SIGTERM, lambda *_: None)
    process = subprocess.Popen([sys.executable, "-c", child + "print('ready', flush=True); signal.pause()"])
    process.wait()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    """
    running = job("\n".join(line.strip() for line in script.splitlines()))
    process = running.start()
    started(process, "ready")
    process.terminate()
    ended = finished(process)
    assert ended.lines[0] == "child"
    assert (ended.end["asked"], ended.end["signal"], ended.status) == (True, 15, 143)
    assert running.failure() is None


def test_what_a_program_reports_after_sigterm_is_printed(job):
    script = REPORTER + (
        "import os, signal\nreport = Reporter()\n"  # print() would be at work still when the signal comes
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(report(x=1)))\nos.write(1, b'ready\\n')\nsignal.pause()"
    )
    process = job(script).start()
    started(process, "ready")
    process.terminate()
    ended = finished(process)
    assert [line["report"]["x"] for line in ended.reports] == [1]
    assert (ended.end["exit_code"], ended.end["asked"], ended.status) == (0, True, 0)


def test_a_program_that_does_not_end_is_killed(job):
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\n"
    process = job(script + "while True: signal.pause()").start_with("entry.SECONDS_TO_END = 0.3")
    started(process, "ready")
    began = time.monotonic()
    process.terminate()
    ended = finished(process)
    assert (ended.end["signal"], ended.end["asked"], ended.status) == (9, True, 137)
    assert time.monotonic() - began < 10


def test_what_a_program_leaves_behind_is_killed(job):
    script = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])"
    assert job(script).run().status == 0  # and the fixture finds no process


def test_the_program_ends_with_the_bootstrap(job):
    process = job("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(100)").start()
    program = psutil.Process(int(process.stdout.readline()))
    process.kill()
    process.communicate()
    psutil.wait_procs([program], timeout=10)
    assert not program.is_running()


def test_a_program_that_was_stopped_ends_when_asked(job):
    process = job("import os, signal\nprint('ready', flush=True)\nos.kill(os.getpid(), signal.SIGSTOP)").start()
    started(process, "ready")
    process.terminate()
    assert finished(process).end["signal"] == 15


def test_a_program_does_not_begin_after_sigterm(job):
    code = "import os, signal; unpack = entry.unpack; "
    code += "entry.unpack = lambda *names: (os.kill(os.getpid(), signal.SIGTERM), unpack(*names))[1]"
    ended = finished(job("", ("no-such-program",)).start_with(code))
    assert len(ended.lines) == 1
    assert (ended.end["signal"], ended.end["asked"], ended.status) == (15, True, 143)


def test_a_command_that_does_not_exist_is_told(job):
    ended = job("", ("no-such-program",)).run()
    assert (ended.status, ended.end["exit_code"]) == (127, 127)
    assert ended.job.failure().startswith("The command 'no-such-program' cannot be run in the folder ")
    assert ended.job.failure().endswith(": No such file or directory.")


def test_a_job_without_a_specification_is_told(job):
    broken = job("")
    del broken.environment["TUNEKIT_SPEC"]
    assert "variable TUNEKIT_SPEC nor a file spec.json in the channel 'trial'" in broken.run().job.failure()


# What the program is given


def test_the_configuration_comes_as_arguments_as_the_local_backend_gives_them(job):
    texts = {"lr": "1e-05", "low": "-3", "neg": "-1e-05", "units": "64", "act": "relu", "flag": "true", "one": '"1"'}
    running = job(shown("sys.argv[1:]"), ("python", "train.py", "{arguments}", "--at", "{checkpoint}"))
    running.write("input/config/hyperparameters.json", json.dumps({**texts, "dash": "-x", "nothing": "null"}))
    ended = running.run()
    assert json.loads(ended.lines[0]) == [
        *("--lr", "1e-05", "--low", "-3", "--neg=-1e-05", "--units", "64", "--act", "relu"),
        *("--flag", "True", "--one", "1", "--dash=-x"),
        *("--at", str(running.checkpoints / "checkpoint")),
    ]


def test_a_program_that_takes_no_arguments_reads_the_file(job):
    script = shown("[sys.argv[1:], json.load(open(os.environ['TUNEKIT_CONFIGURATION']))]")
    running = job(script, ("python", "train.py", "{none}"))
    running.write("input/config/hyperparameters.json", '{"units": "64", "act": "relu", "flag": "true"}')
    assert json.loads(running.run().lines[0]) == [[], {"units": 64, "act": "relu", "flag": True}]


def test_placeholders_are_what_they_are_on_this_machine(job):
    script = shown("[open(sys.argv[1]).read(), *sys.argv[2:], os.environ['TUNEKIT_SEED']]")
    command = ("python", "train.py", "{yaml:base.yaml}", "{seed}", "{x}")
    running = job(script, command, templates={"base.yaml": {"optim": {"name": "sgd"}}})
    running.environment["TUNEKIT_SEED"] = "12"
    running.write("input/config/hyperparameters.json", '{"optim.lr": "1e-05", "x": "{y}"}')
    assert json.loads(running.run().lines[0]) == ['optim:\n  name: "sgd"\n  lr: 1.0e-05\n', "12", "{y}", "12"]


def test_a_configuration_that_is_too_large_comes_in_a_channel(job):
    running = job(shown("sys.argv[1:]"))
    values = {f"x{i}": i for i in range(200)} | {"text": "é" * 300}
    running.write("input/data/trial/configuration.json", json.dumps(values))
    arguments = json.loads(running.run().lines[0])
    assert dict(zip(arguments[::2], arguments[1::2], strict=True)) == {f"--{k}": str(v) for k, v in values.items()}


def test_a_specification_that_is_too_long_comes_in_a_channel(job):
    running = job("")
    del running.environment["TUNEKIT_SPEC"]
    command = ["python", "-c", "print('x' * 3)", "y" * 600]
    running.write("input/data/trial/spec.json", json.dumps({**running.spec, "command": command}))
    assert running.run().lines[0] == "xxx"


def test_it_runs_in_its_folder_and_finds_what_was_uploaded_beside_it(tmp_path):
    script = "import helper, os\nprint(helper.NAME, os.path.basename(os.getcwd()))"
    running = Job(tmp_path / "ml", {"helper.py": "NAME = 'found'", "src/train.py": script}, folder="src")
    assert running.run().lines[0] == "found src"


def test_a_script_reports_in_an_image_without_tunekit(tmp_path):
    script = "from tunekit import Reporter\nimport tunekit\nReporter()(x=1)\nprint(os.path.dirname(tunekit.__file__))"
    running = Job(tmp_path / "ml", {**reporter_files(), "src/train.py": f"import os\n{script}"}, folder="src")
    ended = running.run()
    assert [line["report"]["x"] for line in ended.reports] == [1]
    assert any(line.startswith(str(running.home)) for line in ended.lines)


def test_a_file_that_may_be_executed_still_may(tmp_path):
    assert Job(tmp_path / "ml", {"run.sh": "#!/bin/sh\necho hello"}, ("./run.sh",)).run().lines[0] == "hello"


def test_the_variables_of_sagemaker_are_set(job):
    running = job(shown("{name: value for name, value in os.environ.items() if name.startswith('SM_')}"))
    running.write("input/config/hyperparameters.json", '{"learning-rate": "0.5"}')
    running.write("input/data/train/x.csv", "1")
    found = json.loads(running.run().lines[0])
    home = running.home
    assert found["SM_MODEL_DIR"] == f"{home}/model"
    assert found["SM_CHANNELS"] == '["train"]'
    assert found["SM_CHANNEL_TRAIN"] == f"{home}/input/data/train"
    assert found["SM_HP_LEARNING_RATE"] == "0.5"
    assert found["SM_HPS"] == '{"learning-rate": 0.5}'
    assert found["SM_CURRENT_HOST"] == "algo-1"


def test_reports_are_not_where_checkpoints_are_copied_from(job):
    path = job("import os\nprint(os.environ['TUNEKIT_REPORTS'])").run().lines[0]
    assert "checkpoints" not in path


# Requirements


def wheel(name, version):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{name}.py", f"VERSION = {version!r}")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return content.getvalue()


def requiring(home, requirements, script, *wheels):
    files = {f"wheels/{name}-{version}-py3-none-any.whl": wheel(name, version) for name, version in wheels}
    files |= {"train.py": script, "random.py": "raise ImportError", "requirements.txt": f"--no-index\n{requirements}"}
    running = Job(home / "ml", files)
    running.environment |= {"PIP_TARGET": str(home / "site"), "PYTHONPATH": str(home / "site")}
    return running


def test_requirements_are_installed_also_from_uploaded_wheels(tmp_path):
    running = requiring(
        tmp_path, "./wheels/tiny-1.0-py3-none-any.whl", "import tiny; print(tiny.VERSION)", ("tiny", "1.0")
    )
    ended = running.run()
    assert ended.lines[-2] == "1.0"
    assert ended.status == 0


def test_the_framework_of_the_image_is_not_replaced(tmp_path):
    image = tmp_path / "site/torch-2.3.0+cu121.dist-info"
    image.mkdir(parents=True)
    (image / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.3.0+cu121\n")
    running = requiring(tmp_path, "--find-links wheels\ntorch", "print('runs')", ("torch", "9.9"))
    ended = running.run()
    assert "runs" not in ended.lines
    assert ended.status == 127
    assert running.failure().startswith("The requirements cannot be installed. The log has what pip says. ")
    assert "torch==2.3.0+cu121" in running.failure()


def test_requirements_that_cannot_be_installed_are_told(tmp_path):
    ended = requiring(tmp_path, "no-such-distribution", "").run()
    assert "No matching distribution found for no-such-distribution" in ended.err
    assert ended.job.failure().startswith("The requirements cannot be installed. The log has what pip says.")


# Checkpoints

PUBLISHES = REPORTER + (
    "import os\nreport = Reporter()\nfolder = os.environ['TUNEKIT_CHECKPOINT_DIR']\n"
    "found = os.path.join(folder, 'epoch')\nepoch = int(open(found).read()) if os.path.exists(found) else 0\n"
    "print('from', epoch)\n"
    "for epoch in range(epoch + 1, epoch + COUNT + 1):\n"
    "    with report.checkpoint(epoch) as new: (new / 'epoch').write_text(str(epoch))\n"
    "    report(epoch=epoch)\n"
)


def test_a_version_that_was_published_lies_where_it_is_copied_to_s3(job):
    ended = job(PUBLISHES.replace("COUNT", "2")).run()
    assert (ended.job.checkpoints / "2/epoch").read_text() == "2"
    assert json.loads((ended.job.checkpoints / "2.json").read_text()) == {"epoch": 1}


def test_the_next_run_goes_on_from_the_newest_version(job):
    running = job(PUBLISHES.replace("COUNT", "5"))
    running.run()
    assert "from 5" in running.run().lines


def versions(job):
    return sorted(int(path.name) for path in job.checkpoints.iterdir() if path.name.isdecimal())


def test_a_version_stays_until_the_tuner_has_read_of_later_ones(job):
    running = job(PUBLISHES.replace("COUNT", "5"))
    running.run()
    assert versions(running) == [1, 2, 3, 4, 5]
    running.run()
    assert versions(running) == [3, 4, 5, 6, 7, 8, 9, 10]


def test_a_version_of_which_not_all_has_come_is_not_gone_on_from(job):
    running = job(PUBLISHES.replace("COUNT", "3"))
    running.run()
    (running.checkpoints / "3/epoch").unlink()
    assert "from 2" in running.run().lines


def test_a_version_that_cannot_be_described_costs_no_other(job):
    script = PUBLISHES.replace("COUNT", "3").replace("str(epoch))\n", "str(epoch)); epoch == 2 and BROKEN\n")
    broken = "(new / 'link').symlink_to('nowhere')"
    running = job(script.replace("BROKEN", broken))
    running.run()
    assert sorted(path.name for path in running.checkpoints.glob("*.json")) == ["1.json", "3.json"]


def test_a_version_without_its_list_is_not_gone_on_from(job):
    running = job(PUBLISHES.replace("COUNT", "3"))
    running.run()
    (running.checkpoints / "3.json").unlink()
    assert "from 2" in running.run().lines


def test_a_version_beyond_what_the_tuner_knows_is_not_gone_on_from(job):
    running = job(PUBLISHES.replace("COUNT", "3"), resource="epoch", reached=2)
    running.run()
    running.environment["TUNEKIT_RUN"] = "2"
    assert "from 2" in running.run().lines


def test_a_run_whose_machine_was_taken_away_goes_on_from_what_it_has_reported(job):
    running = job(PUBLISHES.replace("COUNT", "3") + "import time\ntime.sleep(0.5)\n", resource="epoch", reached=2)
    running.run()
    assert "from 3" in running.run().lines


def test_a_program_may_write_its_checkpoint_itself(job):
    script = "import os\npath = os.path.join(os.environ['TUNEKIT_CHECKPOINT_DIR'], 'n')\nprint(os.path.exists(path))\n"
    running = job(script + "open(path, 'w')")
    assert [running.run().lines[0], running.run().lines[0]] == ["False", "True"]


WRITES = REPORTER + (
    "import os\nreport = Reporter()\npath = os.path.join(os.environ['TUNEKIT_CHECKPOINT_DIR'], 'epoch')\n"
    "for epoch in EPOCHS:\n"
    "    open(path, 'w').write(str(epoch))\n"
    "    report(epoch=epoch)\n"
)


def reached(job):
    path = job.checkpoints / "reached.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_it_is_known_how_far_a_checkpoint_is_that_the_program_has_written_itself(job):
    running = job(WRITES.replace("EPOCHS", "[1, 2, 3]"), resource="epoch")
    running.run()
    assert reached(running) == {"resource": 3}


def test_it_is_as_far_as_before_if_a_run_writes_nothing(job):
    running = job(WRITES.replace("EPOCHS", "[] if os.path.exists(path) else [1, 2]"), resource="epoch")
    running.run()
    running.run()
    assert reached(running) == {"resource": 2}


def test_while_the_program_runs_it_is_not_known(job):
    shows = "print(open(os.path.join(os.environ['TUNEKIT_CHECKPOINTS'], 'reached.json')).read())"
    running = job(
        WRITES.replace("EPOCHS", "[1]") + f"if int(os.environ['TUNEKIT_RUN']) == 2: {shows}", resource="epoch"
    )
    running.run()
    running.environment["TUNEKIT_RUN"] = "2"
    assert '{"resource": null}' in running.run().lines


def test_what_a_program_has_published_says_itself_how_far_it_is(job):
    running = job(PUBLISHES.replace("COUNT", "2"), resource="epoch")
    running.run()
    running.run()
    assert reached(running) is None


def test_what_a_cut_off_process_left_is_removed(job):
    running = job("")
    running.write("checkpoints/.new-77/model.pt", "half")
    running.run()
    assert sorted(path.name for path in running.checkpoints.iterdir()) == ["checkpoint"]


def test_a_program_may_remove_all_checkpoints(job):
    ended = job("import os, shutil\nshutil.rmtree(os.environ['TUNEKIT_CHECKPOINTS'])").run()
    assert (ended.status, ended.err) == (0, "")


def test_sigterm_before_the_program_has_begun_ends_the_job(tmp_path):
    code = "import time; print('ready', flush=True); time.sleep(100)"
    pyproject = "[build-system]\nrequires = []\nbuild-backend = 'slow'\nbackend-path = ['.']\n"
    files = {"slow/pyproject.toml": pyproject, "slow/slow.py": code, "train.py": "print('runs')"}
    running = Job(tmp_path / "other", {**files, "requirements.txt": "--no-index\n./slow"})
    running.environment["PIP_TARGET"] = str(tmp_path / "site")
    process = running.start()
    assert process.stdout.readline().startswith(b"Processing ")
    process.send_signal(signal.SIGTERM)
    ended = finished(process)
    assert "runs" not in ended.lines
    assert ended.end["asked"] is True
    assert ended.status != 0
