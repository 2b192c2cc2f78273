"""Runs every measurement one after the other, each in a process of its own."""

import os
import platform
import subprocess
import sys

ALL = ("space_page", "scan", "compare", "autosave", "memory")


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    failed = []
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"]).returncode:
            failed.append(name)
    if failed:
        raise SystemExit(f"missed: {', '.join(failed)}")


main()
