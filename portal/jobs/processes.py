"""Runs processes side by side, starts those again that end, and lets none outlive its parent. Knows nothing of Django.

python portal/jobs/processes.py run PROCFILE       what `manage.py run` becomes, so that the runner itself stays small
python portal/jobs/processes.py child PARENT …     the command … as a child that ends with the process PARENT
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Seconds before one that ended is started again: doubled each time that it lasted less than STEADY.
FIRST_WAIT, LONGEST_WAIT, STEADY = 0.5, 30.0, 60.0
#: With this status the web server says that the settings do not let it start; trying again is of no use.
CANNOT_START = 3
#: Seconds that the processes have to end by themselves.
GRACE = 30.0
_PR_SET_PDEATHSIG = 1
#: Held by whoever uses the database beside a thread that forks: SQLite in the child would take the locks that its
#: memory shows for those of a connection that goes on, and find the database locked for good.
no_fork = threading.Lock()


def end_with_parent(parent: int) -> None:
    """Let the system kill this process when its parent dies, also by kill -9. Linux alone offers it.

    parent: the process id that the parent had when it made this one; where it is gone already, this one ends now.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class Process:
    """One line of a Procfile, started again whenever it ends. `stopping`: set when all of them are to end."""

    def __init__(self, name: str, command: str, stopping: threading.Event) -> None:
        self.name, self.command, self.stopping = name, command, stopping
        self.popen: subprocess.Popen | None = None
        self.status = 0

    def keep(self) -> None:
        # The shell fills in `${NAME:-default}` and is replaced by the command.
        command = [sys.executable, __file__, "child", str(os.getpid()), "sh", "-c", f"exec {self.command}"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        wait = FIRST_WAIT
        while not self.stopping.is_set():
            started = time.monotonic()
            # A session of its own: Ctrl-C at the terminal reaches the runner alone, which ends them in order.
            self.popen = subprocess.Popen(  # noqa: S603 - the lines of the Procfile
                command, start_new_session=True, cwd=ROOT, env=os.environ | {"PATH": path}
            )
            if self.stopping.is_set():  # told to stop in the same moment, before there was anything to tell
                self.stop()
            self.status = self.popen.wait()
            if self.name == "web" and self.status == CANNOT_START:
                self.stopping.set()
            if self.stopping.is_set():
                return
            wait = FIRST_WAIT if time.monotonic() - started > STEADY else min(wait * 2, LONGEST_WAIT)
            say(f"{self.name} ended ({self._why()}) and is started again.")
            self.stopping.wait(wait)

    def _why(self) -> str:
        return signal.Signals(-self.status).name if self.status < 0 else f"status {self.status}"

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(number)


def say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens at the terminal any more
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def run(procfile: str) -> int:
    """Keep the processes of a Procfile until SIGINT or SIGTERM. Returns the status to end with."""
    stopping = threading.Event()
    lines = [line for line in Path(procfile).read_text().splitlines() if ":" in line and not line.startswith("#")]
    kept = [
        Process(name.strip(), command.strip(), stopping) for name, command in (line.split(":", 1) for line in lines)
    ]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    threads = [threading.Thread(target=each.keep, name=each.name, daemon=True) for each in kept]
    for thread in threads:
        thread.start()
    stopping.wait()
    for each in kept:
        each.stop()
    until = time.monotonic() + GRACE
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    for each in kept:
        each.stop(signal.SIGKILL)
    failed = [each.name for each in kept if each.name == "web" and each.status == CANNOT_START]
    if failed:
        say(f"Not started: {', '.join(failed)}. The reason stands above.")
    return 1 if failed else 0


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "run":
        sys.exit(run(rest[0]))
    end_with_parent(int(rest[0]))
    os.execvp(rest[1], rest[1:])  # noqa: S606


if __name__ == "__main__":
    main()
