"""No account number stands in what is said to a person."""

from __future__ import annotations

import pytest

from sellkit.core.redaction import without_accounts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("order for U1234567 was refused", "order for main was refused"),
        ("order for DU7654321 was refused", "order for *** was refused"),
        ("DUM123456, F1234567", "***, ***"),
        ("SK1-1a2b3c4d5e6f-1 sold 100 of AAPL at 198.02", None),
        ("NYSE:U closed at 20.55", None),
    ],
)
def test_an_account_is_called_by_its_alias_and_an_unknown_one_not_at_all(
    text: str, told: str | None
) -> None:
    assert without_accounts(text, {"main": "U1234567", "none": ""}) == (told or text)
