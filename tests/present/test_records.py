"""Plain records as a table."""

from __future__ import annotations

from decimal import Decimal

from sellkit.present.records import records_table


def test_each_key_is_a_column_and_each_record_a_row() -> None:
    shown = records_table([{"symbol": "A<B", "held": 3}, {"symbol": "C", "bid": None}])
    page = shown._repr_html_()
    assert page.count("<th ") == 3
    assert page.count("<tr>") == 3
    assert "A&lt;B" in page
    assert repr(shown) == "symbol: A<B, held: 3\nsymbol: C, bid: "


def test_numbers_stand_to_the_right_texts_to_the_left() -> None:
    records = [{"n": 1, "d": Decimal("1.50"), "t": "-2.5", "s": "a", "b": True, "gap": ""}]
    records.append({"n": 2.25, "d": None, "t": "3", "s": "4", "b": False, "gap": 5})
    page = records_table(records)._repr_html_()
    titles = page.partition("</thead>")[0]
    assert [name for name in records[0] if f'class="number">{name}<' in titles] == [
        *("n", "d", "t", "gap")
    ]


def test_truth_is_told_in_words_and_floats_without_noise() -> None:
    records = [{"a": True, "b": False, "c": 0.1 + 0.2, "d": 47447.0}]
    assert repr(records_table(records)) == "a: yes, b: no, c: 0.3, d: 47447"


def test_no_record_says_so() -> None:
    assert repr(records_table([])) == "nothing"
    assert "nothing" in records_table([])._repr_html_()
