import io
import os
import tarfile
import threading
from pathlib import Path

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tunekit_core import PORTABLE_MODULES, InvalidOption
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.code import files as files_module
from tunekit_sagemaker.code.archive import write_archive
from tunekit_sagemaker.code.files import files_to_upload
from tunekit_sagemaker.code.upload import upload
from tunekit_sagemaker.container import entry


@pytest.fixture
def program(tmp_path):
    folder = tmp_path / "program"
    return lambda *names, **contents: written(folder, *names, **contents)


def written(folder, *names, **contents):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents.get(name.partition(".")[0], "x"))
    return folder


def names(*arguments, **options):
    return [file.name for file in files_to_upload(*arguments, **options)]


# Which files


def test_files_come_in_the_order_of_their_names(program):
    assert names(program("train.py", "b/c.py", "a.py")) == ["a.py", "b/c.py", "train.py"]


@pytest.mark.parametrize(
    "left_out",
    [
        ".git/config",
        ".hidden",
        ".venv/lib/x.py",
        "__pycache__/train.cpython-311.pyc",
        "lib/__pycache__/a.pyc",
        "old.pyc",
        ".idea/x.xml",
        "node_modules/x.js",
    ],
)
def test_what_is_made_anew_is_left_out(program, left_out):
    assert names(program("train.py", left_out)) == ["train.py"]


def test_a_virtual_environment_is_left_out_whatever_its_name_is(program):
    assert names(program("train.py", "env311/pyvenv.cfg", "env311/lib/torch.py")) == ["train.py"]


def test_a_program_may_lie_in_the_folder_of_its_environment(program):
    assert names(program("train.py", "pyvenv.cfg", "lib/a.py")) == ["lib/a.py", "pyvenv.cfg", "train.py"]


def test_results_are_left_out(program):
    folder = program("train.py", "out/results/events.jsonl", "out/plot.py")
    assert names(folder, results_dir=folder / "out/results") == ["out/plot.py", "train.py"]


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.local",
        "prod.env",
        "key.pem",
        "server.KEY",
        "id_rsa",
        "id_ed25519",
        "credentials",
        "credentials.json",
        "aws_credentials.csv",
        "service-account-prod.json",
        "client_secret_123.json",
        "secrets.yaml",
        ".netrc",
        ".pypirc",
        "kaggle.json",
        "store.p12",
    ],
)
def test_a_file_with_the_name_of_a_secret_is_refused(program, name):
    folder = program("train.py", f"lib/{name}")
    with pytest.raises(InvalidOption) as caught:
        files_to_upload(folder)
    assert str(caught.value) == (
        f"benchmark.sources='{folder}/lib/{name}' has the name of a file with secrets, and would be uploaded for "
        "all who may read the bucket. Move it out of the folder, and give what it says as "
        "benchmark.environment.NAME=VALUE. Or else: type benchmark.sources=[train.py,src] with the files and folders "
        "that make up the program."
    )


@pytest.mark.parametrize(
    "name", ["environment.py", "keys.py", "credentials.py", "id_rsa.pub", "monkey.json", "token.py"]
)
def test_other_names_are_no_secrets(program, name):
    assert names(program(name)) == [name]


def test_an_example_of_a_secret_is_none(program):
    assert names(program("train.py", ".env.example", "my.env.sample")) == ["my.env.sample", "train.py"]


def test_a_secret_under_another_name_is_refused(program, tmp_path):
    (tmp_path / "id_rsa").write_text("secret")
    folder = program("train.py")
    (folder / "notes.txt").symlink_to(tmp_path / "id_rsa")
    with pytest.raises(InvalidOption, match=r"benchmark.sources='.*/notes.txt' has the name of a file with secrets"):
        files_to_upload(folder)


def test_only_what_is_named_is_taken(program):
    folder = program("train.py", "src/a.py", ".env", "data/x.csv")
    assert names(folder, [Path("train.py"), Path("src")]) == ["src/a.py", "train.py"]


