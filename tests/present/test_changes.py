"""What a browser is told of a table: all of it once, then what changed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sellkit.present.grid.changes import Line, Told

AT = 1_000


def line(key: str, *cells: str, at: int | None = AT, is_stale: bool = False) -> Line:
    return Line(key, cells, at, is_stale)


def test_the_first_snapshot_tells_every_cell() -> None:
    told = Told()
    change = told.take([line("1", "a", "b"), line("2", "c", "d")])
    assert change == {
        "n": 1,
        "at": AT,
        "order": ["1", "2"],
        "rows": {
            "1": {"c": {0: "a", 1: "b"}, "a": "usual", "s": 0},
            "2": {"c": {0: "c", 1: "d"}, "a": "usual", "s": 0},
        },
    }


def test_after_that_only_changed_cells_travel() -> None:
    told = Told()
    told.take([line("1", "a", "b"), line("2", "c", "d")])
    change = told.take([line("1", "a", "x"), line("2", "c", "d")])
    assert change == {"n": 2, "at": AT, "rows": {"1": {"c": {1: "x"}}}}


def test_a_minute_in_which_only_ages_moved_tells_one_moment_for_all() -> None:
    told = Told()
    told.take([line("1", "a"), line("2", "b")])
    assert told.take([line("1", "a", at=2_000), line("2", "b", at=2_000)]) == {"n": 2, "at": 2_000}


def test_a_row_that_stayed_behind_keeps_its_own_moment() -> None:
    told = Told()
    told.take([line("1", "a"), line("2", "b"), line("3", "c")])
    late = line("2", "b", is_stale=True)
    change = told.take([line("1", "a", at=2_000), late, line("3", "c", at=2_000)])
    assert change == {"n": 2, "at": 2_000, "rows": {"2": {"a": AT, "s": 1}}}
    change = told.take([line("1", "a", at=3_000), late, line("3", "c", at=3_000)])
    assert change == {"n": 3, "at": 3_000}


def test_nothing_new_is_not_told_at_all() -> None:
    told = Told()
    told.take([line("1", "a")])
    assert told.take([line("1", "a")]) is None
    assert told.number == 1


def test_a_position_that_is_gone_and_a_new_one_change_the_order() -> None:
    told = Told()
    told.take([line("1", "a"), line("2", "b")])
    change = told.take([line("3", "c"), line("2", "b")])
    assert change is not None
    assert (change["gone"], change["order"]) == (["1"], ["3", "2"])
    assert change["rows"] == {"3": {"c": {0: "c"}, "a": "usual", "s": 0}}


LINES = st.lists(
    st.builds(
        Line,
        st.sampled_from("12345"),
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["a", ("b", "warn")])),
        st.sampled_from([None, 1, 2]),
        st.booleans(),
    ),
    unique_by=lambda each: each.key,
    max_size=5,
)


@given(st.lists(LINES, max_size=6))
def test_a_page_that_applies_every_change_has_the_whole_table(minutes: list[list[Line]]) -> None:
    told, page = Told(), Page()
    for lines in minutes:
        change = told.take(lines)
        if change is not None:
            page.take(change)
        assert page.table() == Page.of(told.whole()).table()


class Page:
    """The rules of `table.js`."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.at: int | None = None

    @classmethod
    def of(cls, whole: dict[str, Any]) -> Page:
        page = cls()
        page.rows = {
            key: {**row, "c": dict(enumerate(row["c"]))} for key, row in whole["rows"].items()
        }
        page.order, page.at = whole["order"], whole["at"]
        return page

    def take(self, change: dict[str, Any]) -> None:
        for key, told in change.get("rows", {}).items():
            row = self.rows.setdefault(key, {"c": {}})
            row["c"] |= told.get("c", {})
            row |= {name: told[name] for name in ("a", "s") if name in told}
        for key in change.get("gone", []):
            del self.rows[key]
        self.order = change.get("order", self.order)
        self.at = change["at"]

    def table(self) -> list[Any]:
        assert set(self.order) == self.rows.keys()
        usual = self.at
        return [
            (key, row["c"], usual if row["a"] == "usual" else row["a"], row["s"])
            for key in self.order
            for row in [self.rows[key]]
        ]
