"""What two runs decided differently."""

from __future__ import annotations

from sellkit.core.run_difference import JournalledDecision, differences


def decided(con_id: int, word: str, why: str = "so") -> JournalledDecision:
    return JournalledDecision(
        token=f"NYSE:{con_id}",
        con_id=con_id,
        decision=word,
        reasons=(why,),
        average="SMA 50 1H",
        quantity="100",
        close=1.0,
        value=2.0,
        bar_end=None,
    )


def test_only_decisions_that_differ_are_told_by_token() -> None:
    first = [decided(3, "HOLD"), decided(1, "HOLD"), decided(2, "EXIT")]
    second = [decided(1, "EXIT"), decided(2, "EXIT", "another reason"), decided(3, "UNDECIDED")]
    found = differences(first, second)
    assert [each.token for each in found] == ["NYSE:1", "NYSE:3"]
    assert (found[0].first, found[0].second) == (first[1], second[0])


def test_a_position_that_one_run_alone_held_differs() -> None:
    (gone, came) = differences([decided(1, "HOLD")], [decided(2, "HOLD")])
    assert (gone.token, gone.second) == ("NYSE:1", None)
    assert (came.token, came.first) == ("NYSE:2", None)


def test_runs_that_decided_alike_do_not_differ() -> None:
    assert differences([decided(1, "HOLD")], [decided(1, "HOLD", "at another price")]) == ()
