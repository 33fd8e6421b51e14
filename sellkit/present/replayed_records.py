"""What a replay found, for machines."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import numpy as np

from sellkit.present.replayed import labels, notes
from sellkit.research.replayed import EXIT_FIELDS, exit_record

if TYPE_CHECKING:
    from sellkit.research.alternatives import Alternatives
    from sellkit.research.replayed import PositionReplay, Replay


def exits_csv(replay: Replay) -> str:
    """The exits as CSV, a line each."""
    records = [exit_record(*pair) for pair in replay.exits]
    out = io.StringIO()
    writer = csv.DictWriter(out, EXIT_FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def to_json(replay: Replay, found: Alternatives | None = None) -> str:
    """All of it as JSON; null for what is unknown, times as ISO text in UTC."""
    told = {
        "begin": replay.terms.begin.isoformat(),
        "end": replay.terms.end.isoformat(),
        "is_whole": replay.is_whole,
        "notes": notes(replay),
        "positions": [_record(each) for each in replay.positions],
        "not_replayed": {str(token): why for token, why in replay.without.items()},
        "exits": [exit_record(*pair) for pair in replay.exits],
        "alternatives": None if found is None else _alternatives(found),
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _record(each: PositionReplay) -> dict[str, object]:
    return {
        "ticker": str(each.token),
        "average": each.assignment.label,
        "judged": each.decided,
        "moments": each.moments,
        "undecided": dict(each.undecided),
        "withheld": each.withheld,
        "told_later": each.told_later,
        "corrected": each.corrected,
        "exits": len(each.exits),
        "whipsaws": each.whipsaws,
        "rule_percent": each.equity.rule_percent,
        "holding_percent": each.equity.holding_percent,
        "rule_drawdown_percent": each.equity.rule_drawdown,
        "holding_drawdown_percent": each.equity.holding_drawdown,
        "out_percent": each.out_percent,
    }


def _alternatives(found: Alternatives) -> dict[str, object]:
    gains = found.study.against_holding * 100
    return {
        name: {
            "against_holding_percent": {
                label: None if np.isnan(value) else float(value)
                for label, value in zip(labels(), gains[place], strict=True)
            },
            "sessions": int(found.study.bars[place, 1]),
            "luck_p_value": found.luck[name].p_value if name in found.luck else None,
            "luck_best": found.luck[name].best if name in found.luck else None,
        }
        for place, name in enumerate(found.study.names)
    }
