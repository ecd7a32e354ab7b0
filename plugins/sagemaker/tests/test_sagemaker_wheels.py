import io
import subprocess
import sys
import zipfile
from importlib import metadata

import pytest

from tunekit_core import ConfigurationError
from tunekit_sagemaker.code.wheels import wheel_of

EDITABLE = '{"dir_info": {"editable": true}, "url": "file:///project"}'
FINDER = "__editable___tiny_tools_1_0_finder.py"


class Site:
    """A folder with installed distributions."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, text, folder=None):
        path = (folder or self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def install(self, files, **info):
        """Install the distribution tiny-tools."""
        about = "tiny_tools-1.0.dist-info"
        texts = {
            **files,
            f"{about}/METADATA": "Metadata-Version: 2.1\nName: tiny-tools\nVersion: 1.0\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{about}/entry_points.txt": "[tunekit]\ntiny = tiny_tools\n",
            f"{about}/INSTALLER": "pip\n",
            **{
                f"{about}/{name.replace('_json', '.json').replace('_txt', '.txt')}": text for name, text in info.items()
            },
        }
        names = [self.write(name, text) for name, text in texts.items()]
        lines = [f"{name},,\n" for name in [*names, "../../bin/tiny", "tiny_tools/__pycache__/x.cpython-311.pyc"]]
        self.write(f"{about}/RECORD", "".join([*lines, f"{about}/RECORD,,\n"]))


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    return Site(tmp_path / "site")


def contents(wheel):
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def packages(wheel):
    return [name for name in contents(wheel) if ".dist-info/" not in name]


def test_a_wheel_has_the_installed_files(site):
    site.install({"tiny_tools/__init__.py": "X = 1", "tiny_tools/conf/a.yaml": "a: 1"})
    wheel = wheel_of("tiny-tools")
    assert wheel.name == "tiny_tools-1.0-py3-none-any.whl"
    found = contents(wheel)
    assert list(found) == [
        "tiny_tools/__init__.py",
        "tiny_tools/conf/a.yaml",
        "tiny_tools-1.0.dist-info/METADATA",
        "tiny_tools-1.0.dist-info/RECORD",
        "tiny_tools-1.0.dist-info/WHEEL",
        "tiny_tools-1.0.dist-info/entry_points.txt",
    ]
    assert found["tiny_tools/__init__.py"] == "X = 1"
    assert "tiny_tools/__init__.py,sha256=" in found["tiny_tools-1.0.dist-info/RECORD"]


def test_the_same_files_give_the_same_wheel(site):
    site.install({"tiny_tools/__init__.py": "X = 1"})
    first = wheel_of("tiny-tools")
    (site.folder / "tiny_tools/__init__.py").touch()
    assert wheel_of("tiny_tools") == first


def test_pip_installs_it(site, tmp_path):
    site.install({"tiny_tools/__init__.py": "X = 1"})
    wheel = wheel_of("tiny-tools")
    (tmp_path / wheel.name).write_bytes(wheel.content)
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "-q", "--target", tmp_path / "to"]
    subprocess.run([*command, tmp_path / wheel.name], check=True)
    code = "import tiny_tools; from importlib import metadata; print(tiny_tools.X, metadata.version('tiny-tools'))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "to", capture_output=True, check=True)
    assert ended.stdout == b"1 1.0\n"


def test_an_editable_one_has_the_files_of_its_project_as_they_are_now(site, tmp_path):
    project = tmp_path / "project"
    for name in ("tiny_tools/__init__.py", "tiny_tools/b/c.py", "conf/a.yaml", "tiny_tools/__pycache__/x.pyc"):
        site.write(name, "new", project)
    site.write("single.py", "new", project)
    site.write("tests/test_tiny.py", "new", project)
    mapping = {
        "tiny_tools": f"{project}/tiny_tools",
        "tiny_tools.conf": f"{project}/conf",
        "single": f"{project}/single",
    }
    pth = f"import {FINDER[:-3]}; {FINDER[:-3]}.install()"
    site.install({FINDER: f"MAPPING: dict[str, str] = {mapping!r}\n", "x.pth": pth}, direct_url_json=EDITABLE)
    assert packages(wheel_of("tiny-tools")) == [
        "single.py",
        "tiny_tools/__init__.py",
        "tiny_tools/b/c.py",
        "tiny_tools/conf/a.yaml",
    ]


@pytest.mark.parametrize("top_level", [{}, {"top_level_txt": "tiny_tools\n"}])
def test_an_editable_one_may_be_a_line_in_a_file(site, tmp_path, top_level):
    site.write("tiny_tools/__init__.py", "new", tmp_path / "project/src")
    site.install({"_tiny.pth": f"{tmp_path}/project/src\n"}, direct_url_json=EDITABLE, **top_level)
    assert packages(wheel_of("tiny-tools")) == ["tiny_tools/__init__.py"]


def test_an_editable_one_whose_packages_are_not_known_is_told(site):
    site.install({"_tiny.pth": "/nowhere\n"}, direct_url_json=EDITABLE)
    with pytest.raises(ConfigurationError, match="tiny-tools cannot be uploaded: it is not known which packages of"):
        wheel_of("tiny-tools")


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.so", "a.so is compiled for this machine. Build a wheel for"), ("key.pem", "has the name of a file with sec")],
)
def test_an_editable_one_with_what_cannot_travel_is_told(site, tmp_path, name, message):
    site.write(f"tiny_tools/{name}", "x", tmp_path / "project")
    site.install({"_tiny.pth": f"{tmp_path}/project\n"}, direct_url_json=EDITABLE)
    with pytest.raises(ConfigurationError, match=message):
        wheel_of("tiny-tools")


def test_one_that_is_not_installed_is_told():
    with pytest.raises(ConfigurationError, match="no-such-thing is not installed here, so it cannot be uploaded"):
        wheel_of("no-such-thing")


def test_a_file_that_is_missing_is_told(site):
    site.install({"tiny_tools/__init__.py": "X = 1"})
    (site.folder / "tiny_tools/__init__.py").unlink()
    with pytest.raises(
        ConfigurationError, match=r"__init__.py cannot be read \(No such file or directory\). Install it"
    ):
        wheel_of("tiny-tools")


def test_tunekit_itself_can_travel():
    names = packages(wheel_of("tunekit-hpo"))
    assert {"tunekit/conf/config.yaml", "tunekit_core/plugins/known.json", "tunekit/__main__.py"} <= set(names)
    assert not [name for name in names if name.endswith(".pyc") or name.startswith(("tests", "docs", "plugins"))]


def test_a_distribution_in_a_namespace_can_travel():
    assert "hydra_plugins/tunekit_sweeper/__init__.py" in packages(wheel_of("tunekit-sweeper"))


def test_a_wheel_for_several_pythons_says_so():
    if "py2" in (metadata.distribution("six").read_text("WHEEL") or ""):
        assert wheel_of("six").name == f"six-{metadata.version('six')}-py2.py3-none-any.whl"
