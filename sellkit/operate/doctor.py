"""What the doctor makes of a profile: its files, its port and account, its gateway, its probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sellkit.core.checks import Check, critical, noted, warning, well
from sellkit.core.counting import counted
from sellkit.core.diagnosis import findings
from sellkit.core.portfolio import GatewayKind, is_paper_number
from sellkit.core.probing import Outcome, Question
from sellkit.core.upkeep import RESTART
from sellkit.operate.probe_account import read_only_answer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from sellkit.core.custody import Finding
    from sellkit.core.live_facts import ProbeStanding
    from sellkit.core.probing import ProbeRecord
    from sellkit.ports import BarStore

# Interactive Brokers' own choices; each can be set otherwise in the program.
_USUAL: Final = {
    4001: GatewayKind.LIVE,
    7496: GatewayKind.LIVE,
    4002: GatewayKind.PAPER,
    7497: GatewayKind.PAPER,
}
_LOG_IN: Final = (
    "start IB Gateway or TWS, log in, and enable socket clients under API > Settings; or give "
    "another --port"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the gateway answered.

    Attributes
    ----------
    kind
        What it is.
    accounts
        The numbers that its login manages.
    skew
        By how much this machine's clock is ahead; None where sellkit lives by the gateway's.
    doubt
        Why the connection is not ready, or "".
    lists_trouble
        Why positions and open orders did not come, or "".
    """

    kind: GatewayKind
    accounts: Sequence[str]
    skew: dt.timedelta | None
    doubt: str = ""
    lists_trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the settings say of one.

    Attributes
    ----------
    name, address, port
        Of the profile and of its gateway.
    expected
        The kind of gateway; None is any.
    accounts
        The numbers by alias.
    account
        The one that is chosen: an alias, a number or None.
    upkeep
        What is done to the gateway just now, by plan; "" when nothing is.
    """

    name: str
    address: str
    port: int
    expected: GatewayKind | None
    accounts: Mapping[str, str]
    account: str | None
    upkeep: str = ""


def bars(store: BarStore) -> Check:
    """Whether every stored file is as it was written."""
    remedy = "`sellkit data repair` puts damaged files aside and fetches what is missing"
    wrong = store.verify()
    # Of a damaged store not even the figures may be readable.
    said = "every file read" if wrong else f"{len(store.figures())} series read"
    return findings("bars", said, wrong, remedy)


def journal(rows: int, notebooks: int, found: Sequence[Finding]) -> Check:
    """Whether the journal's chain and the kept notebooks are as they were written."""
    said = f"{counted(rows, 'row')} and {counted(notebooks, 'notebook')} read"
    remedy = "`sellkit audit verify` lists all; keep a copy of the folder before anything else"
    return findings("journal", said, found, remedy)


def port(profile: Profile) -> Check:
    """Whether port, kind of gateway and account belong together, as far as settings tell."""
    name, expected = "port", profile.expected
    said = f"{profile.name}: {expected or 'any'} gateway at {profile.address}"
    if expected is None:
        remedy = f'set gateway = "paper" or "live" under [profiles.{profile.name}]'
        return warning(name, f"{said}; whatever answers is taken", remedy)
    number = profile.accounts.get(profile.account or "", profile.account)
    if number and expected is not GatewayKind.SIMULATED:
        is_paper = is_paper_number(number)
        if is_paper is (expected is GatewayKind.LIVE):
            told = "a paper" if is_paper else "no paper"
            remedy = "choose the other profile, or the other account"
            return critical(name, f"{said}, and the account is {told} account", remedy)
    usual = _USUAL.get(profile.port)
    if usual not in (None, expected):
        remedy = "see that it is meant: the account behind it is what counts"
        return warning(name, f"{said}; {profile.port} is usually the port of {usual}", remedy)
    return well(name, said)


def gateway(profile: Profile, asked: Asked | str | None) -> Iterator[Check]:
    """What answers at the address, and whose account it is.

    Parameters
    ----------
    asked
        What it answered, or why it did not; None where it was not asked.
    """
    if asked is None:
        yield noted("gateway", "it was not asked", "leave --offline out")
        return
    if isinstance(asked, str):
        said, _, advice = asked.partition("; ")
        is_planned = profile.upkeep == RESTART
        remedy = f"wait: it is within {RESTART}" if is_planned else advice or _LOG_IN
        yield warning("gateway", f"none answers: {said}", remedy)
        return
    is_stand_in = (profile.expected, asked.kind) == (GatewayKind.PAPER, GatewayKind.SIMULATED)
    said = f"a {asked.kind} gateway answers at {profile.address}"
    if profile.expected not in (None, asked.kind) and not is_stand_in:
        remedy = f"log in to the {profile.expected} one, or choose the profile that is meant"
        yield critical("gateway", f"{said}, and the profile expects {profile.expected}", remedy)
    elif asked.doubt:
        yield warning("gateway", f"{said}, and is not ready: {asked.doubt}", "see to the gateway")
    else:
        yield well("gateway", said)
    yield _account(profile, asked)
    yield _read_only(asked.lists_trouble)


def _read_only(trouble: str) -> Check:
    """The gateway's switch, from what became of the lists; "on" is well while nothing is sent."""
    told = read_only_answer(trouble)
    if told.outcome is Outcome.GOOD:
        return well("read-only", told.answer)
    said = f"{told.answer}: {trouble}"
    if told.outcome is not Outcome.BAD:
        return noted("read-only", said, "mend that first, and ask again")
    remedy = f"for dry runs it may stay as it is; for orders: {told.follows}"
    return noted("read-only", said, remedy)


def _account(profile: Profile, asked: Asked) -> Check:
    count = len(asked.accounts)
    managed = f"the login manages {counted(count, 'account')}"
    if profile.account is None:
        if count == 1:
            return well("account", f"{managed}, which is taken")
        remedy = "name them under [accounts] and choose one with account in the profile"
        return critical("account", f"{managed} and none is chosen", remedy)
    number = profile.accounts.get(profile.account, profile.account)
    if number not in asked.accounts:
        remedy = "check [accounts] in the settings, and who is logged in"
        return critical("account", f"{managed}, and the chosen one is not among them", remedy)
    if profile.account not in profile.accounts:
        remedy = "live mode needs the account by its alias: name it under [accounts]"
        return noted("account", f"{managed}, the chosen one among them, by its number", remedy)
    return well("account", f"{managed}, {profile.account} among them")


def probe(record: ProbeRecord | None, standing: ProbeStanding) -> Iterator[Check]:
    """What the latest probe found, and whether live mode may rest on it."""
    if record is None:
        remedy = "`sellkit probe`: a minute, and it only reads"
        yield noted("probe", "this gateway was never probed", remedy)
    elif standing.trouble is not None:
        remedy = "`sellkit probe` anew, with the account named: a minute, and it only reads"
        yield noted("probe", standing.trouble, remedy)
    else:
        yield well("probe", f"passed {record.ended_at:%Y-%m-%d %H:%M} UTC")
    for each in () if record is None else record.findings:
        name = f"probe: {each.question}"
        if each.outcome is Outcome.BAD:
            # As long as only dry runs are wanted a read-only gateway is a second fence.
            is_fence = each.question is Question.READ_ONLY
            yield (warning if is_fence else critical)(name, each.answer, each.follows)
        elif each.outcome is Outcome.NOTED:
            yield noted(name, each.answer, each.follows)
