"""A simulated IB Gateway: the TWS socket protocol, an account, and a market to trade in."""
