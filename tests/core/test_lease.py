"""Leases: one process at most holds one, by the time of the file system and by no clock of a machine."""

import errno
import fcntl
import itertools
import os
import resource
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tunekit_core.errors import LeaseHeld, LockingError
from tunekit_core.records import lease as module, renewing
from tunekit_core.records.holder import SECONDS_TO_WRITE
from tunekit_core.records.lease import DURATION, Lease, holder_of, place_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lease"


@pytest.fixture
def take(path):
    """Takes a lease, which is given back after the test."""
    taken = []

    def run(path=path, **options):
        taken.append(Lease.take(path, **options))
        return taken[-1]

    yield run
    for lease in taken:
        lease.release()


def pass_time(path, seconds):
    """For the file system: what was written is older by that."""
    for file in path.parent.glob(f"{path.name}*"):
        written = file.stat().st_mtime_ns - int(seconds * 1e9)
        os.utime(file, ns=(written, written))


def wait_for(condition):
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


def test_a_lease_says_who_holds_it_and_is_gone_when_it_is_given_back(path, take):
    lease = take(place="here", seconds=5)
    holder = holder_of(path)
    assert (holder.place, holder.host, holder.pid, holder.seconds) == ("here", os.uname().nodename, os.getpid(), 5)
    assert str(holder) == f"process {os.getpid()} on {os.uname().nodename} since {holder.since}"
    assert lease.is_ours()
    assert names(path) == ["lease"]
    lease.release()
    assert not lease.is_ours()
    assert holder_of(path) is None
    assert names(path) == []


def test_what_another_holds_is_not_taken_until_it_has_expired(path, take):
    first = take(seconds=100)
    pass_time(path, 99)
    with pytest.raises(LeaseHeld, match=f"^process {os.getpid()} on "):
        take()
    assert first.is_ours()
    pass_time(path, 2)
    assert holder_of(path) is None
    second = take()
    assert second.is_ours()
    assert not first.is_ours()
    assert not first.renew()
    first.release()
    assert second.is_ours()
    assert names(path) == ["lease"]


def test_how_long_a_lease_lasts_is_for_its_holder_to_say(path, take):
    take(seconds=1000)
    pass_time(path, 999)
    with pytest.raises(LeaseHeld):
        take(seconds=1)


def test_a_lease_lasts_from_its_renewal_on(path, take):
    lease = take(seconds=100)
    for _ in range(5):
        pass_time(path, 60)
        assert lease.renew()
    assert holder_of(path) is not None


def test_a_lease_that_has_expired_can_be_renewed_while_nobody_has_taken_it(path, take):
    lease = take(seconds=100)
    pass_time(path, 200)
    assert lease.renew()
    with pytest.raises(LeaseHeld):
        take()


@pytest.mark.parametrize("days", [-2, 2])
def test_no_clock_of_a_machine_is_asked(path, days, monkeypatch, take):
    lease = take()

    class Skewed(datetime):
        @classmethod
        def now(cls, zone=None):
            return super().now(zone) + timedelta(days=days)

    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 86400 * days)
    monkeypatch.setattr(module, "datetime", Skewed)
    with pytest.raises(LeaseHeld):
        take()
    assert lease.renew()
    pass_time(path, DURATION + 1)
    other = take()
    monkeypatch.undo()
    assert holder_of(path) is not None
    with pytest.raises(LeaseHeld):
        take()
    assert other.is_ours()


def test_a_lease_from_the_future_has_expired(path, take):
    take()
    pass_time(path, -DURATION - 1)
    assert take().is_ours()


DAMAGED = [b"", b"{", b"[]", b"null", b"\xff", b"[" * 900]
WHOLE = '{"nonce": %s, "place": "", "host": "a", "pid": 1, "since": "", "seconds": %s}'
OTHERS = [('"../../elsewhere"', 1), ('"0123456789abcdef"', "NaN"), ("7", 1)]
DAMAGED += [(WHOLE % each).encode() for each in OTHERS]
DAMAGED.append((WHOLE % ('"0123456789abcdef"', 1)).replace('"a"', r'"\u001b[2J"').encode())


@pytest.mark.parametrize("says", DAMAGED)
def test_a_damaged_lease_is_for_a_moment_that_of_somebody_who_writes_it_and_then_nobodys(path, says, take):
    path.write_bytes(says)
    with pytest.raises(LeaseHeld, match="another process"):
        take()
    assert str(holder_of(path)) == (
        "another process (its lock cannot be read: either it has just begun, or the file is damaged, and counts for 10 "
        "s only)"
    )
    pass_time(path, SECONDS_TO_WRITE + 1)
    assert holder_of(path) is None
    assert take().is_ours()
    assert names(path) == ["lease"]


def test_a_lease_that_was_changed_is_lost(path, take):
    lease = take()
    path.write_bytes(b"")
    assert not lease.is_ours()


def test_who_dies_while_he_takes_a_lease_over_keeps_nobody_out_for_long(path, take):
    take(seconds=1)
    left = path.with_name(f"lease-{holder_of(path).nonce}")
    pass_time(path, 2)
    left.touch()
    with pytest.raises(LeaseHeld, match="which has just taken it over"):
        take()
    pass_time(path, SECONDS_TO_WRITE + 1)
    with pytest.raises(LeaseHeld):
        take()  # it removes what was left
    assert take().is_ours()
    assert names(path) == ["lease"]


