"""What a person does about each alert, and what ends it."""

from __future__ import annotations

import pytest

from sellkit.core.alerts import REMEDIES, AlertKind, Ending, kinds_that_end, remedy


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_of_alert_says_what_to_do_and_ends_in_one_way(kind: AlertKind) -> None:
    assert [kind in kinds_that_end(each) for each in Ending].count(True) == 1
    todo, ending = REMEDIES[kind]
    assert remedy(kind) == f"{todo}; {ending}"
    assert todo


@pytest.mark.parametrize("ending", Ending)
def test_no_way_to_end_is_that_of_no_alert(ending: Ending) -> None:
    assert kinds_that_end(ending)


@pytest.mark.parametrize("kind", sorted(kinds_that_end(Ending.CONNECTED)))
def test_what_only_a_connection_ends_says_which_command_makes_it(kind: AlertKind) -> None:
    told = remedy(kind)
    assert "`sellkit run` connects the profile's client_id" in told
    assert "`sellkit status` its viewer_client_id" in told