def test_what_is_named_and_missing_is_told(program):
    folder = program("train.py")
    with pytest.raises(
        InvalidOption, match=r"benchmark.sources='.*/src' is no file or folder. Type benchmark.sources=\["
    ):
        files_to_upload(folder, [Path("src")])


def test_what_is_named_elsewhere_is_told(program):
    with pytest.raises(InvalidOption, match=r"lies outside of the folder of the program, .* Type backend.source_dep"):
        files_to_upload(program("train.py"), [Path("../other")])


def test_links_are_followed_once(program, tmp_path):
    folder = program("train.py", "lib/a.py")
    (folder / "lib/again").symlink_to(folder)
    (folder / "lib/nowhere").symlink_to("missing")
    written(tmp_path / "shared", "b.py")
    (folder / "shared").symlink_to(tmp_path / "shared")
    assert names(folder) == ["lib/a.py", "shared/b.py", "train.py"]


def test_what_is_no_file_is_left_out(program):
    folder = program("train.py")
    os.mkfifo(folder / "pipe")
    assert names(folder) == ["train.py"]


def test_dependencies_lie_beside_the_program(program, tmp_path):
    written(tmp_path / "common", "tools/a.py", "__pycache__/x.pyc")
    assert names(program("train.py"), dependencies=[tmp_path / "common"]) == ["common/tools/a.py", "train.py"]


def test_a_dependency_with_a_name_that_is_taken_is_refused(program, tmp_path):
    written(tmp_path / "src", "b.py")
    folder = program("src/a.py")
    with pytest.raises(
        InvalidOption, match=r"backend.source_dependencies='.*/src' would lie where .*program/src/a.py does: ren"
    ):
        files_to_upload(folder, dependencies=[tmp_path / "src"])


def test_a_dependency_that_is_no_folder_is_refused(program, tmp_path):
    with pytest.raises(InvalidOption, match=r"backend.source_dependencies='.*/none' is no folder: name one with code"):
        files_to_upload(program("train.py"), dependencies=[tmp_path / "none"])


def test_too_much_is_refused_with_the_largest_files(program):
    folder = program("train.py", "data/a.bin", "data/b.bin")
    for name, size in [("a", 150), ("b", 60)]:
        with open(folder / f"data/{name}.bin", "wb") as file:
            file.truncate(size * 10**6)
    with pytest.raises(InvalidOption) as caught:
        files_to_upload(folder)
    assert str(caught.value).startswith(
        "benchmark.sources=None stands for 210 MB, and 200 MB can be uploaded as the program. The largest: "
        "data/a.bin (150 MB), data/b.bin (60 MB), train.py (0 MB). Type benchmark.sources=["
    )


def test_the_limit_is_exact(program, monkeypatch):
    folder = program("train.py")
    monkeypatch.setattr(files_module, "LARGEST", 1)
    assert names(folder) == ["train.py"]


# The archive


def archived(folder, **generated):
    target = io.BytesIO()
    named = {name.replace("_", "."): content for name, content in generated.items()}
    return write_archive(files_to_upload(folder), named, target), target.getvalue()


def test_the_same_files_give_the_same_bytes(tmp_path):
    one = written(tmp_path / "one", "train.py", "lib/a.py")
    other = written(tmp_path / "other", "lib/a.py", "train.py")
    os.utime(other / "train.py", (1, 1))
    (other / "lib/a.py").chmod(0o600)
    assert archived(one) == archived(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "train.py").write_text("y"),
        lambda folder: (folder / "train.py").rename(folder / "main.py"),
        lambda folder: (folder / "train.py").chmod(0o755),
        lambda folder: (folder / "new.py").touch(),
    ],
)
def test_other_files_give_another_hash(program, change):
    folder = program("train.py")
    before = archived(folder)[0]
    change(folder)
    assert archived(folder)[0] != before


def test_it_says_nothing_of_who_made_it_and_when(program):
    folder = program("train.py", "run.sh")
    (folder / "run.sh").chmod(0o700)
    content = archived(folder)[1]
    assert content[3:8] == bytes(5)  # no name, no time
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = [(each.name, each.mode, each.mtime, each.uid, each.gid, each.uname, each.gname) for each in archive]
    assert members == [("run.sh", 0o755, 0, 0, 0, "", ""), ("train.py", 0o644, 0, 0, 0, "", "")]


