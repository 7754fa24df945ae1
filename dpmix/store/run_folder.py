"""The run folder: a run on disk, complete enough to be queried and continued anywhere.

    run.json         what the run is, for people and programs, with a checksum over its content
    data.npy         the images, eight pixels to a byte (`dpmix.store.table_file`)
    names.json       what columns and rows are called and stand for, where they have names (`dpmix.store.names_file`)
    chain-000.npz    the first chain after its last finished segment (`dpmix.store.chain_file`); and so on
    .lock            held by the one process that writes

Reading relies on nothing that was not checked: whatever is damaged, foreign or missing is a `RunError`
that names the file. Other files in the folder, such as pictures, are left alone.
"""

import os
import re
import shutil
from contextlib import contextmanager, suppress

from dpmix.base.checks import check_path
from dpmix.base.errors import InputError, InputTypeError, RunError
from dpmix.base.files import LOCK_NAME, WriterLock, is_leftover
from dpmix.base.reading import opened
from dpmix.base.text import shown
from dpmix.base.version import __version__
from dpmix.base.wording import Wording
from dpmix.chain.plan import Plan
from dpmix.chain.record import FIGURES
from dpmix.chain.starts import check_init
from dpmix.store import chain_file
from dpmix.store.description import FORMAT, describe, facts_writer, read_facts
from dpmix.store.names_file import NAMES, has_names, read_names, write_names
from dpmix.store.table_file import read_table, write_table

__all__ = ["RunFolder"]

_RUN, _DATA = "run.json", "data.npy"
_CHAIN = re.compile(r"chain-\d{3,}\.npz")
_SPARE_BYTES = 1 << 20
_MOST_CHAINS = 10_000  # that are believed in without their files


