"""What is kept of a comparison changes how long a report takes, and nothing that it says."""

import io
import json
import os
import shutil

import attrs
import numpy as np
import pytest

from tests.app.pages.studies_to_show import fixed_study, hostile_study, plain_study
from tests.app.studies.made import experiment, over_seeds, study
from tunekit import compare
from tunekit.cli.main import main
from tunekit.results.selection import read_filters
from tunekit.studies.cache import folder, inputs, kept
from tunekit.studies.cache.stored import DamagedError, as_bytes, from_bytes
from tunekit.studies.comparison_json import as_json

UNEQUAL = [
    over_seeds(f"m{i}", np.random.default_rng(i).lognormal(size=12), f"d{j}") for i in range(3) for j in range(11)
]
STUDIES = {
    "plain": plain_study(),
    "hostile": hostile_study(),
    "many benchmarks": study(*(each for runs in UNEQUAL for each in runs)),
    "no seeds": study(*(experiment(seed=seed, told={"seed": ...}) for seed in range(3)), experiment("RS")),
    "not finite": study(*over_seeds("RS", [np.inf] * 6), *over_seeds("ASHA", range(6))),
}


@pytest.mark.parametrize("made", STUDIES.values(), ids=STUDIES)
def test_what_is_read_is_what_was_kept(made):
    comparison = compare(made)
    again, counted = from_bytes(as_bytes(comparison, "3 experiments.", "0" * 64), "0" * 64)
    assert counted == "3 experiments."
    assert again.sentences() == comparison.sentences()
    assert as_json(again) == as_json(comparison)
    for one, other in zip(comparison.benchmarks, again.benchmarks, strict=True):
        assert one.pairs == other.pairs
        assert one.without_seeds == other.without_seeds
        for before, after in zip(one.panel.methods, other.panel.methods, strict=True):
            assert (list(before.seeds), before.cost) == (list(after.seeds), after.cost)
            curves = list(zip(before.curves, after.curves, strict=True))
            assert all(
                (a.times == b.times).all() and (a.values == b.values).all() and a.end == b.end for a, b in curves
            )


KEPT = as_bytes(compare(plain_study()), "72 experiments.", "1" * 64)


def test_what_was_cut_off_or_changed_is_refused_or_says_the_same():
    wanted = as_json(from_bytes(KEPT, "1" * 64)[0])
    places = np.random.default_rng(0).integers(0, len(KEPT), 60).tolist()
    for place in places:
        changed = bytearray(KEPT)
        changed[place] ^= 0x10
        for damaged in (KEPT[:place], bytes(changed)):
            try:
                found = from_bytes(damaged, "1" * 64)[0]
            except DamagedError:
                continue
            assert as_json(found) == wanted  # a time stamp in the archive


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{}", np.random.default_rng(0).bytes(1000)])
def test_anything_else_is_refused(content):
    with pytest.raises(DamagedError):
        from_bytes(content, "1" * 64)


def test_nothing_is_unpickled():
    buffer = io.BytesIO()
    np.savez(buffer, told=np.array([object()], dtype=object))
    with pytest.raises(DamagedError):
        from_bytes(buffer.getvalue(), "1" * 64)


def test_what_follows_from_something_else_is_refused():
    with pytest.raises(DamagedError, match="follows from something else"):
        from_bytes(KEPT, "2" * 64)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of an own cache, which keeps small studies too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(inputs, "LEAST_EXPERIMENTS", 1)
    monkeypatch.setattr(inputs, "SETTLED", -1.0)
    return tmp_path / "cache" / "tunekit"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """Four experiments of two methods."""
    results = tmp_path_factory.mktemp("made") / "results"
    asked = ("method=RS,ASHA", "stopping.max_num_evaluations=20", "seed=0,1", "verbosity=0", f"results_dir={results}")
    assert main([*asked, "--multirun"]) == 0
    return results


@pytest.fixture
def few(made_once, results):
    """The same experiments in the folder of results of a test."""
    shutil.copytree(made_once, results.root)


@pytest.fixture
def compared(monkeypatch):
    made = []
    original = kept.as_bytes

    def noted(*arguments):
        made.append(1)
        return original(*arguments)

    monkeypatch.setattr(kept, "as_bytes", noted)
    return made


@pytest.mark.usefixtures("few")
def test_a_second_report_says_the_same_and_compares_nothing(tunekit, cache, compared, results):
    for typed in ([], ["--json"], ["--pairs", "statistic=iqm"], ["against=RS"]):
        first, second = tunekit("report", *typed), tunekit("report", *typed)
        assert (first.status, first.out, first.err) == (second.status, second.out, second.err)
    assert len(compared) == 2  # how it is shown is not what is compared
    assert len(list(cache.iterdir())) == 2
    assert [oct(file.stat().st_mode & 0o777) for file in (cache, *cache.iterdir())] == ["0o700", "0o600", "0o600"]


@pytest.mark.usefixtures("few")
def test_a_page_is_the_same_and_compares_nothing_either(tunekit, cache, compared, results, tmp_path):
    pages = []
    for _ in range(2):
        first = tunekit("report", "html=page.html", "setups=method,seed")
        pages.append((first.out, (tmp_path / "page.html").read_bytes()))
    assert pages[0] == pages[1]
    assert len(compared) == 1