def test_what_is_generated_comes_in_place_of_a_file(program, tmp_path):
    folder = program("train.py", "requirements.txt", requirements="old")
    digest, content = archived(folder, requirements_txt=b"new")
    assert digest != archived(folder)[0]
    (tmp_path / "source.tar.gz").write_bytes(content)
    unpacked = Path(entry.unpack(str(tmp_path / "source.tar.gz"), str(tmp_path / "unpacked")))
    assert (unpacked / "requirements.txt").read_text() == "new"
    assert (unpacked / "train.py").read_text() == "x"


def test_any_name_of_a_file_can_be_unpacked(program, tmp_path):
    folder = program("train.py", "ä ö.py", "x" * 150 + ".py", "d" * 120 + "/" + "e" * 120 + "/f.py")
    (folder / os.fsdecode(b"\xff.txt")).write_text("x")
    (tmp_path / "source.tar.gz").write_bytes(archived(folder)[1])
    unpacked = Path(entry.unpack(str(tmp_path / "source.tar.gz"), str(tmp_path / "unpacked")))
    assert names(unpacked) == names(folder)


# The upload


@pytest.fixture
def clients():
    with mock_aws():
        clients = Clients("us-east-1")
        clients.s3.create_bucket(Bucket="bucket")
        yield clients


def puts(clients):
    calls = []
    clients.s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: calls.append(params["url_path"]))
    return calls


def test_a_program_lies_where_its_content_says(clients, program):
    uploaded = upload(clients, "bucket", "team/", files_to_upload(program("train.py")), {})
    assert uploaded.uri == f"s3://bucket/team/tunekit-code/{uploaded.digest}/"
    keys = [each["Key"] for each in clients.s3.list_objects_v2(Bucket="bucket")["Contents"]]
    names = ["entry.py", "printed_reports.py", "script_command.py", "source.tar.gz"]
    assert keys == [f"team/tunekit-code/{uploaded.digest}/{name}" for name in names]
    body = clients.s3.get_object(Bucket="bucket", Key=keys[3])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.getnames() == ["train.py"]
    assert clients.s3.get_object(Bucket="bucket", Key=keys[0])["Body"].read() == Path(entry.__file__).read_bytes()
    for key, name in zip(keys[1:3], names[1:3], strict=True):
        assert clients.s3.get_object(Bucket="bucket", Key=key)["Body"].read() == (PORTABLE_MODULES / name).read_bytes()


def test_what_is_there_is_not_uploaded_again(clients, program):
    folder = program("train.py")
    calls = puts(clients)
    first = upload(clients, "bucket", "", files_to_upload(folder), {})
    assert len(calls) == 4
    assert upload(clients, "bucket", "", files_to_upload(folder), {}) == first
    assert len(calls) == 4


def test_several_may_upload_the_same_at_the_same_time(clients, program):
    files = files_to_upload(program("train.py"))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(upload(clients, "bucket", "", files, {}))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


@pytest.mark.parametrize("code", ["404", "403"])
def test_who_was_faster_wins(clients, program, code):
    stub = Stubber(clients.s3)
    stub.add_client_error("head_object", code)
    stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    stub.add_client_error("head_object", code)
    stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    for _ in range(3):  # modules, and the bootstrap itself
        stub.add_response("head_object", {})
    with stub:
        assert upload(clients, "bucket", "", files_to_upload(program("train.py")), {}).uri.startswith("s3://bucket/")
        stub.assert_no_pending_responses()


def test_a_bucket_that_may_not_be_written_is_told(clients, program):
    stub = Stubber(clients.s3)
    stub.add_client_error("head_object", "403")
    stub.add_client_error("put_object", "AccessDenied")
    with stub, pytest.raises(clients.s3.exceptions.ClientError, match="AccessDenied"):
        upload(clients, "bucket", "", files_to_upload(program("train.py")), {})
