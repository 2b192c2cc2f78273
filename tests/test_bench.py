"""The measurements and drills can be started: none needs Django's settings before it has made them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What Django loads, once its settings are made.
LOADED_LATER = {"settings", "urls", "peers", "__init__", "__main__"}


def test_every_measurement_and_drill_can_be_imported_without_settings():
    names = sorted({path.stem for path in (ROOT / "bench").glob("*.py")} - LOADED_LATER)
    code = "\n".join(f"import bench.{name}" for name in names)

    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env={}, check=False)

    assert len(names) >= 7
    assert run.returncode == 0, run.stderr[-500:]
