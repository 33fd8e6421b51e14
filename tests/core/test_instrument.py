"""Tokens have one normal form, match exactly, and name a listing exchange."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellkit.core.instrument import Instrument, Token
from sellkit.errors import InvalidToken
from tests.build import instrument

EXCHANGES = st.sampled_from(["NASDAQ", "nyse", " Arca ", "ISLAND", "island", "NASDAQ.NMS", "lse"])
SYMBOLS = st.text(alphabet="AbkR09 -/.", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("NASDAQ:AAPL", "NASDAQ:AAPL"),
        ("  nasdaq : aapl ", "NASDAQ:AAPL"),
        ("NYSE:BRK B", "NYSE:BRK.B"),
        ("NYSE:BRK-B", "NYSE:BRK.B"),
        ("NYSE:BRK/B", "NYSE:BRK.B"),
        ("nyse:brk  b", "NYSE:BRK.B"),
        ("ISLAND:AAPL", "NASDAQ:AAPL"),
        ("NASDAQ.NMS:AAPL", "NASDAQ:AAPL"),
        ("LSE:BP.", "LSE:BP."),
        ("IBIS2:1COV", "IBIS2:1COV"),
    ],
)
def test_a_token_is_read_as_a_person_writes_it(written: str, normal: str) -> None:
    assert str(Token.parse(written)) == normal


@given(EXCHANGES, SYMBOLS)
def test_the_normal_form_of_a_token_is_its_own_normal_form(exchange: str, symbol: str) -> None:
    try:
        token = Token.of(exchange, symbol)
    except InvalidToken:
        return
    assert Token.parse(str(token)) == token
    assert Token.of(token.exchange, token.symbol) == token
    assert Token(token.exchange, token.symbol) == token


@pytest.mark.parametrize("written", ["SMART:AAPL", " smart : AAPL"])
def test_smart_is_refused_because_it_is_a_route(written: str) -> None:
    with pytest.raises(InvalidToken, match="SMART in SMART:AAPL is a route, not an exchange"):
        Token.parse(written)


@pytest.mark.parametrize(
    "written",
    ["", "AAPL", ":AAPL", "NASDAQ:", "NASDAQ: ", "NASDAQ:A:B", "NASDAQ:A*", "1X:A", "NASDAQ:ÄX"],
)
def test_a_text_that_is_no_token_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(InvalidToken, match="NASDAQ:AAPL"):
        Token.parse(written)


@pytest.mark.parametrize(("exchange", "symbol"), [("nyse", "BRK.B"), ("NYSE", "BRK B")])
def test_a_token_outside_its_normal_form_cannot_be_made(exchange: str, symbol: str) -> None:
    with pytest.raises(InvalidToken):
        Token(exchange, symbol)


@pytest.mark.parametrize("other", ["NASDAQ:META", "NASDAQ:A", "NYSE:AA", "NYSE:A.B"])
def test_tokens_match_exactly_and_never_by_a_part(other: str) -> None:
    known = {Token.parse("NYSE:A")}
    assert Token.parse(other) not in known


def test_tokens_are_sorted_by_exchange_and_then_symbol() -> None:
    written = ["NYSE:A", "NASDAQ:MSFT", "NASDAQ:AAPL"]
    assert [str(token) for token in sorted(map(Token.parse, written))] == sorted(written)


def test_the_contract_number_alone_is_an_instruments_identity() -> None:
    before = instrument("NASDAQ:FB", con_id=1)
    renamed = instrument("NASDAQ:META", con_id=1)
    assert before == renamed
    assert len({before, renamed}) == 1
    assert instrument("NASDAQ:FB", con_id=2) != before


def test_two_share_classes_with_one_label_are_two_instruments() -> None:
    assert instrument("NYSE:BRK.B", con_id=1) != instrument("NYSE:BRK.B", con_id=2)


@pytest.mark.parametrize(
    ("security_type", "is_decided"),
    [("STK", True), ("OPT", False), ("FUT", False), ("CASH", False), ("WAR", False)],
)
def test_only_stock_is_decided(security_type: str, is_decided: bool) -> None:
    assert instrument(security_type=security_type).is_decided is is_decided


def test_an_instrument_is_shown_by_its_token() -> None:
    assert str(Instrument(265598, Token.parse("NASDAQ:AAPL"))) == "NASDAQ:AAPL"