class RunFolder:
    """A run folder, open for reading, or for writing by this process alone.

    Made by `create` and `open`; usable in a ``with`` statement, which ends the right to write.

    Attributes
    ----------
    path : pathlib.Path
    plan : dpmix.chain.plan.Plan
    table : dpmix.model.table.BinaryTable
        The images, read-only.
    version, created : str
        The dpmix that began the run, and when (UTC, ISO 8601).
    """

    def __init__(self, path, lock):
        self.path, self._lock = path, lock
        with _os_errors(f"cannot read the run at {path}"):
            facts = read_facts(path / _RUN)
            try:
                self._run, self.version, self.created = facts["run"], facts["dpmix"], facts["created"]
                self.plan = Plan.from_json(facts)
                self._data_read = self._data_found()
                self.table = read_names(
                    path / NAMES, read_table(self.data_path, facts["data"]), facts["data"]
                )
                self.plan.prior.pseudo_counts(self.table.d)
                _check_start(self.plan.init, self.table.n)
            except RunError:
                raise
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                raise RunError(f"{path / _RUN} does not describe a run: {error}") from error

    @classmethod
    def create(cls, path, table, plan, overwrite=False):
        """Begin a run folder at `path` and keep it open for writing.

        Parameters
        ----------
        path : str or path-like
            Must not exist, or be an empty folder; its parent must exist.
        table : dpmix.model.table.BinaryTable
        plan : dpmix.chain.plan.Plan
        overwrite : bool
            Whether a dpmix run at `path` may be replaced. Nothing else ever is.

        Raises
        ------
        InputError
            `path` exists, or its parent does not.
        RunError
            It cannot be written, there is no room for the run, or it is in use.
        """
        needed = _table_bytes(table) + (plan.chains + 1) * _chain_bytes(
            table, plan, plan.sweeps, plan.n_kept(plan.sweeps)
        )
        facts = describe(__version__, table, plan)
        path, lock = _fill(path, facts, table, (), needed, overwrite)
        return cls._holding(lock, path)

    @classmethod
    def open(cls, path, write=False):
        """Open the run folder at `path` and check it; chains are checked as they are read.

        Parameters
        ----------
        path : str or path-like
        write : bool
            Whether to write, too. Only one process may at a time; any number may read meanwhile.

        Raises
        ------
        RunError
            Missing, foreign, damaged or of another version; or, for writing, in use, read-only or
            without room for the rest of the run.
        """
        path = _check_path(path)
        with _os_errors(f"cannot read the run at {path}"):
            if not (path / _RUN).is_file():
                kind = "an unfinished copy or another kind of folder" if path.is_dir() else "no folder"
                raise RunError(f"{path} is not a run folder of dpmix: {kind}, without {_RUN}")
        if not write:
            folder = cls(path, None)
            folder._check_chains()
            return folder
        with _os_errors(f"cannot write in {path}"):
            lock = WriterLock(path)
        folder = cls._holding(lock, path)
        try:
            folder._check_chains()
            _remove(path, is_leftover)
            folder._check_room()
            with _os_errors(f"cannot write in {path}"):
                lock.replace_files({_RUN: folder._write_facts(folder.plan)})
        except BaseException:
            lock.release()
            raise
        return folder

    @classmethod
    def write(cls, path, table, plan, records, version, overwrite=False):
        """Write a run folder at `path` that holds the `records` of chains; arguments and errors as for `create`."""
        needed = _table_bytes(table)
        needed += sum(_chain_bytes(table, plan, record.sweeps, record.draws.n_kept) for record in records)
        facts = describe(version, table, plan)
        _, lock = _fill(path, facts, table, records, needed, overwrite)
        lock.release()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        """End the right to write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def data_path(self):
        """Path of the images, an .npy file of (n, ceil(d / 8)) uint8."""
        return self.path / _DATA

    def chain_path(self, chain_ix):
        """Path of chain `chain_ix`, there or not."""
        return self.path / _chain_name(chain_ix)

    def read_chain(self, chain_ix):
        """The `dpmix.chain.record.ChainRecord` of a chain after its last finished segment; None before there is one.

        Raises
        ------
        RunError
            Its file is damaged, or belongs to another chain or run.
        """
        path = self.chain_path(chain_ix)
        with _os_errors(f"cannot read {path}"):
            try:
                return chain_file.read_chain(path, self._run, chain_ix, self.table, self.plan)
            except FileNotFoundError:
                return None

    def write_chain(self, chain_ix, record):
        """Put `record` in the place of what the folder held of this chain.

        Raises
        ------
        RunError
            It cannot be written, for instance because the disk is full; the folder is as it was.
        """
        name = _chain_name(chain_ix)
        writers = {name: _chain_writer(self._run, chain_ix, record)}
        if (
            self._data_found() != self._data_read
        ):  # cut or changed meanwhile: this process still has the images
            writers = {_DATA: lambda file: write_table(file, self.table)} | writers
        with self._writing(name):
            self._lock.replace_files(writers)
        self._data_read = self._data_found()

    def set_plan(self, plan):
        """Put down that the chains are to be longer: `plan` differs from the present one in its sweeps alone.

        Raises
        ------
        RunError
            There is no room for so long a run, or it cannot be written; the folder is as it was.
        """
        before, after = self.plan.to_json(), plan.to_json()
        assert {**before, "sweeps": plan.sweeps} == after, "only the sweeps of a run can change"
        with self._writing(_RUN):
            self._lock.check()
            self._check_room(plan)
            self._lock.replace_files({_RUN: self._write_facts(plan)})
        self.plan = plan

    def read_chains(self):
        """The `dpmix.chain.record.ChainRecord` of every chain, in order.

        Raises
        ------
        RunError
            No chain has finished a segment yet, or the file of one is missing or damaged.
        """
        records = [self.read_chain(chain_ix) for chain_ix in range(self.plan.chains)]
        if not any(record and record.sweeps for record in records):
            raise RunError(
                f"{self.path} holds no draws yet: no chain has finished its first segment",
                Wording("wait for it, or go on with it by {resume}", run=str(self.path)),
            )
        for chain_ix, record in enumerate(records):
            if record is None:
                raise RunError(
                    f"{self.chain_path(chain_ix)} is missing: that chain has not begun, or its file is lost",
                    Wording("{resume} draws it and keeps the others", run=str(self.path)),
                )
        return records

    @classmethod
    def _holding(cls, lock, path):
        try:
            return cls(path, lock)
        except BaseException:
            lock.release()
            raise

    @contextmanager
    def _writing(self, name):
        assert self._lock is not None, "open the run folder for writing first"
        remedy = Wording(
            "every segment written before is kept; see to that and go on with {resume}", run=str(self.path)
        )
        with _os_errors(f"cannot write {self.path / name}", remedy):
            yield

    def _write_facts(self, plan):
        facts = describe(self.version, self.table, plan)
        return facts_writer({**facts, "run": self._run, "created": self.created})

    def _data_found(self):
        """What changes where another program writes to the file of the images, or None where it is gone."""
        try:
            found = os.stat(self.data_path)
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _check_chains(self):
        """Refuse a number of chains that nobody asked for, before as many steps are taken."""
        if self.plan.chains > _MOST_CHAINS:
            held = sum(_CHAIN.fullmatch(name) is not None for name in os.listdir(self.path))
            if self.plan.chains > held:
                raise RunError(
                    f"{self.path / _RUN} does not describe a run: chains is {self.plan.chains}, "
                    f"and the folder holds files of {held}"
                )

    def _check_room(self, plan=None):
        plan = plan or self.plan
        chain = _chain_bytes(self.table, plan, plan.sweeps, plan.n_kept(plan.sweeps))
        present = [path.stat().st_size for path in map(self.chain_path, range(plan.chains)) if path.is_file()]
        _check_room(self.path, chain + max(0, plan.chains * chain - sum(present)))


def _fill(path, facts, table, records, needed, overwrite):
    """Write all files of a run; (path, lock). On failure what was there before is kept."""
    path = _check_path(path)
    with _os_errors(f"cannot write a run folder at {path}"):
        _check_target(path, overwrite)
        is_new = not path.exists()
        if is_new:
            path.mkdir()
        lock = None
        try:
            lock = WriterLock(path)
            _check_target(path, overwrite)  # another process may have been quicker
            _remove(path, is_leftover)
            _check_room(path, needed)
            chains = {
                _chain_name(ix): _chain_writer(facts["run"], ix, record) for ix, record in enumerate(records)
            }
            # run.json goes first: it makes a folder a run, and tells any older chain that is still there apart.
            files = {_RUN: facts_writer(facts), _DATA: lambda file: write_table(file, table)}
            files |= {NAMES: lambda file: write_names(file, table)} if has_names(table) else {}
            lock.replace_files({**files, **chains})
            _remove(
                path,
                lambda name: (_CHAIN.fullmatch(name) or name == NAMES) and name not in {**files, **chains},
            )
        except BaseException:
            if lock:
                lock.release()
            if is_new:
                _remove(path, _is_ours)
                with suppress(OSError):
                    path.rmdir()
            raise
    return path, lock


def _check_target(path, overwrite):
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} exists and is a file; choose another path for the run folder")
    if not path.parent.is_dir():
        raise InputError(f"cannot create {path}: there is no folder {path.parent}; create it first")
    names = os.listdir(path) if path.exists() else []
    others = [name for name in names if name != LOCK_NAME and not is_leftover(name)]
    if not others:
        return
    if not _is_run(path):
        raise InputError(
            f"{path} is a folder with other things in it ({min(others)}, ...), no run of dpmix; "
            "choose another path for the run folder"
        )
    if not overwrite:
        raise InputError(
            f"{path} holds a run already",
            Wording(
                "choose another path, pass {overwrite} to replace it, or go on with it by {resume}",
                run=str(path),
            ),
        )


def _is_ours(name):
    return name in (LOCK_NAME, _RUN, _DATA, NAMES) or is_leftover(name) or _CHAIN.fullmatch(name) is not None


def _is_run(path):
    """Whether the folder was begun by dpmix, judged so that a damaged run counts too."""
    with suppress(FileNotFoundError, InputError), opened(path / _RUN) as file:
        return FORMAT.encode() in file.read(100)
    return False


def _check_path(path):
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InputTypeError(f"path must be the name of a folder, as text or pathlib.Path; got {shown(path)}")
    return check_path("path", path)


def _chain_name(chain_ix):
    return f"chain-{chain_ix:03d}.npz"


def _chain_writer(run, chain_ix, record):
    return lambda file: chain_file.write_chain(file, run, chain_ix, record)


def _table_bytes(table):
    return table.packed.nbytes + _SPARE_BYTES


def _chain_bytes(table, plan, sweeps, draws):
    """Size of a chain's file, about: its state, the figures of each sweep, and labels and hyperparameters a draw."""
    return (
        4 * table.n
        + 8 * len(FIGURES) * sweeps
        + draws * (plan.draw_bytes(table.n) + 16 * table.d + 8)
        + 16 * table.d
        + 8192
    )


def _check_room(path, needed):
    free = shutil.disk_usage(path).free
    if free < needed:
        raise RunError(
            f"{path} needs room for {needed / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free there; "
            "free some, plan fewer draws (fewer sweeps, a larger thin), or choose a folder elsewhere"
        )


def _remove(path, is_unwanted):
    """Remove files of such names; a folder of that name is none of ours."""
    for name in os.listdir(path):
        if is_unwanted(name) and ((path / name).is_symlink() or not (path / name).is_dir()):
            (path / name).unlink(missing_ok=True)


def _check_start(init, n):
    """Refuse an `init` that no plan holds: a start as `check_init` names it, or that labels were given."""
    if not isinstance(init, str):
        raise InputTypeError(f"init must be a text; got {type(init).__name__}")
    if init != "labels" and check_init(init, n)[0] != init:
        raise InputError(f"init must be as a plan has it; got {init!r}")


@contextmanager
def _os_errors(what, remedy="see to that and try again"):
    """Turn errors of the operating system into a `RunError` that says `what` failed."""
    try:
        yield
    except OSError as error:
        said = error.strerror or error
        reason = f"{os.path.basename(error.filename)}: {said}" if error.filename else str(said)
        raise RunError(f"{what} ({reason})", remedy) from error
