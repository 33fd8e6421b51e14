"""The rule walked bar by bar with fractions: what a study has to find, said in other words."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sellkit.research.series import Bars, Terms


def walked(bars: Bars, sides: np.ndarray, terms: Terms) -> dict[str, float]:
    """The figures of one choice, exact until they are told."""
    half = Fraction(terms.costs.spread_bp) / 20_000
    fee = Fraction(terms.costs.per_share)
    opens = [Fraction(each) for each in bars.opens.tolist()]
    closes = [Fraction(each) for each in bars.closes.tolist()]
    begin = bars.begin
    shares, money = Fraction(1), Fraction(0)
    values, exits, whipsaws, out, costs = [opens[begin]], [], 0, 0, Fraction(0)
    waits_since: Fraction | None = None
    for bar in range(begin, len(closes)):
        said = sides[bar - 1] if bar > begin else 0
        trade = opens[bar] * half + fee
        if shares and said < 0:
            money, costs = shares * (opens[bar] - trade), costs + shares * trade
            shares, waits_since = Fraction(0), opens[bar]
            exits.append(bar)
        elif waits_since is not None and said > 0:
            whipsaws += opens[bar] >= waits_since
            waits_since = None
            if terms.reenter:
                shares = money / (opens[bar] + trade)
                money, costs = Fraction(0), costs + shares * trade
        values.append(shares * closes[bar] + money)
        out += not shares
    falls = [1 - value / max(values[: at + 1]) for at, value in enumerate(values)]
    return {
        "exits": len(exits),
        "whipsaws": whipsaws,
        "bars_out": out,
        "costs": float(costs / opens[begin]),
        "growth": float(values[-1] / opens[begin]),
        "drawdown": float(max(falls)),
        "pending": float(bool(shares) and sides[-1] < 0),
    }


def random_sides(seed: int, count: int) -> np.ndarray:
    """Sides that stay for a while, with ties among them."""
    random = np.random.default_rng(seed)
    return np.repeat(random.integers(-1, 2, count), random.integers(1, 5, count))[:count].astype(
        np.int8
    )
