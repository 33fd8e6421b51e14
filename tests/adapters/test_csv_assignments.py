"""The assignments' file: read as people write it, and changed in one row only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sellkit.adapters.csv_assignments import CsvAssignments
from sellkit.core.assignments import ALL_CHOICES, Assignment
from sellkit.core.instrument import Token
from sellkit.errors import ConfigError
from tests import build
from tests.adapters.book_writers import save_all
from tests.adapters.processes import PROCESSES

HEADER = "ticker,type,length,timeframe\n"
AAPL, MSFT = "NASDAQ:AAPL", "NASDAQ:MSFT"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "assigned_ma.csv"


def labels(path: Path) -> dict[str, str]:
    found = CsvAssignments(path).load().assignments
    return {str(token): each.label for token, each in found.items()}


def problems(path: Path) -> tuple[str, ...]:
    return CsvAssignments(path).load().problems


def save(path: Path, choice: str = "EMA 20 1D", token: str = AAPL) -> None:
    CsvAssignments(path).save(build.assignment(choice, token))


# --- reading --------------------------------------------------------------------------------------

ROW = "NASDAQ:AAPL,SMA,50,1H\n"
WAYS = {
    "plain": HEADER + ROW,
    "blanks and small letters": HEADER + "  nasdaq:aapl , sma,  50 ,1h\n",
    "capital header": "TICKER, Type ,LENGTH,TimeFrame\n" + ROW,
    "byte order mark": "\ufeff" + HEADER + ROW,
    "Windows line endings": (HEADER + ROW).replace("\n", "\r\n"),
    "old Mac line endings": (HEADER + ROW).replace("\n", "\r"),
    "semicolons": (HEADER + ROW).replace(",", ";"),
    "tabs": (HEADER + ROW).replace(",", "\t"),
    "Excel": "\ufeff" + (HEADER + ROW).replace(",", ";").replace("\n", "\r\n"),
    "Excel's first line": "\ufeffsep=;\r\n"
    + (HEADER + ROW).replace(",", ";").replace("\n", "\r\n"),
    "Excel's first line, quoted": '"SEP=;"\n' + (HEADER + ROW).replace(",", ";"),
    "Excel's first line, padded": "sep=,,,,\n" + HEADER + ROW,
    "Excel's first line with a tab": "sep=\t\n" + (HEADER + ROW).replace(",", "\t"),
    "Excel's first line over rows that differ from it": "sep=;\n" + HEADER + ROW,
    "Excel's first line and no header": "sep=;\n" + ROW.replace(",", ";"),
    "quotes": HEADER + '"NASDAQ:AAPL","SMA","50","1H"\n',
    "no line ending at the end": (HEADER + ROW).rstrip(),
    "three columns": "ticker,type,length\nNASDAQ:AAPL,SMA,50\n",
    "no header": ROW,
    "no header, three columns": "NASDAQ:AAPL,SMA,50\n",
    "blank lines and remarks": "# mine\n\n" + HEADER + "\n# apple\n,,,\n" + ROW + "\n",
    "padding as Excel does": "ticker;type;length;timeframe;;\nNASDAQ:AAPL;SMA;50;1H;;\n;;;;;\n",
    "one row with another delimiter": HEADER + ROW.replace(",", ";"),
    "columns in another order": "timeframe,ticker,length,type\n1H,NASDAQ:AAPL,50,SMA\n",
    "a column of one's own": "ticker,type,length,timeframe,note\nNASDAQ:AAPL,SMA,50,1H,keep it\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_is_read_however_it_is_written(path: Path, way: str) -> None:
    path.write_bytes(WAYS[way].encode())
    assert labels(path) == {AAPL: "SMA 50 1H"}
    assert problems(path) == ()


@pytest.mark.parametrize("way", WAYS)
def test_an_assignment_is_replaced_however_it_is_written(path: Path, way: str) -> None:
    path.write_bytes(WAYS[way].encode())
    save(path, "EMA 20 1D")
    save(path, "SMA 5 1H", MSFT)
    assert labels(path) == {AAPL: "EMA 20 1D", MSFT: "SMA 5 1H"}
    assert problems(path) == ()


@pytest.mark.parametrize("content", ["", "\n\n", HEADER, "# nothing yet\n", "\ufeff" + HEADER])
def test_a_file_without_rows_is_an_empty_sheet(path: Path, content: str) -> None:
    path.write_text(content)
    assert labels(path) == {}
    assert problems(path) == ()
    save(path)
    assert labels(path) == {AAPL: "EMA 20 1D"}


MALFORMED = {
    "AAPL,SMA,50,1H": ["line 3", "'AAPL'", "NASDAQ:AAPL"],
    "SMART:AAPL,SMA,50,1H": ["line 3", "SMART"],
    ",SMA,50,1H": ["line 3", "ticker"],
    "NASDAQ:AAPL,WMA,50,1H": ["line 3", "NASDAQ:AAPL", "'WMA'", "SMA, EMA"],
    "NASDAQ:AAPL,SMA,51,1H": ["line 3", "51", "5, 10, 20, 50, 100, 150, 200"],
    "NASDAQ:AAPL,SMA,fifty,1H": ["line 3", "'fifty'", "5, 10, 20, 50"],
    "NASDAQ:AAPL,SMA,50,1W": ["line 3", "'1W'", "1H, 1D"],
    "NASDAQ:AAPL,SMA,50,1H,yes": ["line 3", "5 fields"],
    '"NASDAQ:AAPL,SMA,50,1H': ["line 3"],
    "NASDAQ:AAPL,,,": ["line 3", "incomplete", "type", "length", "timeframe"],
    "NASDAQ:AAPL": ["line 3", "incomplete"],
    "NASDAQ:AAPL,SMA,,1H": ["line 3", "incomplete", "length"],
    "NASDAQ:AAPL,SMA,50,": ["line 3", "incomplete", "timeframe"],
    # Half of a row: what is left of `...,50,1D` must not pass for an hourly average.
    "NASDAQ:AAPL,SMA,5": ["line 3", "incomplete", "timeframe"],
    "NASDAQ:AA": ["line 3", "incomplete"],
}


@pytest.mark.parametrize("row", MALFORMED)
def test_a_row_that_cannot_be_used_is_reported_and_kept(path: Path, row: str) -> None:
    content = f"{HEADER}NYSE:KO,SMA,20,1D\n{row}".encode()
    path.write_bytes(content)
    assert labels(path) == {"NYSE:KO": "SMA 20 1D"}
    (problem,) = problems(path)
    for part in MALFORMED[row]:
        assert part in problem
    assert "\n" not in problem
    assert path.read_bytes() == content
    save(path, token=MSFT)
    assert path.read_bytes() == content + b"\nNASDAQ:MSFT,EMA,20,1D\n"


OLDER = "ticker,type,length\n"
CUT_OFF = {
    "5, of 50": (OLDER, "NASDAQ:AAPL,SMA,5", "50"),
    "10, of 100": (OLDER, "NASDAQ:AAPL,EMA,10", "100"),
    "20, of 200": (OLDER, "NASDAQ:AAPL,SMA,20", "200"),
    "no header": ("NYSE:IBM,SMA,50\n", "NASDAQ:AAPL,SMA,20", "200"),
    "semicolons": ("sep=;\nticker;type;length\n", "NASDAQ:AAPL;SMA;20", "200"),
    "length last of four": ("timeframe,ticker,type,length\n", "1D,NASDAQ:AAPL,SMA,20", "200"),
}


@pytest.mark.parametrize("way", CUT_OFF)
def test_a_last_length_that_may_be_cut_off_assigns_nothing_and_is_reported(
    path: Path, way: str
) -> None:
    before, row, longer = CUT_OFF[way]
    path.write_text(before + row)
    assert AAPL not in labels(path)
    (problem,) = problems(path)
    assert "NASDAQ:AAPL may be half-written" in problem
    assert f"beginning of {longer}; end the line if it is whole, or assign NASDAQ:AAPL" in problem
    assert CsvAssignments(path).load().incomplete == {Token.parse(AAPL)}
    assert path.read_text() == before + row
    path.write_text(before + row + "\n")
    assert AAPL in labels(path)
    assert problems(path) == ()


@pytest.mark.parametrize("way", CUT_OFF)
@pytest.mark.parametrize("choice", ["SMA 50 1H", "EMA 20 1D"])
def test_saving_another_row_does_not_make_a_cut_off_one_whole(
    path: Path, way: str, choice: str
) -> None:
    before, row, _ = CUT_OFF[way]
    path.write_text(before + row)
    save(path, choice, MSFT)
    assert labels(path)[MSFT] == choice
    assert AAPL not in labels(path)
    assert len(problems(path)) == 1
    save(path, "SMA 200 1H")
    assert labels(path)[AAPL] == "SMA 200 1H"
    assert labels(path)[MSFT] == choice
    assert problems(path) == ()


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}NASDAQ:AAPL,SMA,20,1H",
        "NASDAQ:AAPL,SMA,20,1H",
        f"{OLDER}NASDAQ:AAPL,SMA,50",
        f"{OLDER}NASDAQ:AAPL,SMA,200",
        f"{OLDER}NASDAQ:AAPL,SMA,20,",
        f'{OLDER}NASDAQ:AAPL,SMA,"20"',
        f"{OLDER}NASDAQ:AAPL,SMA,20\n# the end",
        "ticker,length,type\nNASDAQ:AAPL,20,SMA",
    ],
)
def test_a_last_line_that_can_only_be_whole_needs_no_line_ending(path: Path, content: str) -> None:
    path.write_text(content)
    assert AAPL in labels(path)
    assert problems(path) == ()


def test_excels_first_line_stays_and_says_how_a_row_is_written(path: Path) -> None:
    path.write_bytes(b"sep=;\r\n")
    save(path)
    written = b"sep=;\r\nticker;type;length;timeframe\r\nNASDAQ:AAPL;EMA;20;1D\r\n"
    assert path.read_bytes() == written
    save(path, "SMA 50 1H", MSFT)
    assert path.read_bytes() == written + b"NASDAQ:MSFT;SMA;50;1H\r\n"


def test_excels_line_is_one_only_at_the_top(path: Path) -> None:
    path.write_text(f"{HEADER}sep=;\n{ROW}")
    (problem,) = problems(path)
    assert "line 2" in problem


@pytest.mark.parametrize("second", ["EMA,20,1D", "SMA,50,1H", "SMA,51,1H", ",,"])
def test_a_token_on_two_lines_is_unassigned(path: Path, second: str) -> None:
    path.write_text(f"{HEADER}{ROW}NYSE:KO,SMA,20,1D\nnasdaq:aapl,{second}\n")
    assert labels(path) == {"NYSE:KO": "SMA 20 1D"}
    first, other = problems(path)
    assert "line 2: NASDAQ:AAPL stands on lines 2, 4" in first
    assert "line 4" in other


# --- writing --------------------------------------------------------------------------------------


def test_an_absent_file_is_made_with_folder_and_header(tmp_path: Path) -> None:
    path = tmp_path / "config" / "new" / "assigned_ma.csv"
    save(path)
    assert path.read_bytes() == b"ticker,type,length,timeframe\nNASDAQ:AAPL,EMA,20,1D\n"


def test_every_other_byte_stays(path: Path) -> None:
    before = (
        "\ufeff# my list\r\n ticker ;type;length;timeframe\r\n\r\n"
        "{} NYSE:ko ; sma;20;1D  \r\nnonsense; ;\r\n#NASDAQ:AAPL;SMA;50;1H\r\nNYSE:IBM;;;"
    )
    path.write_bytes(before.format("nasdaq:aapl;sma;50;1h\r\n").encode())
    save(path)
    assert path.read_bytes().decode() == before.format("NASDAQ:AAPL;EMA;20;1D\r\n")


@pytest.mark.parametrize("row", ["NASDAQ:AAPL,,,", "nasdaq:aapl,SMA,51,1H", "NASDAQ:AAPL"])
def test_saving_mends_a_row_that_could_not_be_used(path: Path, row: str) -> None:
    path.write_text(f"{HEADER}{row}\nNYSE:KO,SMA,20,1D\n")
    save(path)
    assert path.read_text() == f"{HEADER}NASDAQ:AAPL,EMA,20,1D\nNYSE:KO,SMA,20,1D\n"
    assert problems(path) == ()


def test_saving_settles_a_token_that_stood_twice(path: Path) -> None:
    path.write_text(f"{HEADER}{ROW}NYSE:KO,SMA,20,1D\n{ROW}")
    save(path)
    assert path.read_text() == f"{HEADER}NASDAQ:AAPL,EMA,20,1D\nNYSE:KO,SMA,20,1D\n"


def test_a_column_of_ones_own_keeps_its_field(path: Path) -> None:
    path.write_text('ticker,type,length,timeframe,note\nNASDAQ:AAPL,SMA,50,1H,"a, b"\n')
    save(path)
    assert path.read_text().endswith('NASDAQ:AAPL,EMA,20,1D,"a, b"\n')


def test_three_columns_stay_three_for_an_hourly_average(path: Path) -> None:
    path.write_text("ticker,type,length\nNYSE:KO,SMA,20\n")
    save(path, "EMA 5 1H")
    assert path.read_text() == "ticker,type,length\nNYSE:KO,SMA,20\nNASDAQ:AAPL,EMA,5\n"


def test_three_columns_widen_for_a_daily_average_and_the_others_mean_what_they_meant(
    path: Path,
) -> None:
    path.write_text("# old\nticker,type,length\nNYSE:KO, SMA ,20\nNYSE:IBM,SMA\n# end\n")
    save(path, "EMA 5 1D")
    assert path.read_text() == (
        "# old\nticker,type,length,timeframe\nNYSE:KO, SMA ,20,1H\nNYSE:IBM,SMA\n# end\n"
        "NASDAQ:AAPL,EMA,5,1D\n"
    )
    assert labels(path) == {"NYSE:KO": "SMA 20 1H", AAPL: "EMA 5 1D"}


def test_what_another_wrote_since_the_load_is_kept(path: Path) -> None:
    path.write_text(HEADER)
    book = CsvAssignments(path)
    book.load()
    path.write_text(f"{HEADER}NYSE:KO,SMA,20,1D\n# a remark\n")
    book.save(build.assignment())
    assert path.read_text() == f"{HEADER}NYSE:KO,SMA,20,1D\n# a remark\nNASDAQ:AAPL,SMA,50,1H\n"


def test_two_processes_that_save_at_once_lose_nothing(path: Path) -> None:
    tokens = [f"NYSE:{letter}{number}" for letter in "AB" for number in range(10)]
    rivals = [
        PROCESSES.Process(target=save_all, args=(path, tokens[:10])),
        PROCESSES.Process(target=save_all, args=(path, tokens[10:])),
    ]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert [rival.exitcode for rival in rivals] == [0, 0]
    assert set(labels(path)) == set(tokens)


def test_permissions_of_the_file_stay(path: Path) -> None:
    path.write_text(HEADER)
    path.chmod(0o640)
    save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_linked_file_is_changed_where_it_lies(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text(HEADER)
    path.symlink_to(real)
    save(path)
    assert path.is_symlink()
    assert AAPL in real.read_text()


# --- what is no table -----------------------------------------------------------------------------

JUNK = {
    "not UTF-8": b"ticker,type,length,timeframe\nNASDAQ:AAPL,SMA,50,1H\xff\n",
    "UTF-16, Excel's Unicode text": HEADER.encode("utf-16"),
    "binary": b"\x00\x01\x02\x03",
    "a column missing": b"ticker,length,timeframe\nNASDAQ:AAPL,50,1H\n",
    "a column twice": b"ticker,type,length,length\nNASDAQ:AAPL,SMA,50,50\n",
}


@pytest.mark.parametrize("kind", JUNK)
def test_a_file_that_is_no_table_is_refused_and_left_alone(path: Path, kind: str) -> None:
    path.write_bytes(JUNK[kind])
    for touch in (lambda: CsvAssignments(path).load(), lambda: save(path)):
        with pytest.raises(ConfigError, match=f"{path.name} cannot be read") as refusal:
            touch()
        assert "\n" not in str(refusal.value)
    assert path.read_bytes() == JUNK[kind]


def test_a_folder_in_the_files_place_is_refused(path: Path) -> None:
    path.mkdir()
    for touch in (lambda: CsvAssignments(path).load(), lambda: save(path)):
        with pytest.raises(ConfigError, match="Is a directory"):
            touch()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # Below a regular file nobody can write, root neither.
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=f"{tmp_path / 'file'}.*cannot be written"):
        save(tmp_path / "file" / "assigned_ma.csv")


# --- any file -------------------------------------------------------------------------------------

tokens = st.sampled_from(["NASDAQ:AAPL", "NYSE:BRK.B", "ARCA:SPY", "IBIS:SAP", "LSE:VOD"])
rows = st.builds(
    lambda token, choice: Assignment(Token.parse(token), *choice),
    tokens,
    st.sampled_from(ALL_CHOICES),
)
noise = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cs"]),
    max_size=20,
).filter(lambda text: "ticker" not in text.casefold())
endings = st.sampled_from(["\n", "\r\n"])


def _text(assignment: Assignment, delimiter: str) -> str:
    fields = [
        str(assignment.token),
        str(assignment.average.kind),
        str(assignment.average.length),
        str(assignment.timeframe),
    ]
    return delimiter.join(fields)


@given(
    written=st.lists(rows, unique_by=lambda each: each.token, max_size=5),
    delimiter=st.sampled_from([",", ";", "\t"]),
    ending=endings,
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_written_is_read(
    tmp_path: Path, written: list[Assignment], delimiter: str, ending: str, bom: str
) -> None:
    path = tmp_path / "round.csv"
    lines = [HEADER.strip().replace(",", delimiter), *(_text(each, delimiter) for each in written)]
    path.write_bytes((bom + ending.join(lines)).encode())
    sheet = CsvAssignments(path).load()
    assert list(sheet.assignments.values()) == written
    assert sheet.problems == ()


@given(before=st.lists(noise, max_size=6), saved=rows, ending=endings)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_line_of_any_file_is_lost_by_saving(
    tmp_path: Path, before: list[str], saved: Assignment, ending: str
) -> None:
    path = tmp_path / "noise.csv"
    lines = [HEADER.strip(), *before]
    path.write_bytes("".join(line + ending for line in lines).encode())
    old = path.read_bytes()
    CsvAssignments(path).save(saved)
    assert path.read_bytes() == old + f"{_text(saved, ',')}{ending}".encode()
    assert CsvAssignments(path).load().assignments == {saved.token: saved}


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_a_sheet_or_a_clear_refusal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    told = str(path)
    try:
        CsvAssignments(path).load()
    except ConfigError as refusal:
        told = str(refusal)
    assert str(path) in told
    assert path.read_bytes() == content
