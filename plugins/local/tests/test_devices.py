"""Which GPUs and cores a trial gets."""

import json
import os
import time
from unittest.mock import patch

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from tunekit_core import ConfigurationError, Script, Streams, create
from tunekit_core.testing import ToyBenchmark, toy_problem
from tunekit_local.cores import cpus_of
from tunekit_local.devices import Assignment, Devices
from tunekit_local.gpus import Gpu, find_gpus, visible_gpus
from tunekit_local.options import LocalOptions

UUIDS = ("GPU-8932f937-d72c", "GPU-8932aaaa-0001", "GPU-1b2c3d4e-0002", "GPU-ffff0000-0003")
FOUR = tuple(Gpu(index, uuid) for index, uuid in enumerate(UUIDS))
QUERY = "--query-gpu=index,uuid --format=csv,noheader"


def install(folder, script):
    """Put an nvidia-smi on a PATH of its own."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": str(folder)}


def listing(n_gpus):
    rows = "".join(f"{gpu.index}, {gpu.uuid}\\n" for gpu in FOUR[:n_gpus])
    return f'[ "$*" = "{QUERY}" ] && printf "{rows}"'


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """From number of GPUs to the environment of a machine that has so many."""
    return {n: install(tmp_path_factory.mktemp(f"gpus{n}"), listing(n)) for n in (1, 2, 3, 4)}


def devices(environment, *, n_workers=8, variables=None, **options):
    some = Devices(LocalOptions(**options), environment | (variables or {}))
    some.split_cpus(n_workers)
    return some


class Training(ToyBenchmark):
    def script(self):
        return Script(("true",))


@pytest.fixture
def refusal(monkeypatch):
    """From a machine, variables and options of a backend there to how they are refused."""

    def refuse(environment, variables, **options):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        for name, value in {**environment, **variables}.items():
            monkeypatch.setenv(name, value)
        benchmark = Training()
        with pytest.raises(ConfigurationError) as caught:
            create("backend", "local", toy_problem(benchmark), benchmark, None, Streams(0), **options).check()
        return caught.value

    return refuse


def cores(*numbers):
    """A machine, or a task on it, with these cores."""
    return patch.object(os, "sched_getaffinity", lambda pid: set(numbers), create=True)


@pytest.fixture(autouse=True)
def sixteen_cores():
    with cores(*range(16)):
        yield


class TestFinding:
    def test_gpus_are_what_nvidia_smi_lists(self, machines):
        assert find_gpus(machines[4]) == FOUR

    def test_gpus_are_ordered_by_index_and_other_lines_are_skipped(self, tmp_path):
        script = f'printf "warning: something\\n\\n10, {UUIDS[0]}\\n 2 ,  {UUIDS[1]} \\n"'
        assert find_gpus(install(tmp_path, script)) == (Gpu(2, UUIDS[1]), Gpu(10, UUIDS[0]))

    def test_without_nvidia_smi_there_are_none(self, tmp_path):
        assert find_gpus({"PATH": str(tmp_path)}) == ()

    def test_when_nvidia_smi_fails_there_are_none(self, tmp_path):
        assert find_gpus(install(tmp_path, f'printf "0, {UUIDS[0]}\\n"; exit 9')) == ()

    def test_when_nvidia_smi_cannot_be_executed_there_are_none(self, tmp_path):
        environment = install(tmp_path, "")
        (tmp_path / "nvidia-smi").write_bytes(b"\x7fELF of another architecture")
        assert find_gpus(environment) == ()

    def test_an_output_that_is_no_text_lists_none(self, tmp_path):
        assert find_gpus(install(tmp_path, r'printf "\377\376\n"')) == ()

    @pytest.mark.parametrize("script", ["exec /bin/sleep 20", "/bin/sleep 20"], ids=["itself", "its child"])
    def test_a_hanging_nvidia_smi_is_given_up(self, tmp_path, script):
        began = time.monotonic()
        assert find_gpus(install(tmp_path, script), timeout=0.2) == ()
        assert time.monotonic() - began < 10


class TestVisible:
    @pytest.mark.parametrize(
        ("visible", "left"),
        [
            (None, "0 1 2 3"),
            ("", ""),
            ("-1", ""),
            ("2", "2"),
            (" 3 , 1 ", "1 3"),
            ("0,2,-1,1", "0 2"),
            ("0,4,1", "0"),
            ("0,,1", "0"),
            ("none", ""),
            ("1,1", ""),
            (UUIDS[2], "2"),
            ("GPU-1b2c", "2"),
            ("GPU-ffff,GPU-8932a", "1 3"),
            ("GPU-ffff,GPU-8932,GPU-1b2c", "3"),
            ("GPU-ffff,GPU-0000,GPU-1b2c", "3"),
            ("GPU-ffff,GPU-ffff0", ""),
            ("GPU-ffff,0", "3"),
            ("0,GPU-ffff", "0"),
            ("gpu-ffff", ""),
            ("MIG-b,MIG-a", "MIG-b MIG-a"),
            ("MIG-GPU-8932f937/1/0", "MIG-GPU-8932f937/1/0"),
            ("MIG-a,MIG-a", ""),
            ("MIG-a,0,MIG-b", "MIG-a"),
            ("0,MIG-a", "0"),
        ],
    )
    def test_cuda_visible_devices_is_read_as_cuda_reads_it(self, visible, left):
        assert visible_gpus(FOUR, visible) == tuple(left.split())

    def test_without_gpus_nothing_is_visible(self):
        assert visible_gpus((), "MIG-a") == visible_gpus((), "0") == visible_gpus((), None) == ()

    def test_an_index_is_that_of_nvidia_smi_and_no_position(self):
        assert visible_gpus((Gpu(2, "GPU-a"), Gpu(5, "GPU-b")), "5,0") == ("5",)


class TestOptions:
    def test_trials_get_only_what_both_the_parent_and_the_option_allow(self, machines):
        some = devices(machines[4], gpus_to_use=(3, 1), variables={"CUDA_VISIBLE_DEVICES": "0,1,3"})
        assert some.gpus == ("1", "3")

    @pytest.mark.parametrize(
        ("visible", "gpus_to_use", "sentences"),
        [
            (
                {},
                [0, 7],
                "backend.gpus_to_use=[0, 7] names GPU 7, which cannot be used. nvidia-smi lists GPU 0, 1. "
                "Type backend.gpus_to_use=[0], or leave the option out.",
            ),
            (
                {"CUDA_VISIBLE_DEVICES": "0"},
                [1],
                "backend.gpus_to_use=[1] names GPU 1, which cannot be used. nvidia-smi lists GPU 0, 1. "
                "CUDA_VISIBLE_DEVICES=0 leaves 0. Type backend.gpus_to_use=[0], or leave the option out.",
            ),
            (
                {"CUDA_VISIBLE_DEVICES": "MIG-a"},
                [0],
                "backend.gpus_to_use=[0] names GPU 0, which cannot be used. nvidia-smi lists GPU 0, 1. "
                "CUDA_VISIBLE_DEVICES=MIG-a leaves MIG-a. Leave the option out.",
            ),
            (
                {},
                [1, 1],
                "backend.gpus_to_use=[1, 1] names a GPU twice. Type backend.gpus_to_use=[1]; with "
                "backend.share_gpus=true several trials run on one GPU.",
            ),
        ],
    )
    def test_a_gpu_that_cannot_be_used_is_refused_with_what_to_type(
        self, machines, refusal, visible, gpus_to_use, sentences
    ):
        error = refusal(machines[2], visible, gpus_to_use=gpus_to_use)
        assert str(error) == sentences
        assert (error.option, error.value) == ("backend.gpus_to_use", gpus_to_use)

    def test_a_gpu_on_a_machine_without_any_is_refused(self, tmp_path, refusal):
        error = refusal({"PATH": str(tmp_path)}, {}, gpus_to_use=[0], num_gpus_per_trial=0)
        assert str(error) == (
            "backend.gpus_to_use=[0] names GPU 0, which cannot be used. nvidia-smi lists no GPU here: see what "
            "`nvidia-smi -L` says. Leave the option out."
        )

    @pytest.mark.parametrize("share_gpus", [False, True])
    def test_more_gpus_per_trial_than_there_are_is_refused(self, machines, refusal, share_gpus):
        error = refusal(machines[4], {}, num_gpus_per_trial=3, gpus_to_use=[0, 2], share_gpus=share_gpus)
        assert str(error) == (
            "backend.num_gpus_per_trial=3 is more than a trial can get, which is 2. nvidia-smi lists GPU "
            "0, 1, 2, 3. backend.gpus_to_use=[0, 2] leaves 2. Type backend.num_gpus_per_trial=2."
        )
        assert (error.option, error.value) == ("backend.num_gpus_per_trial", 3)

    def test_two_gpus_per_trial_without_any_are_refused(self, tmp_path, refusal):
        assert str(refusal({"PATH": str(tmp_path)}, {}, num_gpus_per_trial=2)) == (
            "backend.num_gpus_per_trial=2 is more than a trial can get, which is 0. nvidia-smi lists no GPU "
            "here: see what `nvidia-smi -L` says. Type backend.num_gpus_per_trial=0."
        )

    def test_a_backend_that_nobody_has_checked_refuses_to_be_opened(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        benchmark, options = Training(), {"num_gpus_per_trial": 2}
        backend = create("backend", "local", toy_problem(benchmark), benchmark, None, Streams(0), **options)
        with pytest.raises(ConfigurationError, match=r"backend\.num_gpus_per_trial=2 is more than a trial can get"):
            backend.open(1)


def sequence(some, n):
    """The GPUs of trials that run one after the other."""
    gpus = []
    for trial_id in range(n):
        gpus.append(",".join(some.assign(trial_id).gpus))
        some.release(trial_id)
    return gpus


class TestGpus:
    def test_a_trial_is_told_its_gpus_as_nvidia_smi_numbers_them(self, machines):
        environment = devices(machines[4], num_gpus_per_trial=2, gpus_to_use=(1, 3)).assign(0).environment
        assert environment["CUDA_VISIBLE_DEVICES"] == "1,3"
        assert environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"

    def test_mig_ids_are_handed_on_as_they_are(self, machines):
        some = devices(machines[1], variables={"CUDA_VISIBLE_DEVICES": "MIG-b,MIG-a"})
        assert [some.assign(t).environment["CUDA_VISIBLE_DEVICES"] for t in (0, 1)] == ["MIG-b", "MIG-a"]
        assert some.assign(2) is None

    def test_a_trial_waits_until_enough_gpus_are_free(self, machines):
        some = devices(machines[3], num_gpus_per_trial=2)
        assert some.assign(0).gpus == ("0", "1")
        assert some.assign(1) is None
        some.release(0)
        assert some.assign(1).gpus == ("0", "2")

    def test_gpus_take_turns(self, machines):
        assert sequence(devices(machines[3]), 7) == ["0", "1", "2", "0", "1", "2", "0"]
        assert sequence(devices(machines[3], num_gpus_per_trial=2), 4) == ["0,1", "0,2", "1,2", "0,1"]

    def test_a_trial_that_had_to_wait_does_not_count(self, machines):
        some = devices(machines[2])
        some.assign(0), some.assign(1)
        assert some.assign(2) is None
        some.release(0), some.release(1)
        assert [some.assign(t).gpus for t in (2, 3)] == [("0",), ("1",)]

    def test_shared_gpus_are_those_with_fewest_trials_so_far(self, machines):
        some = devices(machines[2], share_gpus=True)
        assert [some.assign(t).gpus[0] for t in range(5)] == ["0", "1", "0", "1", "0"]
        assert some.assign(5).gpus == ("1",)

    @pytest.mark.parametrize(
        ("part", "n_trials"),
        [(0.5, 2), (0.33, 3), (1 / 3, 3), (0.3, 3), (0.34, 2), (0.7, 1), (1 / 49, 49), (0.01, 100)],
    )
    def test_as_many_trials_share_a_gpu_as_parts_fit_on_it(self, machines, part, n_trials):
        some = devices(machines[1], n_workers=101, num_gpus_per_trial=part)
        for trial_id in range(n_trials):
            assert some.assign(trial_id).environment["CUDA_VISIBLE_DEVICES"] == "0"
        assert some.assign(n_trials) is None
        some.release(0)
        assert some.assign(n_trials).gpus == ("0",)

    def test_trials_with_a_part_of_a_gpu_are_spread(self, machines):
        some = devices(machines[3], num_gpus_per_trial=0.5, gpus_to_use=(0, 2))
        assert [some.assign(t).gpus[0] for t in range(4)] == ["0", "2", "0", "2"]
        assert some.assign(4) is None
        some.release(1), some.release(3), some.release(0)
        assert [some.assign(t).gpus[0] for t in (5, 6)] == ["2", "0"]

    def test_trials_with_a_part_of_a_gpu_run_without_where_there_is_none(self, tmp_path):
        some = devices({"PATH": str(tmp_path)}, num_gpus_per_trial=0.5)
        assert [some.assign(t).gpus for t in range(8)] == [()] * 8

    @pytest.mark.parametrize(
        ("options", "sentences"),
        [
            (
                {"num_gpus_per_trial": 1.5},
                "backend.num_gpus_per_trial=1.5 must be a whole number, or below 1: a trial has whole GPUs or a part "
                "of one. Type backend.num_gpus_per_trial=1 or backend.num_gpus_per_trial=2.",
            ),
            (
                {"num_gpus_per_trial": 0.001},
                "backend.num_gpus_per_trial=0.001 must be 0, or at least 0.01. With backend.share_gpus=true any number "
                "of trials share a GPU.",
            ),
            (
                {"num_gpus_per_trial": float("inf")},
                "backend.num_gpus_per_trial=inf is no number of GPUs. Type backend.num_gpus_per_trial=0 for none.",
            ),
            (
                {"num_gpus_per_trial": 0.5, "share_gpus": True},
                "backend.num_gpus_per_trial=0.5 says that 2 trials share a GPU, and backend.share_gpus=true that any "
                "number do. Leave one of them out.",
            ),
        ],
    )
    def test_what_is_no_part_of_a_gpu_is_refused(self, machines, refusal, options, sentences):
        assert str(refusal(machines[2], {}, **options)) == sentences

    def test_a_free_gpu_comes_before_a_shared_one_with_fewer_trials(self, machines):
        some = devices(machines[2], share_gpus=True)
        for trial_id in range(3):
            some.assign(trial_id)
        some.release(0), some.release(2)
        assert some.assign(3).gpus == ("0",)

    @pytest.mark.parametrize("visible", [{}, {"CUDA_VISIBLE_DEVICES": "1"}])
    def test_a_trial_that_needs_no_gpu_sees_none(self, machines, visible):
        assignment = devices(machines[4], num_gpus_per_trial=0, variables=visible).assign(0)
        assert assignment.gpus == ()
        assert assignment.environment["CUDA_VISIBLE_DEVICES"] == "-1"

    def test_trials_that_need_no_gpu_do_not_wait_for_nvidia_smi(self, tmp_path):
        began = time.monotonic()
        devices(install(tmp_path, "exec /bin/sleep 20"), num_gpus_per_trial=0)
        assert time.monotonic() - began < 5

    @pytest.mark.parametrize(
        "choice",
        [
            {"variables": {"CUDA_VISIBLE_DEVICES": ""}},
            {"variables": {"CUDA_VISIBLE_DEVICES": "7"}},
            {"gpus_to_use": ()},
        ],
    )
    def test_without_a_gpu_that_may_be_used_trials_run_without(self, machines, choice):
        some = devices(machines[4], **choice)
        for trial_id in range(8):
            assert some.assign(trial_id).environment["CUDA_VISIBLE_DEVICES"] == "-1"

    def test_where_none_is_listed_the_users_choice_stays(self, tmp_path):
        assignment = devices({"PATH": str(tmp_path)}, variables={"CUDA_VISIBLE_DEVICES": "0"}).assign(0)
        assert assignment.gpus == ()
        assert not {name for name in assignment.environment if name.startswith("CUDA")}


class TestCpus:
    @pytest.mark.parametrize(
        ("numbers", "n_workers", "shares"),
        [
            (range(4), 1, [(0, 1, 2, 3)]),
            (range(4), 2, [(0, 1), (2, 3)]),
            (range(10), 4, [(0, 1, 2), (3, 4, 5), (6, 7), (8, 9)]),
            ([9, 2, 5], 3, [(2,), (5,), (9,)]),
        ],
    )
    def test_cores_are_split_evenly(self, numbers, n_workers, shares):
        with cores(*numbers):
            assert [cpus_of(n_workers, slot) for slot in range(n_workers)] == [(s, len(s)) for s in shares]

    def test_with_more_workers_than_cores_nothing_is_pinned(self):
        with cores(0, 1, 2):
            assert [cpus_of(4, slot) for slot in range(4)] == [(None, 1)] * 4

    @pytest.mark.parametrize(("n_workers", "n_threads"), [(1, 6), (4, 1), (3, 2), (9, 1)])
    def test_a_system_that_cannot_pin_still_divides_its_threads(self, monkeypatch, n_workers, n_threads):
        monkeypatch.delattr(os, "sched_getaffinity")
        monkeypatch.setattr(os, "cpu_count", lambda: 6)
        assert cpus_of(n_workers, 0) == (None, n_threads)

    def test_threads_are_as_many_as_cores_unless_the_user_says_so(self, machines):
        assignment = devices(machines[1], n_workers=4, variables={"OMP_NUM_THREADS": "2"}).assign(0)
        assert assignment.cpus == (0, 1, 2, 3)
        assert "OMP_NUM_THREADS" not in assignment.environment
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
            assert assignment.environment[name] == "4"

    def test_a_trial_gets_as_many_cores_and_threads_as_are_asked_for_and_waits_for_them(self, tmp_path):
        some = devices({"PATH": str(tmp_path)}, n_workers=8, num_cpus_per_trial=5)
        first, *others = [some.assign(t) for t in range(4)]
        assert first.cpus == (0, 1, 2, 3, 4)
        assert first.environment["OMP_NUM_THREADS"] == "5"
        assert [other and other.cpus for other in others] == [(5, 6, 7, 8, 9), (10, 11, 12, 13, 14), None]
        some.release(1)
        assert some.assign(4).cpus == (5, 6, 7, 8, 9)

    def test_a_system_that_cannot_pin_still_limits_the_trials(self, monkeypatch, tmp_path):
        monkeypatch.delattr(os, "sched_getaffinity")
        monkeypatch.setattr(os, "cpu_count", lambda: 6)
        some = devices({"PATH": str(tmp_path)}, num_cpus_per_trial=3)
        assert [some.assign(t).cpus for t in range(2)] == [None, None]
        assert some.assign(2) is None

    def test_a_trial_that_waits_for_a_gpu_holds_no_cores(self, machines):
        some = devices(machines[1], num_cpus_per_trial=8)
        assert some.assign(0).cpus == tuple(range(8))
        assert some.assign(1) is None
        some.release(0)
        assert some.assign(1).cpus == tuple(range(8))

    def test_more_cores_than_there_are_are_refused(self, tmp_path, refusal):
        with cores(3, 5):
            error = refusal({"PATH": str(tmp_path)}, {}, num_cpus_per_trial=4)
        assert str(error) == (
            "backend.num_cpus_per_trial=4 is more than a trial can get: there are 2 cores that this process may use. "
            "Type backend.num_cpus_per_trial=2."
        )

    def test_the_lowest_free_slot_is_used_first(self, tmp_path):
        some = devices({"PATH": str(tmp_path)}, n_workers=4)
        assert [some.assign(t).cpus[0] for t in range(4)] == [0, 4, 8, 12]
        some.release(2), some.release(1)
        assert [some.assign(t).cpus[0] for t in (4, 5)] == [4, 8]

    def test_trials_that_are_not_pinned_never_wait_for_cores(self, tmp_path):
        with cores(0):
            some = devices({"PATH": str(tmp_path)}, n_workers=3)
        assert [some.assign(t).cpus for t in range(3)] == [None] * 3


class TestClaims:
    def test_an_assignment_survives_json(self, machines):
        assignment = devices(machines[2]).assign(0)
        assert Assignment(**json.loads(json.dumps(attrs.asdict(assignment)))) == assignment

    def test_what_was_claimed_is_not_assigned_until_released(self, machines):
        before, after = (devices(machines[2], n_workers=2) for _ in range(2))
        first, second = before.assign(0), before.assign(1)
        after.claim(1, second)
        assert after.assign(2) == first
        assert after.assign(3) is None
        after.release(1)
        assert after.assign(3) == second

    def test_claims_bring_back_whose_turn_it_is(self, machines):
        first, second = devices(machines[3]), devices(machines[3])
        for trial_id in range(2):
            second.claim(trial_id, first.assign(trial_id))
            first.release(trial_id), second.release(trial_id)
        assert first.assign(2) == second.assign(2)

    def test_cores_that_were_claimed_are_given_to_nobody_else(self, tmp_path):
        some = devices({"PATH": str(tmp_path)}, n_workers=4)
        some.claim(0, Assignment((), range(2, 10), {}))
        assert some.assign(1).cpus == (12, 13, 14, 15)
        assert some.assign(2).cpus == (0, 1, 10, 11)
        assert some.assign(3).cpus is None

    def test_a_gpu_that_is_no_longer_used_may_be_claimed(self, machines):
        some = devices(machines[2], gpus_to_use=(1,))
        some.claim(0, Assignment(["0"], None, {}))
        assert some.assign(1).gpus == ("1",)

    def test_two_may_claim_what_they_shared(self, machines):
        some = devices(machines[1])
        for trial_id in range(2):
            some.claim(trial_id, Assignment(["0"], None, {}))
        some.release(0)
        assert some.assign(2) is None
        some.release(1)
        assert some.assign(2).gpus == ("0",)


@settings(deadline=None)
@given(
    n_gpus=st.integers(1, 4),
    per_trial=st.integers(0, 4),
    share_gpus=st.booleans(),
    n_cores=st.integers(1, 12),
    n_workers=st.integers(1, 6),
    steps=st.lists(st.integers(0, 7), max_size=40),
)
def test_devices_are_held_once(machines, n_gpus, per_trial, share_gpus, n_cores, n_workers, steps):
    """A step releases a trial if it runs and starts it otherwise."""
    per_trial = min(per_trial, n_gpus)
    with cores(*range(n_cores)):
        some, again = (
            devices(machines[n_gpus], num_gpus_per_trial=per_trial, share_gpus=share_gpus, n_workers=n_workers)
            for _ in range(2)
        )
    running = {}
    for trial_id in steps:
        if running.pop(trial_id, None) is not None:
            some.release(trial_id), again.release(trial_id)
            continue
        assignment = some.assign(trial_id)
        assert assignment == again.assign(trial_id)
        if assignment is None:
            n_held = sum(len(other.gpus) for other in running.values())
            slots_taken = n_cores >= n_workers == len(running)
            assert slots_taken or (not share_gpus and n_gpus - n_held < per_trial)
            continue
        running[trial_id] = assignment
        assert len(set(assignment.gpus)) == per_trial
        held = [gpu for other in running.values() for gpu in other.gpus]
        assert share_gpus or len(set(held)) == len(held)
        taken = [core for other in running.values() for core in other.cpus or ()]
        assert len(set(taken)) == len(taken)
        assert set(taken) <= set(range(n_cores))
        assert (assignment.cpus is None) == (n_workers > n_cores)


def test_without_rotation_every_trial_sees_what_the_user_sees(machines):
    some = devices(machines[2], rotate_gpus=False)
    for number in range(3):
        assignment = some.assign(number)
        assert assignment.gpus == ()
        assert "CUDA_VISIBLE_DEVICES" not in assignment.environment


def test_people_are_told_what_a_trial_holds(machines):
    some = devices(machines[2], n_workers=2)
    some.assign(4)
    assert some.describe(4) == "GPU 0"
    assert some.describe(5) == ""
    some.release(4)
    assert some.describe(4) == ""