class TestPlaces:
    """Where processes can lock a file, a lock tells whether one lives."""

    def test_on_one_machine_a_lease_is_free_as_soon_as_its_process_is_dead(self, path, take):
        lease = take(place="here")
        kept = path.with_name("kept")
        path.rename(kept)
        lease.release()  # which ends the lock, as a death does
        kept.rename(path)
        with pytest.raises(LeaseHeld):
            take(place="there")
        assert holder_of(path, place="there") is not None
        assert holder_of(path, place="here") is None
        assert take(place="here").is_ours()

    def test_on_one_machine_a_process_that_stands_still_keeps_its_lease(self, path, take):
        lease = take(place="here", seconds=1)
        pass_time(path, 100)
        with pytest.raises(LeaseHeld):
            take(place="here")
        assert holder_of(path, place="here") is not None
        assert holder_of(path, place="there") is None
        assert take(place="there").is_ours()
        assert not lease.is_ours()

    def test_what_is_damaged_but_locked_is_that_of_a_live_process(self, path, take):
        with open(path, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            pass_time(path, 100)
            with pytest.raises(LeaseHeld):
                take(place="here")

    def test_without_a_place_nothing_is_locked(self, path, monkeypatch, take):
        def refuse(file, operation):
            raise OSError(errno.ENOSYS, "there are no locks")

        monkeypatch.setattr(fcntl, "flock", refuse)
        take().release()
        with pytest.raises(LockingError):
            take(place="here")
        assert names(path) == []

    def test_a_place_is_a_machine_and_a_disk(self, tmp_path, monkeypatch):
        (tmp_path / "below").mkdir()
        assert place_of(tmp_path) == place_of(tmp_path / "below")
        assert place_of(tmp_path) != place_of("/proc")


class TestFileSystems:
    """What can be wrong with the folder."""

    def test_where_nothing_may_be_written_a_lease_is_not_taken_and_time_not_told(self, path, monkeypatch, take):
        take()

        def refuse(name, mode, **options):
            if mode != "rb":
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
            return open(name, mode, **options)

        monkeypatch.setattr(module, "open", refuse, raising=False)
        with pytest.raises(PermissionError):
            take(path.with_name("other"))
        with pytest.raises(PermissionError):
            holder_of(path)

    def test_where_a_file_cannot_be_removed_the_lease_expires(self, path, monkeypatch, take):
        lease = take(place="here")

        def refuse(name):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", refuse)
            lease.release()
        assert holder_of(path, place="here") is None
        assert holder_of(path, place="there") is not None
        pass_time(path, DURATION + 1)
        assert holder_of(path, place="there") is None

    @pytest.mark.parametrize("takes_over", [False, True])
    def test_on_a_full_disk_a_lease_is_not_taken_and_nothing_left(self, path, takes_over, take):
        if takes_over:
            take()
            pass_time(path, DURATION + 1)
        before = names(path)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                take()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert names(path) == before
        assert take().is_ours()

    def test_on_a_full_disk_a_lease_is_renewed(self, path, take):
        lease = take()
        pass_time(path, DURATION + 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            assert lease.renew()
            assert holder_of(path) is not None
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def test_what_is_no_file_is_never_written_through(self, path, take):
        os.mkfifo(path)
        assert holder_of(path) is None
        assert take().is_ours()
        path.unlink()
        path.symlink_to("elsewhere")
        with pytest.raises(LockingError, match=f"^{path} is a symbolic link, where the file belongs .* remove it: rm"):
            take()
        path.unlink()
        path.mkdir()
        with pytest.raises(LockingError, match=f"^{path} is a folder, where the file belongs"):
            take()

    def test_a_lease_whose_folder_is_gone_is_lost(self, tmp_path, take):
        (tmp_path / "folder").mkdir()
        lease = take(tmp_path / "folder" / "lease")
        (tmp_path / "folder").rename(tmp_path / "moved")
        assert not lease.renew()
        lease.moved_to(tmp_path / "moved" / "lease")
        assert lease.renew()
        lease.release()
        assert [*(tmp_path / "moved").iterdir()] == []


class TestRenewing:
    """What is kept is renewed in time, by a thread that stays."""

    def test_what_is_kept_does_not_expire_and_what_is_dropped_does(self, path, take):
        lease = take(seconds=0.3)
        renewing.keep(lease)
        try:
            limit = time.monotonic() + 1
            while time.monotonic() < limit:
                assert holder_of(path) is not None
                time.sleep(0.02)
        finally:
            renewing.drop(lease)
        time.sleep(0.4)
        assert holder_of(path) is None

    @pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
    def test_what_nobody_has_any_more_is_nobodys(self, path):
        lease = Lease.take(path, place="here", seconds=0.1)
        renewing.keep(lease)
        time.sleep(0.2)  # it has been renewed
        del lease
        wait_for(lambda: holder_of(path, place="here") is None)

    def test_there_is_one_thread_however_many_leases(self, path, take):
        n_before = sum(thread.name == "leases" for thread in threading.enumerate())  # some may be about to end
        for _ in range(20):
            lease = take(seconds=1234)
            renewing.keep(lease)
            renewing.drop(lease)
            lease.release()
        assert renewing.drop(lease) is None
        assert sum(thread.name == "leases" for thread in threading.enumerate()) <= n_before + 1


def test_of_many_who_would_take_over_at_the_same_time_one_can(path, take):
    for _ in range(20):
        dead = take()
        pass_time(path, DURATION + 1)
        took, barrier = [], threading.Barrier(6)

        def take_at_once(took=took, barrier=barrier):
            barrier.wait()
            with suppress(LeaseHeld):
                took.append(take())

        threads = [threading.Thread(target=take_at_once) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [lease.is_ours() for lease in took] == [True]
        assert not dead.is_ours()
        took[0].release()
        assert names(path) == []


STEPS = range(8)


@contextmanager
def before_step(n, act):
    """Within, something else is done before the n-th time that a file is opened, renamed, removed or touched."""
    steps = itertools.count()

    def stepping(does):
        def step(*arguments, **options):
            if next(steps) == n:
                act()
            return does(*arguments, **options)

        return step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "open", stepping(open), raising=False)
        for name in ("rename", "unlink", "utime"):
            patch.setattr(os, name, stepping(getattr(os, name)))
        yield


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_there", [False, True])
def test_who_comes_at_any_moment_of_another_takes_it_or_leaves_it(path, step, is_there, take):
    if is_there:
        take()
        pass_time(path, DURATION + 1)
    took = []

    def try_to_take():
        with suppress(LeaseHeld):
            took.append(take())

    with before_step(step, try_to_take):
        try_to_take()
    assert [lease.is_ours() for lease in took] == [True]
    assert names(path) == ["lease"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("does", ["renew", "release"])
def test_what_its_holder_does_while_another_takes_it_over_leaves_one_of_them(path, step, does, take):
    holder = take()
    pass_time(path, DURATION + 1)
    with before_step(step, lambda: getattr(holder, does)()):
        try:
            other = take()
        except LeaseHeld:
            other = None
    if other is None:
        assert holder.is_ours()
    else:
        assert other.is_ours()
        assert not holder.is_ours()
    assert names(path) == ["lease"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("does", ["renew", "release"])
def test_who_is_overtaken_in_the_middle_leaves_the_lease_of_the_other(path, step, does, take):
    holder, took = take(), []
    pass_time(path, DURATION + 1)

    def overtake():
        with suppress(LeaseHeld):  # it has been renewed by then
            took.append(take())

    with before_step(step, overtake):
        getattr(holder, does)()
    # Overtaken between its last look and the removal, who gives it back removes that of the other, who then has none.
    n_believing = sum(lease.is_ours() for lease in (holder, *took))
    assert n_believing == 1 or (does == "release" and n_believing == 0)


class Leases(RuleBasedStateMachine):
    """Several processes and one lease, of which two places can see each other's locks."""

    SECONDS = 10
    holders = st.integers(0, 3)

    @initialize(target=None)
    def begin(self):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "lease")
        self.leases = {}
        self.holder, self.age, self.is_dead = None, 0, False

    def place(self, who):
        return "a" if who < 2 else ""

    def is_free(self, who):
        if self.holder is None:
            return True
        if self.place(who) == "a" == self.place(self.holder):
            return self.is_dead
        return self.age > self.SECONDS

    @rule(who=holders)
    def take(self, who):
        free = self.is_free(who)
        try:
            taken = Lease.take(self.path, place=self.place(who), seconds=self.SECONDS)
        except LeaseHeld:
            assert not free
            return
        assert free
        self.leases.setdefault(who, []).append(taken)
        self.holder, self.age, self.is_dead = who, 0, False

    @rule(who=holders)
    def renew(self, who):
        for lease in self.leases.get(who, [])[-1:]:
            held = self.holder == who and not self.is_dead
            assert lease.renew() is held
            if held:
                self.age = 0

    @rule(who=holders)
    def release(self, who):
        for lease in self.leases.pop(who, []):
            lease.release()
        if self.holder == who and not self.is_dead:
            self.holder = None

    @precondition(lambda self: self.holder is not None and not self.is_dead)
    @rule()
    def die(self):
        dead = self.leases[self.holder].pop()
        kept = self.path.with_name("kept")
        self.path.rename(kept)
        dead.release()
        kept.rename(self.path)
        self.is_dead = True

    @rule(seconds=st.sampled_from([4, 7, 11]))
    def wait(self, seconds):
        pass_time(self.path, seconds)
        self.age += seconds

    @invariant()
    def one_at_most_believes(self):
        believe = [(who, lease) for who, leases in self.leases.items() for lease in leases if lease.is_ours()]
        assert [who for who, _ in believe] == ([] if self.holder is None or self.is_dead else [self.holder])

    def teardown(self):
        for leases in self.leases.values():
            for lease in leases:
                lease.release()
        self.folder.cleanup()


Leases.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestLeases = Leases.TestCase
