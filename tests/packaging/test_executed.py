"""What the shipped packages start, load and bind is known to the last place, as SECURITY.md says."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "tunekit",
    "tunekit_core",
    "plugins/*/tunekit_*",
    "plugins/*/hydra_plugins",
    "benchmarks/tunekit_benchmarks",
)
NEVER = {
    "eval": "text is evaluated",
    "exec": "text is executed",
    "compile": "text is compiled",
    "__import__": "a module is imported by name",
    "os.system": "a shell is started",
    "os.popen": "a shell is started",
    "yaml.load": "YAML makes objects",
    "yaml.unsafe_load": "YAML makes objects",
    "yaml.full_load": "YAML makes objects",
    "marshal.loads": "code is loaded",
    "runpy.run_path": "a file is run",
    "runpy.run_module": "a module is run",
    "pandas.read_pickle": "a pickle is loaded",
    "pd.read_pickle": "a pickle is loaded",
    "tempfile.mktemp": "a name is taken that anybody can take first",
}
NETWORK = {
    "mlflow",
    "trackio",
    "wandb",
    "http",
    "urllib",
    "requests",
    "httpx",
    "aiohttp",
    "ftplib",
    "smtplib",
    "socketserver",
    "ssl",
    "xmlrpc",
    "boto3",
    "flask",
    "moto",
    "werkzeug",
}
SAGEMAKER = "plugins/sagemaker/tunekit_sagemaker"
STARTS = ("subprocess.", "os.exec", "os.spawn", "os.posix_spawn", "pty.")
LOADS = ("pickle.load", "cloudpickle.load", "dill.load", "joblib.load", "shelve.", "marshal.load", "torch.load")

PROCESSES = {
    "benchmarks/tunekit_benchmarks/fcnet/networks.py subprocess.run": 1,  # a compiler, where its tables are made
    "plugins/local/tunekit_local/begin_from.py os.execvp": 1,  # the command of a trial, after its checkpoint
    "plugins/local/tunekit_local/gpus.py subprocess.Popen": 1,  # nvidia-smi
    "plugins/local/tunekit_local/memory_use.py subprocess.run": 1,  # ps
    "plugins/local/tunekit_local/supervisor.py os.execvpe": 1,  # the command of a trial
    "plugins/local/tunekit_local/supervisor.py subprocess.Popen": 1,  # itself
    "plugins/local/tunekit_local/supervisor.py subprocess.run": 1,  # ps
    f"{SAGEMAKER}/container/entry.py subprocess.Popen": 1,  # the command of a trial
    f"{SAGEMAKER}/emulator/instances/host.py subprocess.Popen": 1,  # the supervisor of the emulator
    f"{SAGEMAKER}/emulator/instances/opt_ml.py subprocess.run": 1,  # unshare, for a real /opt/ml
    f"{SAGEMAKER}/emulator/instances/supervisor.py os.execvp": 1,  # the command of a job
    f"{SAGEMAKER}/emulator/instances/supervisor.py subprocess.run": 1,  # ps
    f"{SAGEMAKER}/launcher/job.py os.execve": 1,  # `tunekit work`, in a job
    f"{SAGEMAKER}/remote/__init__.py subprocess.run": 1,  # tunekit itself
    "tunekit_core/testing/hash_order.py subprocess.Popen": 1,  # pytest, in contract tests
}
LOADED = {
    "benchmarks/tunekit_benchmarks/mlp_digits/script.py torch.load": 1,  # its own checkpoint, weights only
    "tunekit/callbacks/sklearn.py joblib.load": 1,  # its own checkpoint
    "tunekit/functions/trial.py pickle.load": 2,  # where modules are found, and the function of the trial
}
SOCKETS = {
    "plugins/local/tunekit_local/notices.py socket.AF_UNIX": 1,
    "plugins/local/tunekit_local/sockets.py socket.AF_UNIX": 1,
    "plugins/local/tunekit_local/supervisor.py socket.AF_UNIX": 1,
    "tunekit/reporter.py socket.AF_UNIX": 1,
}
LISTENS = {
    f"{SAGEMAKER}/emulator/server.py socket.socket()": 1,  # the loopback device
}
SPEAKS = {
    f"{SAGEMAKER}/aws/clients.py boto3": 3,  # to AWS, where an experiment runs there
    f"{SAGEMAKER}/emulator/api/answers.py werkzeug.wrappers": 3,
    f"{SAGEMAKER}/emulator/api/application.py werkzeug.wrappers": 1,
    f"{SAGEMAKER}/emulator/api/calls.py urllib.parse": 1,
    f"{SAGEMAKER}/emulator/emulator.py urllib.request": 1,  # which proxies the environment names
    f"{SAGEMAKER}/emulator/emulator.py werkzeug.serving": 1,
    f"{SAGEMAKER}/emulator/emulator.py werkzeug.test": 1,
    f"{SAGEMAKER}/emulator/instances/clients.py boto3": 1,  # to the emulator itself
    f"{SAGEMAKER}/emulator/instances/storage.py boto3.exceptions": 1,
    f"{SAGEMAKER}/emulator/instances/storage.py boto3.s3.transfer": 1,
    f"{SAGEMAKER}/emulator/server.py moto.moto_server.werkzeug_app": 2,
    f"{SAGEMAKER}/emulator/server.py werkzeug": 1,
    f"{SAGEMAKER}/emulator/server.py werkzeug.serving": 1,
    # the page of `watch --serve`, on the loopback device
    "tunekit/watch/server.py http.server": 1,
    "tunekit/watch/server.py socketserver": 1,
    # to the tracker that a run asks for
    "plugins/trackers/tunekit_trackers/to_mlflow.py mlflow": 2,
    "plugins/trackers/tunekit_trackers/to_mlflow.py mlflow.entities": 1,
    "plugins/trackers/tunekit_trackers/to_mlflow.py urllib.parse": 1,
    "plugins/trackers/tunekit_trackers/to_trackio.py trackio": 1,
    "plugins/trackers/tunekit_trackers/to_wandb.py urllib.parse": 1,
    "plugins/trackers/tunekit_trackers/to_wandb.py wandb": 2,
}


def modules():
    return [path for pattern in PACKAGES for folder in ROOT.glob(pattern) for path in sorted(folder.rglob("*.py"))]


@pytest.fixture(scope="module")
def calls():
    """(file, dotted name, call) of each call in the shipped packages."""
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                found.append((path.relative_to(ROOT).as_posix(), ast.unparse(node.func), node))
    assert len(found) > 1000
    return found


def counted(places):
    return {place: places.count(place) for place in places}


@pytest.mark.parametrize("name", NEVER)
def test_it_is_never_called(calls, name):
    assert [file for file, called, _ in calls if called == name] == []


def test_no_shell_runs_anything_and_no_array_holds_pickles(calls):
    forbidden = {"shell", "allow_pickle"}
    assert [file for file, _, call in calls if any(keyword.arg in forbidden for keyword in call.keywords)] == []


def test_processes_are_started_in_these_places_alone(calls):
    assert counted([f"{file} {name}" for file, name, _ in calls if name.startswith(STARTS)]) == PROCESSES


def test_pickles_are_loaded_in_these_places_alone(calls):
    assert counted([f"{file} {name}" for file, name, _ in calls if name.startswith(LOADS)]) == LOADED
    weights = [call for _, name, call in calls if name == "torch.load"]
    assert all(ast.unparse(call).endswith("weights_only=True)") for call in weights)


def test_sockets_are_those_of_the_file_system():
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and (node.attr.startswith("AF_") or node.attr == "create_connection"):
                found.append(f"{path.relative_to(ROOT).as_posix()} {ast.unparse(node)}")
    assert counted(found) == SOCKETS


def test_each_socket_of_the_file_system_says_so_and_the_emulator_alone_has_another(calls):
    made = [f"{file} {ast.unparse(call)}" for file, name, call in calls if name == "socket.socket"]
    others = [place for place in made if " socket.socket(socket.AF_UNIX, " not in place]
    assert len(made) > len(others)
    assert counted(others) == LISTENS


def test_what_speaks_to_a_network_is_imported_in_these_places_alone():
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            spoken = [name for name in names if name.partition(".")[0] in NETWORK]
            found += [f"{path.relative_to(ROOT).as_posix()} {name}" for name in spoken]
            # by another name a call would not be recognised above
            loading = {"pickle", "cloudpickle", "subprocess", "marshal", "runpy"}
            assert not (isinstance(node, ast.ImportFrom) and loading & {*names}), path
    assert counted(found) == SPEAKS
