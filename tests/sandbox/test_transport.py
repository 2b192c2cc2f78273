"""The adapter under requests behaves like the network."""

from collections import Counter

import pytest
import requests
from urllib3.exceptions import NameResolutionError

from sandbox import faults
from sandbox.names import ACME
from sandbox.transport import SandboxAdapter

from .conftest import ADMIN, CONFLUENCE, level_of, session, set_level

SPACES = f"{CONFLUENCE}/spaces"


@pytest.fixture
def slept(state) -> list[float]:
    """Seconds that the sandbox would have slept; nobody waits."""
    slept: list[float] = []
    state.sleep = slept.append
    return slept


def test_answers_are_real_responses(admin):
    answer = admin.get(SPACES, params={"limit": 1})
    assert answer.url == f"{SPACES}?limit=1"
    assert answer.reason == "OK"
    assert answer.encoding == "UTF-8"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert len(answer.headers["Atl-Traceid"]) == 32


def test_a_body_can_be_streamed(admin):
    with admin.get(SPACES, stream=True) as answer:
        pieces = list(answer.iter_content(1000))
    assert len(pieces) == 3
    assert b"".join(pieces).startswith(b'{"results"')


def test_latency_is_slept_in_the_calling_thread(state, admin, slept):
    faults.latency(state, 5000)
    assert admin.get(SPACES).status_code == 200
    assert len(slept) == 1
    assert 4 < slept[0] <= 5


def test_latency_beyond_the_read_timeout_ends_at_the_timeout_after_the_work_is_done(state, admin, page, slept):
    faults.latency(state, 60_000, call="confluence.page_level.set")
    url = f"{CONFLUENCE}/pages/{page}/classification-level"
    body = {"status": "current", "id": state.level_id("Public")}
    with pytest.raises(requests.ReadTimeout):
        admin.put(url, json=body, timeout=(5, 2))
    assert slept == [2]
    assert level_of(admin, page) == "Public"


def test_a_slow_body_runs_into_the_read_timeout(state, admin, slept):
    faults.slow_body(state, 60)
    with (
        admin.get(SPACES, stream=True, timeout=3) as answer,
        pytest.raises(requests.ConnectionError, match="timed out"),
    ):
        answer.json()
    assert slept == [3]


def test_a_slow_body_within_the_timeout_arrives(state, admin, slept):
    faults.slow_body(state, 2)
    assert admin.get(SPACES, timeout=3).json()["results"]
    assert slept == [2]


@pytest.mark.parametrize("url", ["https://example.com/wiki/api/v2/spaces", "https://atlassian.net.example.com/"])
def test_other_hosts_are_unknown(admin, url):
    with pytest.raises(requests.ConnectionError) as caught:
        admin.get(url)
    assert isinstance(caught.value.args[0].reason, NameResolutionError)


def test_calls_are_counted_by_name(state, page):
    adapter = SandboxAdapter(state)
    counted = requests.Session()
    counted.mount("https://", adapter)
    counted.auth = (ADMIN.email, ADMIN.token)
    counted.get(SPACES)
    level_of(counted, page)
    set_level(counted, page, "Public")
    set_level(counted, "1", "Public")
    counted.get(f"https://{ACME}/somewhere")
    assert adapter.calls == Counter(
        {"confluence.page_level.set": 2, "confluence.spaces": 1, "confluence.page_level.get": 1, "unknown": 1}
    )
    session(state, ADMIN.email, ADMIN.token).get(SPACES)
    assert adapter.calls["confluence.spaces"] == 1
    assert state.calls["confluence.spaces"] == 2


def test_without_a_state_the_adapter_uses_that_of_the_settings(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    adapter = SandboxAdapter()
    assert adapter.state.path == tmp_path / "sandbox.sqlite3"
    adapter.state.close()
