"""Values of answers that are shaped otherwise than promised: odd ids are refused, odd times count as none."""

from zoneinfo import ZoneInfo

import pytest

from portal.atlassian import reading, strictjson
from portal.atlassian.errors import Unavailable
from portal.atlassian.messages import Answer
from tests.atlassian.conftest import READ

ANSWER = Answer(200, {}, "", "", READ)


@pytest.mark.parametrize("found", ["7" * 65, "7\x00", "7\n8", "7/8", "", None, [], {"id": 7}, True])
def test_what_is_no_id_makes_the_answer_unusable(found):
    with pytest.raises(Unavailable):
        reading.required(ANSWER, {"id": found}, "id", most=64)


@pytest.mark.parametrize("found", ["7" * 64, 7, "ari:cloud:platform::classification-tag/1", "é"])
def test_an_id_is_kept_as_it_is(found):
    assert reading.required(ANSWER, {"id": found}, "id", most=64) == str(found)


@pytest.mark.parametrize(
    "told",
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", -62135596800, 10**40, "soon", True],
)
def test_a_time_that_cannot_be_shown_in_every_zone_is_none(told):
    assert reading.moment(told) is None


@pytest.mark.parametrize("told", ["0002-01-01T00:00:00Z", "9998-12-31T23:59:59Z", 0, 1_700_000_000_000])
def test_every_other_time_can_be_shown_anywhere(told):
    found = reading.moment(told)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert found.astimezone(ZoneInfo(zone)).tzinfo is not None


def test_what_is_said_of_broken_json_can_be_kept_by_any_database():
    with pytest.raises(strictjson.StrictJSONError) as caught:
        strictjson.loads('{"a\\u0000b": 1, "a\\u0000b": 2}')
    assert "\x00" not in str(caught.value)
