"""A worker process: a Python interpreter that is sent functions and answers with their results.

It is a program of its own and never loads the `__main__` of the process that started it, as `multiprocessing` would.
So it can be started from a notebook, a REPL, standard input or a script without `if __name__ == "__main__"`, and it
needs no semaphores of the system. Jobs and answers are pickles, one after another, on its standard input and output.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import traceback
from typing import Any, BinaryIO

from aggregator.core.errors import AggregatorError

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from aggregator.engine.worker_process import main; main()"
_READY = b"ready for jobs\n"
_LENGTH = struct.Struct(">Q")
PARENT_CHECK_SECONDS = 1.0
"""How often a worker checks whether its parent is still there."""


class WorkerStartError(Exception):
    """A worker process cannot be started here; the message says why."""


class WorkerDiedError(Exception):
    """A worker process ended before it had answered."""


class WorkerProcess:
    """One worker, as its parent sees it. It runs one job at a time and ends with the parent at the latest."""

    def __init__(self) -> None:
        """Start it; takes a few milliseconds. Raises WorkerStartError."""
        if getattr(sys, "frozen", False) or not sys.executable:
            raise WorkerStartError("this program has no Python interpreter of its own")
        try:
            path = [entry or os.getcwd() for entry in sys.path]
            # -P: the modules of the current folder must not stand in for those of Python
            command = [sys.executable, "-P", "-c", _PROGRAM, *path]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise WorkerStartError(str(error)) from error

    def wait_until_ready(self) -> None:
        """Block until it takes jobs. Raises WorkerStartError if it ended instead."""
        said = b""
        with contextlib.suppress(OSError, ValueError):
            said = self._answers.read(len(_READY))
        if said != _READY:
            raise WorkerStartError("a worker process ended before it was ready")

    def run(self, job: bytes) -> Any:
        """Block until the job, a pickled callable, has been called there, and return its result.

        Raises what the callable raises, and WorkerDiedError if the process ended first, by `kill` for instance.
        """
        try:
            _write(self._jobs, job)
            answer = _read(self._answers)
        except (OSError, EOFError, ValueError) as error:  # ValueError: closed by `kill`
            raise WorkerDiedError("the process that ran it died") from error
        is_result, value = pickle.loads(answer)
        if is_result:
            return value
        raise value

    @property
    def is_alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once, whatever it is doing, and free all it has. May be called twice, and from any thread."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._jobs, self._answers):
            with contextlib.suppress(OSError):  # half a job may be left unsent
                pipe.close()

    @property
    def _jobs(self) -> BinaryIO:
        assert self._process.stdin is not None
        return self._process.stdin  # type: ignore[return-value]

    @property
    def _answers(self) -> BinaryIO:
        assert self._process.stdout is not None
        return self._process.stdout  # type: ignore[return-value]


def main() -> None:
    """What the worker process runs."""
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # what a library prints must not get among the answers
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # Ctrl-C and the signals of a service manager go to all processes; it is the parent that ends this one
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    _end_with_parent(os.getppid())
    # before it is ready: where this cannot be loaded, no document is to be blamed
    from aggregator.core.ingest import incremental  # noqa: F401

    serve(jobs, answers)


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Say that jobs are taken; then run each that comes and answer, until there are no more."""
    answers.write(_READY)
    answers.flush()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            _write(answers, _answer(_read(jobs)))


def _answer(job: bytes) -> bytes:
    """The pickle of (True, result) or (False, exception)."""
    try:
        return pickle.dumps((True, pickle.loads(job)()))
    except AggregatorError as error:
        return pickle.dumps((False, error))
    except Exception as error:
        error.add_note("in a worker process:\n" + traceback.format_exc())
        try:
            return pickle.dumps((False, error))
        except Exception:
            return pickle.dumps((False, RuntimeError("\n".join([repr(error), *error.__notes__]))))


def _write(file: BinaryIO, data: bytes) -> None:
    file.write(_LENGTH.pack(len(data)))
    file.write(data)
    file.flush()


def _read(file: BinaryIO) -> bytes:
    """Raises EOFError if the file ends before."""
    head = file.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else -1
    data = file.read(length) if length >= 0 else b""
    if len(data) != length:
        raise EOFError
    return data


def _end_with_parent(parent: int) -> None:
    """End this process soon after `parent` has, even in the middle of a job: a program that is killed leaves nothing.

    Between two jobs, the end of standard input does it.
    """

    def watch() -> None:
        gone = threading.Event()
        while os.getppid() == parent:
            gone.wait(PARENT_CHECK_SECONDS)
        os._exit(1)  # pragma: no cover: the process ends here, before it could write what it has run

    threading.Thread(target=watch, daemon=True, name="parent").start()
