"""Research and operate one moving-average exit rule on an Interactive Brokers account."""

__version__ = "0.1.0"
