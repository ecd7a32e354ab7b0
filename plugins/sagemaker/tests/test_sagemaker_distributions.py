import subprocess
import sys

import pytest

from tunekit_core import ConfigurationError
from tunekit_sagemaker.code.distributions import distribution_files, is_of_no_index

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


def packages(files):
    return sorted(name for name in files if ".dist-info/" not in name)


def test_a_distribution_has_the_installed_files(site):
    site.install({"tiny_tools/__init__.py": "X = 1", "tiny_tools/conf/a.yaml": "a: 1"})
    found = distribution_files("tiny-tools")
    assert sorted(found) == [
        "tiny_tools-1.0.dist-info/METADATA",
        "tiny_tools-1.0.dist-info/RECORD",
        "tiny_tools-1.0.dist-info/WHEEL",
        "tiny_tools-1.0.dist-info/entry_points.txt",
        "tiny_tools/__init__.py",
        "tiny_tools/conf/a.yaml",
    ]
    assert found["tiny_tools/__init__.py"] == b"X = 1"
    assert b"tiny_tools/__init__.py,sha256=" in found["tiny_tools-1.0.dist-info/RECORD"]


def test_what_a_build_has_left_in_the_folder_of_a_project_is_not_what_is_installed(site, tmp_path, monkeypatch):
    site.install({"tiny_tools/__init__.py": "X = 1"})
    about = "Metadata-Version: 2.1\nName: tiny-tools\nVersion: 0.9\n"
    site.write("tiny_tools.egg-info/PKG-INFO", about, tmp_path / "project")
    site.write("tiny_tools.egg-info/SOURCES.txt", "tiny_tools/gone.py\n", tmp_path / "project")
    monkeypatch.syspath_prepend(tmp_path / "project")
    assert packages(distribution_files("tiny-tools")) == ["tiny_tools/__init__.py"]


def test_in_a_folder_on_the_path_it_is_as_if_installed(site, tmp_path):
    site.install({"tiny_tools/__init__.py": "X = 1"})
    for name, content in distribution_files("tiny-tools").items():
        site.write(name, content.decode(), tmp_path / "to")
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
    assert packages(distribution_files("tiny-tools")) == [
        "single.py",
        "tiny_tools/__init__.py",
        "tiny_tools/b/c.py",
        "tiny_tools/conf/a.yaml",
    ]


@pytest.mark.parametrize("top_level", [{}, {"top_level_txt": "tiny_tools\n"}])
def test_an_editable_one_may_be_a_line_in_a_file(site, tmp_path, top_level):
    site.write("tiny_tools/__init__.py", "new", tmp_path / "project/src")
    site.install({"_tiny.pth": f"{tmp_path}/project/src\n"}, direct_url_json=EDITABLE, **top_level)
    assert packages(distribution_files("tiny-tools")) == ["tiny_tools/__init__.py"]


def test_an_editable_one_whose_packages_are_not_known_is_told(site):
    site.install({"_tiny.pth": "/nowhere\n"}, direct_url_json=EDITABLE)
    with pytest.raises(ConfigurationError, match="tiny-tools cannot be uploaded: it is not known which packages of"):
        distribution_files("tiny-tools")


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.so", "a.so is compiled for this machine. Build a wheel for"), ("key.pem", "has the name of a file with sec")],
)
def test_an_editable_one_with_what_cannot_travel_is_told(site, tmp_path, name, message):
    site.write(f"tiny_tools/{name}", "x", tmp_path / "project")
    site.install({"_tiny.pth": f"{tmp_path}/project\n"}, direct_url_json=EDITABLE)
    with pytest.raises(ConfigurationError, match=message):
        distribution_files("tiny-tools")


def test_one_that_is_not_installed_is_told():
    with pytest.raises(ConfigurationError, match="no-such-thing is not installed here, so it cannot be uploaded"):
        distribution_files("no-such-thing")


def test_a_file_that_is_missing_is_told(site):
    site.install({"tiny_tools/__init__.py": "X = 1"})
    (site.folder / "tiny_tools/__init__.py").unlink()
    with pytest.raises(
        ConfigurationError, match=r"__init__.py cannot be read \(No such file or directory\). Install it"
    ):
        distribution_files("tiny-tools")


def test_tunekit_itself_can_travel():
    names = packages(distribution_files("tunekit-hpo"))
    assert {"tunekit/conf/config.yaml", "tunekit_core/plugins/known.json", "tunekit/__main__.py"} <= set(names)
    assert not [name for name in names if name.endswith(".pyc") or name.startswith(("tests", "docs", "plugins"))]


def test_a_distribution_in_a_namespace_can_travel():
    assert "hydra_plugins/tunekit_sweeper/__init__.py" in packages(distribution_files("tunekit-sweeper"))


def test_one_that_is_installed_compiled_is_told(site):
    site.install({"tiny_tools/__init__.py": "X = 1", "tiny_tools/a.so": "x"})
    with pytest.raises(ConfigurationError, match=r"a\.so is compiled for this machine\. Build a wheel for"):
        distribution_files("tiny-tools")


@pytest.mark.parametrize(("info", "expected"), [({}, False), ({"direct_url_json": EDITABLE}, True)])
def test_what_came_from_an_index_is_told_from_what_did_not(site, info, expected):
    site.install({"tiny_tools/__init__.py": "X = 1"}, **info)
    assert is_of_no_index("tiny-tools") is expected