@pytest.mark.usefixtures("few")
def test_what_is_damaged_is_made_again(tunekit, cache, compared, results):
    first = tunekit("report")
    (file,) = cache.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:1000])
    assert tunekit("report").out == first.out
    assert file.read_bytes() == content
    assert len(compared) == 2


@pytest.mark.usefixtures("few")
def test_whatever_changes_has_another_digest(tunekit, cache, results, tmp_path, monkeypatch):
    def digest(folders=("results",), filters=(), **options):
        return inputs.digest_of_inputs(folders, filters, options)

    before = digest()
    assert digest() == before
    different = [digest(filters=["method=RS"]), digest(error="0.1"), digest(folders=["results/default"])]
    (results.root / "default" / "rule.json").touch()
    different.append(digest())
    file = next(results.root.rglob("metadata.json"))
    text = file.read_text()
    file.write_text(text.replace('"mode"', '"mode"'))  # as many bytes, another time
    different.append(digest())
    state = file.stat()
    file.write_text(text.replace("default", "DEFAULT"))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # whoever sets the time back cannot set this one
    different.append(digest())
    file.unlink()
    different.append(digest())
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(inputs, "CODE", (*inputs.CODE, "package"))
    different.append(digest())
    (tmp_path / "package" / "data.csv").touch()
    different.append(digest())
    assert len({before, *different}) == 1 + len(different)


@pytest.mark.usefixtures("few")
def test_what_has_just_been_written_is_not_kept(tunekit, cache, results, monkeypatch):
    monkeypatch.setattr(inputs, "SETTLED", 3600.0)
    tunekit("report")
    assert not cache.exists()


@pytest.mark.usefixtures("few")
def test_few_experiments_are_not_kept(tunekit, cache, results, monkeypatch):
    monkeypatch.setattr(inputs, "LEAST_EXPERIMENTS", 5)
    tunekit("report")
    assert not cache.exists()


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("lacks", ["ended", "best_so_far"])
def test_what_metadata_alone_do_not_tell_is_not_kept(tunekit, cache, results, lacks):
    file = next(results.root.rglob("metadata.json"))
    metadata = json.loads(file.read_text())
    del metadata[lacks]
    file.write_text(json.dumps(metadata))
    assert tunekit("report").status == 0
    assert tunekit("report", "newer=1d", f"seed={1 - metadata['seed']}").status == 0
    assert not cache.exists()


@pytest.mark.usefixtures("few")
def test_without_a_place_for_it_a_report_is_made(tunekit, cache, results, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    assert tunekit("report").status == 0


def test_comparisons_that_were_fixed_beforehand_are_not_kept(cache, results, made_once):
    made, _ = fixed_study()
    told = attrs.evolve(made, experiments=tuple(_with_ends(each) for each in made.experiments))
    for given, is_kept in ((told, False), (attrs.evolve(told, fixed=()), True)):
        kept.kept_or_made([str(made_once)], read_filters([], ""), {}, lambda each=given: (each, compare(each)))
        assert cache.exists() == is_kept


def _with_ends(run):
    return attrs.evolve(run, metadata={**run.metadata, "ended": "2026-01-01T00:00:00+00:00", "best_so_far": {}})


@pytest.mark.usefixtures("few")
def test_what_does_not_come_back_as_it_was_is_not_kept(tunekit, cache, results, monkeypatch):
    def with_another_sentence(content, digest):
        comparison, counted = from_bytes(content, digest)
        return attrs.evolve(comparison, benchmarks=comparison.benchmarks[:0]), counted

    monkeypatch.setattr(kept, "from_bytes", with_another_sentence)
    assert tunekit("report").status == 0
    assert not cache.exists()


def test_a_folder_that_others_can_write_is_left_alone(cache):
    folder.keep("a", b"1")
    cache.chmod(0o777)
    assert folder.read_kept("a") is None
    folder.keep("b", b"2")
    assert [file.name for file in cache.iterdir()] == ["a.npz"]


def test_what_was_used_least_recently_goes_first(cache, monkeypatch):
    monkeypatch.setattr(folder, "MOST_FILES", 2)
    for place, digest in enumerate("ab"):
        folder.keep(digest, b"1")
        os.utime(cache / f"{digest}.npz", (place, place))
    assert folder.read_kept("a") == b"1"
    folder.keep("c", b"2")
    assert sorted(file.name for file in cache.iterdir()) == ["a.npz", "c.npz"]
    monkeypatch.setattr(folder, "MOST_BYTES", 10)
    folder.keep("d", b"3" * 10)
    assert [file.name for file in cache.iterdir()] == ["d.npz"]


def test_the_folder_is_the_one_that_the_system_has_for_this(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert folder.cache_folder() == tmp_path / ".cache" / "tunekit"
    monkeypatch.setattr("sys.platform", "darwin")
    assert folder.cache_folder() == tmp_path / "Library" / "Caches" / "tunekit"
