"""What each of Interactive Brokers' codes means, to sellkit and to a person."""

from __future__ import annotations

import pytest

from sellkit.core.code_book import BOOK, explained, is_listed, meaning_for_order, meaning_of, told
from sellkit.core.reports import Meaning
from tests.core.gateway_codes import codes_sent

# Every code that Interactive Brokers' documents and the reports of its users bring up.
NAMED = (
    *(100, 101, 103, 104, 105, 107, 109, 110, 111, 113, 133, 134, 135, 136, 140, 141, 154),
    *(161, 162, 163, 164, 165, 166),
    *(200, 201, 202, 203, 300, 320, 321, 322, 326, 336, 337, 354, 366, 382, 383, 387, 388, 399),
    *(404, 412, 420, 434, 435, 460, 481, 492, 501, 502, 503, 504, 579),
    *(1100, 1101, 1102, 1300),
    *(2100, 2102, 2103, 2104, 2105, 2106, 2107, 2108, 2109, 2110, 2119, 2137, 2157, 2158, 2174),
    *(10089, 10090, 10091, 10147, 10148, 10149, 10167, 10168, 10186, 10187, 10197, 10225),
    *(10242, 10243, 10244, 10245, 10246, 10247, 10248, 10249, 10250, 10252, 10268),
    *(10314, 10318, 10324, 10335, 10349),
)


@pytest.mark.parametrize("code", NAMED)
def test_every_known_code_stands_in_the_table(code: int) -> None:
    assert code in BOOK


def test_the_table_holds_nothing_else() -> None:
    assert set(BOOK) == set(NAMED)


@pytest.mark.parametrize("code", [399, 404, 481, 2102, 2109, 10349])
def test_a_code_after_which_an_order_lives_is_no_cancel(code: int) -> None:
    assert meaning_of(code) is Meaning.ORDER_ALIVE


@pytest.mark.parametrize("code", [110, 201, 202, 203, 10268])
def test_a_refused_order_is_dead(code: int) -> None:
    assert meaning_of(code) is Meaning.ORDER_DEAD


@pytest.mark.parametrize("code", [103, 104, 133, 135, 136, 161, 1100, 10147, 10148])
def test_a_code_that_leaves_an_orders_fate_open_is_unknown(code: int) -> None:
    assert meaning_of(code) is Meaning.UNKNOWN


@pytest.mark.parametrize("code", [1101, 1102, 2104, 2106, 2158, 2174, 10167])
def test_a_notice_informs(code: int) -> None:
    assert meaning_of(code) is Meaning.INFORMATION


def test_a_warning_that_is_not_in_the_table_informs() -> None:
    assert meaning_of(2150) is Meaning.INFORMATION


def test_any_other_code_that_is_not_in_the_table_is_unknown() -> None:
    assert meaning_of(99999) is Meaning.UNKNOWN


# --- for a person ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(codes_sent()))
def test_every_code_that_the_simulated_gateway_can_send_stands_in_the_book(code: int) -> None:
    assert is_listed(code)


def test_the_codes_of_the_simulated_gateway_are_found_wherever_they_stand() -> None:
    """Literal, named, imported, in a table: otherwise the test before might look at nothing."""
    assert codes_sent() >= {101, 103, 110, 201, 202, 321, 326, 399, 1100, 2104, 2109, 10090, 10148}


@pytest.mark.parametrize("code", sorted(BOOK))
def test_every_entry_is_one_sentence_of_meaning_and_one_of_what_to_do(code: int) -> None:
    for sentence in (BOOK[code].says, BOOK[code].do):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert ". " not in sentence
    assert explained(code).startswith(f"{code}: ")


def test_a_code_is_told_with_its_text_and_what_it_means() -> None:
    assert told(201, "no") == f"201: no ({BOOK[201]})"
    assert told(299, "no") == "299: no"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2150, ("2100 to 2199 for warnings", "taken as information")),
        (299, ("100 to 499 for errors about orders", "nothing is concluded")),
        (555, ("500 to 599 for errors of the program",)),
        (1199, ("1100 to 1300 for messages about the connection",)),
        (10999, ("10000 to 10999",)),
        (7, ("is no code of Interactive Brokers that sellkit knows",)),
    ],
)
def test_of_a_code_that_is_not_in_the_book_no_more_is_said_than_is_known(
    code: int, words: tuple[str, ...]
) -> None:
    said = explained(code)
    assert not is_listed(code)
    assert all(each in said for each in words)
    assert "\n" not in said


@pytest.mark.parametrize("code", [200, 320, 321])
def test_a_request_that_was_not_taken_is_the_end_of_an_order(code: int) -> None:
    assert meaning_of(code) is Meaning.REQUEST_FAILED
    assert meaning_for_order(code) is Meaning.ORDER_DEAD


@pytest.mark.parametrize("code", [162, 354, 399, 1100, 99999])
def test_of_an_order_other_codes_mean_what_they_always_do(code: int) -> None:
    assert meaning_for_order(code) is meaning_of(code)
