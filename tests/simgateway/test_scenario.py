"""Scenario files, and every way to get one wrong."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from sellkit.errors import ConfigError
from sellkit.simgateway.default_portfolio import default_scenario
from sellkit.simgateway.orders.habits import ExecutionsOfClientZero, OrderHabits
from sellkit.simgateway.scenario import OrderKind, Scenario
from sellkit.simgateway.scenario_file import load_scenario

AAPL = 'symbol = "AAPL"\nconId = 265598\nprimaryExchange = "NASDAQ"\n'
HELD = f"[[positions]]\n{AAPL}position = 100\navgCost = 205.41\n"
STOP = (
    '[[orders]]\nsymbol = "AAPL"\naction = "SELL"\ntotalQuantity = 100\norderType = "STP"\n'
    'auxPrice = 150.25\nkind = "own"\nclientId = 1\n'
)
FULL = f"""
account = ["DU1", "DU2"]
cash = 2500.5
seed = 7
always_open = true
read_only = true
{HELD}account = "DU2"
minTick = 0.05
listed = 2015-03-02
startPrice = 200
volatility = 0.02
longName = "Apple Inc."
[[symbols]]
symbol = "RY"
conId = 4458964
primaryExchange = "TSE"
currency = "CAD"
{STOP}account = "DU2"
tif = "DAY"
orderRef = "SK1-0123456789ab-1"
[[orders]]
conId = 4458964
kind = "manual"
action = "BUY"
totalQuantity = 5
orderType = "STP LMT"
lmtPrice = 151
auxPrice = 150
"""


def read(path: Path, text: str) -> Scenario:
    file = path / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    return load_scenario(file)


def test_a_full_file_is_read_key_by_key(tmp_path: Path) -> None:
    scenario = read(tmp_path, FULL)
    held = scenario.holdings[0]
    assert scenario.accounts == ("DU1", "DU2")
    assert (scenario.seed, scenario.cash) == (7, Decimal("2500.5"))
    assert scenario.always_open
    assert scenario.read_only
    assert (held.account, held.quantity, held.average_cost) == (
        "DU2",
        Decimal(100),
        Decimal("205.41"),
    )
    assert held.security.min_tick == Decimal("0.05")
    assert held.security.listed == dt.date(2015, 3, 2)
    assert [security.symbol for security in scenario.securities] == ["AAPL", "RY"]


def test_orders_carry_who_placed_them(tmp_path: Path) -> None:
    own, manual = read(tmp_path, FULL).orders
    assert (own.kind, own.client_id, own.aux_price) == (OrderKind.OWN, 1, Decimal("150.25"))
    assert (own.time_in_force, own.reference) == ("DAY", "SK1-0123456789ab-1")
    assert (manual.kind, manual.client_id, manual.security.symbol) == (OrderKind.MANUAL, None, "RY")


def test_json_says_the_same_as_toml(tmp_path: Path) -> None:
    position = {
        "symbol": "AAPL",
        "conId": 265598,
        "primaryExchange": "NASDAQ",
        "position": 100,
        "avgCost": 205.41,
    }
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps({"positions": [position]}), encoding="utf-8")
    assert load_scenario(file) == read(tmp_path, HELD)


def test_the_market_is_told_what_to_price(tmp_path: Path) -> None:
    aapl, ry = read(tmp_path, FULL).listings()
    assert (aapl.symbol, aapl.exchange, aapl.start_price) == ("AAPL", "NASDAQ", 200.0)
    assert (ry.symbol, ry.exchange, ry.listed) == ("RY", "TSE", None)


def test_two_listings_of_one_symbol_have_different_prices(tmp_path: Path) -> None:
    other = '[[symbols]]\nsymbol = "AAPL"\nconId = 9\nprimaryExchange = "TSE"\ncurrency = "CAD"\n'
    names = [listing.symbol for listing in read(tmp_path, HELD + other).listings()]
    assert names == ["AAPL", "AAPL.TSE"]


def test_an_option_and_a_stock_without_a_calendar_have_no_prices(tmp_path: Path) -> None:
    option = '[[symbols]]\nsymbol = "AAPL"\nconId = 9\nprimaryExchange = "CBOE"\nsecType = "OPT"\n'
    foreign = '[[symbols]]\nsymbol = "700"\nconId = 10\nprimaryExchange = "SEHK"\n'
    assert read(tmp_path, option + foreign).listings() == ()


def test_no_file_gives_a_small_portfolio_with_one_stop() -> None:
    scenario = load_scenario(None)
    assert scenario == default_scenario()
    assert scenario.accounts == ("DU0000001",)
    assert len(scenario.holdings) == 6
    assert [order.order_type for order in scenario.orders] == ["STP"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('acount = "DU1"', "unknown key 'acount'"),
        (HELD + 'colour = "red"', r"unknown key 'colour' in positions\[1\] of"),
        (HELD + STOP + "price = 1", r"unknown key 'price' in orders\[1\] of"),
        ("[[symbols]]\n" + AAPL + "position = 1", r"unknown key 'position' in symbols\[1\]"),
        ("account = 5", "'account' .* must be a text or a list of texts"),
        ('account = ["DU1", "DU1"]', "names one twice"),
        ('seed = "x"', "'seed' .* must be a whole number"),
        ("seed = true", "'seed' .* must be a whole number"),
        ("cash = true", "'cash' .* must be a number"),
        ("cash = inf", "'cash' .* must be a finite number"),
        ("read_only = 1", "'read_only' .* must be true or false"),
        ("positions = 3", "'positions' .* must be a list of tables"),
        ("positions = [3]", r"positions\[1\] of .* must be a table"),
        (HELD.replace("100", '"many"'), r"'position' in positions\[1\] .* must be a number"),
        (HELD.replace("265598", "0"), "'conId' .* must be above zero"),
        (HELD.replace('symbol = "AAPL"\n', ""), r"'symbol' is missing in positions\[1\]"),
        (HELD + 'listed = "soon"', "'listed' .* must be a date"),
        (HELD + "listed = 2020-01-01T00:00:00", "'listed' .* must be a date"),
        (HELD + 'account = "U9"', "'account' .* must be one of DU0000001"),
        (HELD + "minTick = 0", "'minTick' .* must be above zero"),
        (HELD + 'secType = "SHARE"', "'secType' .* must be one of STK"),
        (HELD + HELD, "held twice in one account: 265598"),
        (HELD + "[[symbols]]\n" + AAPL, r"'conId' in symbols\[1\] .* stands there already"),
        (
            HELD + "[[symbols]]\n" + AAPL.replace("265598", "1"),
            "AAPL on NASDAQ stands twice in .*, as conId 265598 and 1",
        ),
        (STOP, r"'symbol' in orders\[1\] .* is not among the positions and symbols: AAPL"),
        (HELD + STOP.replace("clientId = 1", ""), "'clientId' is missing"),
        (HELD + STOP.replace("own", "manual"), "'clientId' .* placed by hand"),
        (HELD + STOP.replace("own", "mine"), "'kind' .* must be one of own, foreign, manual"),
        (HELD + STOP + STOP.replace("own", "foreign"), "client 1 also has own ones"),
        (HELD + STOP.replace("auxPrice = 150.25", ""), "is STP, which takes auxPrice"),
        (HELD + STOP + "lmtPrice = 1", "is STP, which takes auxPrice"),
        (HELD + STOP.replace("SELL", "SHORT"), "'action' .* must be one of BUY, SELL"),
        (HELD + STOP.replace('action = "SELL"\n', ""), "'action' is missing"),
        (HELD + STOP.replace("= 100", "= -5"), "'totalQuantity' .* must be above zero"),
        ("account = ", "cannot be read: Invalid value"),
    ],
)
def test_a_wrong_file_is_refused_by_key_and_place(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named) as refused:
        read(tmp_path, text)
    assert "\n" not in str(refused.value)


def test_every_refusal_but_that_of_twin_clients_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"scenario\.toml"):
        read(tmp_path, 'acount = "DU1"')


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("absent.toml", None, "No such file"),
        ("scenario.yaml", b"account: DU1", "must be a .toml or a .json file"),
        ("scenario.json", b'{"seed": 1, "seed": 2}', "'seed' stands twice"),
        ("scenario.json", b"[1, 2]", "must be a table"),
        ("scenario.json", b'{"account"', "cannot be read"),
        ("scenario.toml", b"account = '\xff'", "cannot be read"),
    ],
)
def test_an_unreadable_file_is_refused(
    tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        load_scenario(file)


def test_the_same_contract_may_be_held_in_two_accounts(tmp_path: Path) -> None:
    scenario = read(tmp_path, 'account = ["A", "B"]\n' + HELD + HELD + 'account = "B"\n')
    assert [held.account for held in scenario.holdings] == ["A", "B"]
    assert len(scenario.securities) == 1


HABITS = """
account = ["DU1", "DU2"]
margin_accounts = "DU2"
[habits]
fill_size = 30
fill_after_seconds = 1.5
commission_after_seconds = 2
cancel_after_seconds = 3
cancels_wait_for_open = true
forgets_ended_after_seconds = 60
status_repeats = 1
execution_first = false
acknowledges_first = false
tells_filled = false
warns_of_preset = true
status_after_rejection = "none"
lists_rejected = false
refuses_e_trade_only = false
price_band = 0.03
no_permission = ["tsla"]
max_active = 5
client_zero = "own"
untags_on_restart = "stops"
master_client_id = 0
"""


def test_every_habit_can_be_set(tmp_path: Path) -> None:
    scenario = read(tmp_path, HABITS)
    assert scenario.margin_accounts == {"DU2"}
    assert scenario.habits == OrderHabits(
        fill_size=Decimal(30),
        fill_after_seconds=1.5,
        commission_after_seconds=2,
        cancel_after_seconds=3,
        cancels_wait_for_open=True,
        forgets_ended_after_seconds=60,
        status_repeats=1,
        execution_first=False,
        acknowledges_first=False,
        tells_filled=False,
        warns_of_preset=True,
        status_after_rejection="",
        lists_rejected=False,
        refuses_e_trade_only=False,
        price_band=Decimal("0.03"),
        no_permission=frozenset({"TSLA"}),
        max_active=5,
        client_zero=ExecutionsOfClientZero.OWN,
        untags_on_restart="stops",
        master_client_id=0,
    )
    settable = {field.name for field in dataclasses.fields(OrderHabits)}
    assert all(f"{name} = " in HABITS for name in settable)


def test_habits_that_are_not_named_keep_their_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "[habits]\n").habits == read(tmp_path, "").habits == OrderHabits()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("fill_size = 0", "must be above zero"),
        ("fill_after_seconds = -1", "must be 0 or more"),
        ("status_repeats = 0", "must be 1 or more"),
        ("status_after_rejection = 'Filled'", "must be one of"),
        ("client_zero = 'some'", "must be one of"),
        ("colour = 'red'", "unknown key 'colour' in habits"),
    ],
)
def test_a_wrong_habit_is_refused(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(tmp_path, f"[habits]\n{line}\n")


def test_a_margin_account_must_be_one_of_the_accounts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names no account: DU9"):
        read(tmp_path, 'margin_accounts = "DU9"\n')


# --- accounts, currencies, rules, corporate actions -----------------------------------------------


def test_accounts_have_cash_by_currency_and_a_kind(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        'cash = 7\n[[accounts]]\naccount = "DU1"\ncash = { USD = 5, EUR = -2.5 }\n'
        '[[accounts]]\naccount = "DU2"\ncurrency = "EUR"\nmargin = true\n',
    )
    assert scenario.accounts == ("DU1", "DU2")
    assert scenario.margin_accounts == {"DU2"}
    assert scenario.funds_of("DU1").cash == {"USD": 5, "EUR": Decimal("-2.5")}
    assert (scenario.funds_of("DU2").currency, scenario.funds_of("DU2").cash) == ("EUR", {"EUR": 7})


def test_cash_is_the_shorthand_of_accounts_that_are_only_named(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        'account = ["DU1", "DU2"]\ncash = 7\n[[accounts]]\naccount = "DU2"\ncash = { USD = 5 }\n',
    )
    assert scenario.accounts == ("DU1", "DU2")
    assert scenario.funds_of("DU1").cash == {"USD": 7}
    assert scenario.funds_of("DU2").cash == {"USD": 5}


def test_rates_are_dollars_for_one_unit_and_unnamed_ones_are_usual(tmp_path: Path) -> None:
    rates = read(tmp_path, "[rates]\nEUR = 1.25\nXYZ = 2\n").rates
    assert rates.of("EUR", "USD") == Decimal("1.25")
    assert rates.of("XYZ", "EUR") == Decimal("1.6")
    assert rates.of("USD", "USD") == 1
    assert 1 < rates.of("GBP", "USD") < 2


def test_a_contract_s_smallest_step_is_that_of_its_rules(tmp_path: Path) -> None:
    (held,) = read(tmp_path, f"{RULES}{HELD}marketRuleIds = 98\nstartPrice = 50\n").securities
    assert held.min_tick == Decimal("0.001")
    (listing,) = read(tmp_path, f"{RULES}{HELD}marketRuleIds = 98\nstartPrice = 50\n").listings()
    assert listing.tick == Decimal("0.05")


def test_corporate_actions_come_in_order_of_time(tmp_path: Path) -> None:
    first, second = read(
        tmp_path,
        f"{HELD}[[corporate_actions]]\nat = 2025-11-28T03:00:00\nconId = 265598\nnew_conId = 5\n"
        f'[[corporate_actions]]\nat = 2025-11-27T03:00:00Z\nsymbol = "aapl"\nsplit = "3:2"\n',
    ).corporate_actions
    assert (first.con_id, first.ratio, first.symbol) == (265598, Fraction(3, 2), None)
    assert first.at == dt.datetime(2025, 11, 27, 3, tzinfo=dt.UTC)
    assert (second.new_con_id, second.at.hour) == (5, 8)


RULES = (
    "[[market_rules]]\nid = 98\nbands = [{ lowEdge = 0, increment = 0.001 }, "
    "{ lowEdge = 10, increment = 0.05 }]\n"
)
ACTION = f"{HELD}[[corporate_actions]]\nsymbol = 'AAPL'\n"
AT = "at = 2025-11-28T03:00:00\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[accounts]]\nmargin = true\n", "the key 'account' is missing in accounts\\[1\\]"),
        ("[[accounts]]\naccount = 'A'\n" * 2, "'account' in accounts\\[2\\].*stands there already"),
        ("account = 'A'\n[[accounts]]\naccount = 'B'\n", "is not among the accounts A: B"),
        ("[[accounts]]\naccount = 'A'\ncurrency = 'euro'\n", "three capital letters, not 'euro'"),
        ("[[accounts]]\naccount = 'A'\ncash = { E = 5 }\n", "three capital letters, not 'E'"),
        ("[[accounts]]\naccount = 'A'\ncash = { USD = 'x' }\n", "'USD' in cash.*must be a number"),
        ("[[accounts]]\naccount = 'A'\ncash = { QQQ = 5 }\n", "'rates'.*lacks QQQ, which is used"),
        ("[rates]\nEUR = 0\n", "'EUR' in rates.*must be above zero, not 0"),
        ("[rates]\nUSD = 2\n", "'USD' in rates.*so it is 1, not 2"),
        ("[rates]\neuro = 2\n", "three capital letters"),
        (f"{HELD}currency = 'QQQ'\n", "'rates'.*lacks QQQ"),
        (f"{HELD}price = 5\n", "'price' in positions\\[1\\].*use 'startPrice' here"),
        (f"{HELD}priceMagnifier = 0\n", "'priceMagnifier'.*must be 1 or more"),
        (f"{HELD}marketRuleIds = 98\n", "'marketRuleIds'.*names no rule of 'market_rules': 98"),
        (f"{HELD}marketRuleIds = [26, 26]\n", "must be one number, or 1"),
        (f"{HELD}marketRuleIds = 'x'\n", "must be a whole number from 1 on or a list"),
        (f"{RULES}{HELD}marketRuleIds = 98\nminTick = 0.05\n", "must be the smallest step"),
        (f"{HELD}lastTradeDateOrContractMonth = 'Dec'\n", "must be like '20251219' or '202512'"),
        ("[[market_rules]]\nid = 98\n", "'bands' in market_rules\\[1\\].*begin at lowEdge 0"),
        ("[[market_rules]]\nbands = []\n", "the key 'id' is missing"),
        (RULES.replace("lowEdge = 10", "lowEdge = 0"), "rise from band to band"),
        (RULES + RULES, "'id' in market_rules\\[2\\].*stands there already: 98"),
        (f"{ACTION}split = '4:1'\n", "the key 'at' is missing in corporate_actions\\[1\\]"),
        (f"{ACTION}{AT}", "the key 'split' is missing"),
        (
            f"{ACTION}{AT}split = '4'\n",
            "'split'.*must be new shares to old ones like '4:1', not '4'",
        ),
        (f"{ACTION}{AT}split = '4:0'\n", "not '4:0'"),
        (f"{ACTION}{AT}new_conId = 265598\n", "belongs to a contract already: 265598"),
        (f"{ACTION}{AT}ratio = 4\n", "unknown key 'ratio'"),
    ],
)
def test_a_wrong_account_rule_or_action_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(tmp_path, text)


README = Path(__file__).parents[2] / "README.md"
CHAPTER = README.read_text(encoding="utf-8").partition("\n## The simulated gateway\n")[2]
EXAMPLES = re.findall(r"```toml\n(.*?)```", CHAPTER.partition("\n## ")[0], re.DOTALL)


def test_the_readme_has_examples_of_scenarios() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_scenarios_in_the_readme_can_be_read(example: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(example, encoding="utf-8")
    load_scenario(path)
