"""Coordinates in every spelling, and tables of vertices."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from cli_harness import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kkpr_check.errors import CrsError, InputError, UsageError
from kkpr_check.io.coordinate_table import CoordinateTable, read_coordinate_table
from kkpr_check.io.coordinates import parse_angle, parse_metres, parse_point

KEFA_LAT, KEFA_LON = -9.445, 124.48


@pytest.mark.parametrize(
    ("text", "degrees", "axis"),
    [
        ("-9.445", KEFA_LAT, None),
        ("−9,445", KEFA_LAT, None),
        ("9,445 LS", KEFA_LAT, "lat"),
        ("-9.445 S", KEFA_LAT, "lat"),
        ("9°26'42\"S", KEFA_LAT, "lat"),
        ("9° 26' 42,0\" LS", KEFA_LAT, "lat"),
        ("9º26′42″ S", KEFA_LAT, "lat"),
        ("9°26’42”LS", KEFA_LAT, "lat"),
        ("9˚26'42''S", KEFA_LAT, "lat"),
        ("S 9 26 42", KEFA_LAT, "lat"),
        ("LS 9°26'42\"", KEFA_LAT, "lat"),
        ("9 26 42 LS", KEFA_LAT, "lat"),
        ("9:26:42 S", KEFA_LAT, "lat"),
        ("9d26'42\"S", KEFA_LAT, "lat"),
        ("9 derajat 26 menit 42 detik Lintang Selatan", KEFA_LAT, "lat"),
        ("9°26.7' S", KEFA_LAT, "lat"),
        ("-9°26'42\"", KEFA_LAT, None),
        ("1°30' LU", 1.5, "lat"),
        ("1.5 U", 1.5, "lat"),
        ("124°28'48\" BT", KEFA_LON, "lon"),
        ("124 28 48 BT", KEFA_LON, "lon"),
        ("E124.48", KEFA_LON, "lon"),
        ("124.48 E", KEFA_LON, "lon"),
        ("124,48°", KEFA_LON, None),
    ],
)
def test_spellings_of_one_angle(text: str, degrees: float, axis: str | None) -> None:
    angle = parse_angle(text)
    assert angle is not None
    assert angle.degrees == pytest.approx(degrees, abs=1e-9)
    assert angle.axis == axis


@pytest.mark.parametrize(
    "text",
    ["", "-", "R-2", "9 60 0 S", "9 26 60 S", "-9 N", "9 26,5 42 S", "S 9 26 42 S", "1.2.3", "--9", "9 26 42 7 S", "nan", "1e2",
     "12 m", "9°26'42\"X"],
)  # fmt: skip
def test_what_is_no_angle(text: str) -> None:
    assert parse_angle(text) is None


SECONDS = st.integers(0, 3600 * 180 * 1000 - 1)
SPELLINGS = [
    lambda d, m, s: f"{d}°{m}'{s:.3f}\"",
    lambda d, m, s: f"{d} {m} {s:.3f}".replace(".", ","),
    lambda d, m, s: f"{d}:{m:02}:{s:06.3f}",
    lambda d, m, s: f"{d}º {m:02}′ {s:.3f}″",
    lambda d, m, s: f"{d} derajat {m} menit {s:.3f} detik",
]


@given(SECONDS, st.sampled_from(SPELLINGS), st.sampled_from(["", " S", " LS", " LU", " BT", " E", "-"]))
def test_sexagesimal_round_trip(thousandths: int, spell: object, side: str) -> None:
    degrees, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    text = spell(degrees, minutes, rest / 1000)  # type: ignore[operator]
    text = side + text if side == "-" else text + side
    angle = parse_angle(text)
    assert angle is not None, text
    south = side.strip() in ("-", "S", "LS")
    assert angle.degrees == pytest.approx((-1 if south else 1) * thousandths / 3_600_000, abs=1e-9)
    assert angle.axis == {"": None, "-": None, "BT": "lon", "E": "lon"}.get(side.strip(), "lat")


@given(st.decimals(-180, 180, places=8), st.booleans(), st.sampled_from(["", "°", " °"]))
def test_decimal_round_trip(value: object, comma: bool, sign: str) -> None:
    text = f"{value:f}{sign}"
    angle = parse_angle(text.replace(".", ",") if comma else text)
    assert angle is not None
    assert angle.degrees == pytest.approx(float(value), abs=1e-9)  # type: ignore[arg-type]


@given(st.text(max_size=40))
def test_no_text_breaks_the_parsers(text: str) -> None:
    parse_angle(text)
    parse_metres(text)
    try:
        parse_point(text)
    except (UsageError, InputError) as error:
        assert error.text.id


@pytest.mark.parametrize(
    ("text", "metres"),
    [("662486.25", 662486.25), ("662486,25", 662486.25), ("662.486,25", 662486.25), ("8,955,605.5", 8955605.5),
     ("8.955.605", 8955605.0), ("8 955 605", 8955605.0), ("455636 m", 455636.0), ("x", None), ("1.2.3", None), ("1,2.3,4", None)],
)  # fmt: skip
def test_metres(text: str, metres: float | None) -> None:
    assert parse_metres(text) == metres


@pytest.mark.parametrize(
    "text",
    ["-9.445,124.48", "-9.445, 124.48", "-9,445; 124,48", "-9,445 124,48", "9 26 42 LS 124 28 48 BT",
     "9°26'42\"S, 124°28'48\"E", "9°26'42\"S 124°28'48\"E", "S 9 26 42 E 124 28 48", "(-9.445, 124.48)"],
)  # fmt: skip
def test_point(text: str) -> None:
    point = parse_point(text)
    assert (point.lon, point.lat) == pytest.approx((KEFA_LON, KEFA_LAT))
    assert point.assumptions == ()


@pytest.mark.parametrize("text", ["124.48,-9.445", "124,48; -9,445", "98.6, 3.6", "106.8 -6.2"])
def test_a_swapped_point_is_refused_with_the_point_turned_round(text: str) -> None:
    with pytest.raises(UsageError, match="longitude, latitude") as caught:
        parse_point(text)
    remedy = caught.value.remedy
    assert remedy is not None
    turned = parse_point(remedy.en.partition("--point=")[2])
    assert -12 < turned.lat < 8 and 94 < turned.lon < 142


def test_letters_say_which_axis_comes_first() -> None:
    point = parse_point("124 28 48 E, 9 26 42 S")
    assert (point.lon, point.lat) == pytest.approx((KEFA_LON, KEFA_LAT))


def test_point_that_is_none() -> None:
    with pytest.raises(UsageError, match="not a point"):
        parse_point("-9,445,124")
    with pytest.raises(InputError, match="not in Indonesia"):
        parse_point("52.5,13.4")
    with pytest.raises(InputError):
        parse_point("124.48 LS, 9.445 BT")


SQUARE = [(124.4801, -9.4450), (124.4811, -9.4450), (124.4811, -9.4460), (124.4801, -9.4460)]


def table(folder: Path, text: str, *, crs: str | None = None, encoding: str = "utf-8") -> CoordinateTable:
    path = folder / "titik.csv"
    path.write_bytes(text.encode(encoding))
    return read_coordinate_table(path, crs=crs)


def assert_square(found: CoordinateTable) -> None:
    assert len(found.outlines) == 1
    outline = found.outlines[0]
    assert outline.error is None
    assert outline.doubt is None
    assert shapely.equals(outline.geometry, shapely.Polygon(SQUARE))


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    ("head", "row", "swap"),
    [
        ("lon,lat", "{0},{1}", False),
        ("Bujur;Lintang", "{0};{1}", False),
        ("LAT\tLON", "{1}\t{0}", False),
        ("X;Y", "{0};{1}", False),
        ("Longitude (BT);Latitude (LS)", "{0};{1}", False),
        (None, "{0};{1}", False),
        (None, "{1},{0}", False),
        (None, "{0} {1}", False),
        ("Lintang;Bujur", "{0};{1}", True),
        ("lat,lon", "{0},{1}", True),
        ("lat_lng", '"{1}, {0}"', False),
    ],
)
def test_layouts_of_a_table(tmp_path: Path, head: str | None, row: str, swap: bool, closed: bool) -> None:
    vertices = [*SQUARE, SQUARE[0]] if closed else SQUARE
    lines = ([head] if head else []) + [row.format(*vertex) for vertex in vertices]
    found = table(tmp_path, "\r\n".join(lines) + "\r\n")
    assert_square(found)
    assert any("header" in note.en for note in found.assumptions) == swap


def test_decimal_comma_and_counting_column_without_header(tmp_path: Path) -> None:
    lines = [f"{n};{lon:.4f};{lat:.4f}".replace(".", ",") for n, (lon, lat) in enumerate(SQUARE, 1)]
    assert_square(table(tmp_path, "\n".join(lines)))


def test_decimal_comma_between_commas_is_refused(tmp_path: Path) -> None:
    lines = [f"{lon:.4f},{lat:.4f}".replace(".", ",") for lon, lat in SQUARE]
    with pytest.raises(InputError) as caught:
        table(tmp_path, "lon,lat\n" + "\n".join(lines))
    assert caught.value.place.row == 2
    assert caught.value.remedy is not None
    with pytest.raises(InputError):
        table(tmp_path, "\n".join(lines))


def test_degrees_minutes_seconds(tmp_path: Path) -> None:
    text = (
        "titik;lintang;bujur\n"
        "A;9°26'42\" LS;124°28'48\" BT\nB;9°26'42\" LS;124°28'51,6\" BT\nC;9°26'45.6\" LS;124°28'51.6\" BT\n"
    )
    outline = table(tmp_path, text).outlines[0]
    corners = shapely.get_coordinates(outline.geometry)
    assert corners[0] == pytest.approx((124.48, -9.445))
    assert corners[2] == pytest.approx((124.481, -9.446))


def test_utf16_and_windows_1252(tmp_path: Path) -> None:
    text = "bujur;lintang\n" + "\n".join(f"{lon}°;{lat}°" for lon, lat in SQUARE)
    assert_square(table(tmp_path, text, encoding="utf-16"))
    found = table(tmp_path, text, encoding="cp1252")
    assert_square(found)
    assert any("Windows-1252" in note.en for note in found.assumptions)


def test_rows_out_of_order_are_sorted_and_recorded(tmp_path: Path) -> None:
    rows = [f"{n};{lon};{lat}" for n, (lon, lat) in enumerate(SQUARE, 1)]
    found = table(tmp_path, "\n".join(["serial;lon;lat", rows[0], rows[2], rows[1], rows[3]]))
    assert_square(found)
    assert any("out of order" in note.en for note in found.assumptions)


def test_order_is_numeric_not_text(tmp_path: Path) -> None:
    ring = [(124.48 + x / 1e4, -9.44 + y / 1e4) for x, y in
            [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (4, 2), (4, 3), (3, 3), (2, 3), (1, 3), (0, 3)]]  # fmt: skip
    rows = [f"{n};{lon:.4f};{lat:.4f}" for n, (lon, lat) in enumerate(ring, 1)]
    found = table(tmp_path, "\n".join(["no;lon;lat", *sorted(rows)]))
    assert shapely.is_valid(found.outlines[0].geometry)
    assert found.outlines[0].geometry.area == pytest.approx(12e-8)


def test_duplicate_number_is_an_error_of_its_row(tmp_path: Path) -> None:
    rows = [f"{n};{lon};{lat}" for n, (lon, lat) in zip((1, 2, 2, 4), SQUARE, strict=True)]
    outline = table(tmp_path, "\n".join(["no;lon;lat", *rows])).outlines[0]
    assert outline.error is not None
    assert "twice" in outline.error.text.en
    assert outline.error.place.row == 4


def test_missing_number_is_a_doubt(tmp_path: Path) -> None:
    rows = [f"{n};{lon};{lat}" for n, (lon, lat) in zip((1, 2, 4, 5), SQUARE, strict=True)]
    doubt = table(tmp_path, "\n".join(["no;lon;lat", *rows])).outlines[0].doubt
    assert doubt is not None
    assert "number 3" in doubt.en


def test_closing_row_may_repeat_the_first_number(tmp_path: Path) -> None:
    rows = [f"{n};{lon};{lat}" for n, (lon, lat) in zip((1, 2, 3, 4, 1), [*SQUARE, SQUARE[0]], strict=True)]
    assert_square(table(tmp_path, "\n".join(["no;lon;lat", *rows])))


def test_two_vertices_make_no_area(tmp_path: Path) -> None:
    outline = table(tmp_path, "lon;lat\n124.48;-9.44\n124.49;-9.44\n124.48;-9.44").outlines[0]
    assert outline.error is not None
    assert outline.error.remedy is not None
    assert "--point" in outline.error.remedy.en


def test_several_sites_and_parts_with_options(tmp_path: Path) -> None:
    def box(site: str, part: int, west: float) -> list[str]:
        return [f"{site};{part};{west + x:.4f};{-9.44 + y:.4f};47111"
                for x, y in ((0, 0), (0.001, 0), (0.001, 0.001), (0, 0.001))]  # fmt: skip

    lines = ["id;part;lon;lat;kbli", *box("007", 1, 124.48), *box("007", 2, 124.49), *box("7", 1, 124.5)]
    first, second = table(tmp_path, "\n".join(lines)).outlines
    assert (first.id, second.id) == ("007", "7")
    assert first.geometry.geom_type == "MultiPolygon"
    assert first.geometry.area == pytest.approx(2e-6)
    assert second.fields["kbli"] == "47111"


def test_one_broken_cell_spoils_one_site(tmp_path: Path) -> None:
    text = (
        "id;lon;lat\n"
        + "\n".join(f"A;{lon};{lat}" for lon, lat in SQUARE)
        + "\nB;124.48;x\nB;124.49;-9.4\nB;124.5;-9.5"
    )
    good, bad = table(tmp_path, text).outlines
    assert good.error is None
    assert bad.error is not None
    assert bad.error.place.row == 6


def test_row_outside_indonesia_is_named(tmp_path: Path) -> None:
    text = "id;lon;lat\n" + "\n".join(f"A;{lon};{lat}" for lon, lat in SQUARE) + "\nA;24.48;-9.44"
    outline = table(tmp_path, text).outlines[0]
    assert outline.error is not None
    assert outline.error.place.row == 6


UTM = [(662486.0, 8955605.0), (662586.0, 8955605.0), (662586.0, 8955505.0), (662486.0, 8955505.0)]


def test_metres_need_a_crs(tmp_path: Path) -> None:
    text = "Easting;Northing\n" + "\n".join(f"{x};{y}" for x, y in UTM)
    with pytest.raises(CrsError) as caught:
        table(tmp_path, text)
    assert caught.value.code == "crs-missing"
    assert caught.value.remedy is not None
    assert "--assume-crs" in caught.value.remedy.en
    found = table(tmp_path, text, crs="EPSG:32751")
    assert found.outlines[0].geometry.area == 10_000.0
    assert found.crs == "EPSG:32751"


@pytest.mark.parametrize("zone", ["51S", "51 LS", "UTM 51 S", "zona 51-S", "51L"])
def test_metres_with_a_column_of_their_utm_zone(tmp_path: Path, zone: str) -> None:
    corners = [(662_000, 8_955_000), (662_050, 8_955_000), (662_050, 8_955_050), (662_000, 8_955_050)]
    rows = "".join(f"{x},{y},{zone}\n" for x, y in corners)
    found = table(tmp_path, f"Easting,Northing,Zona\n{rows}")
    assert found.crs == "EPSG:32751"
    assert found.outlines[0].geometry.equals(shapely.Polygon(corners))
    assert [note.en for note in found.assumptions] == [
        "titik.csv: EPSG:32751 (WGS 84 / UTM zone 51S), by the column Zona"
    ]


@pytest.mark.parametrize(
    "zones", [["51S", "50S", "51S"], ["51", "51", "51"], ["R-3", "R-3", "R-3"], ["51S", "", ""]]
)
def test_a_column_that_names_no_single_utm_zone_decides_nothing(tmp_path: Path, zones: list[str]) -> None:
    corners = [(662_000, 8_955_000), (662_050, 8_955_000), (662_050, 8_955_050)]
    rows = "".join(f"{x},{y},{z}\n" for (x, y), z in zip(corners, zones, strict=True))
    with pytest.raises(CrsError):
        table(tmp_path, f"x,y,zone\n{rows}")


def test_metres_with_the_axes_in_the_other_order(tmp_path: Path) -> None:
    text = "X;Y\n" + "\n".join(f"{y};{x}" for x, y in UTM)
    found = table(tmp_path, text, crs="EPSG:32751")
    assert found.outlines[0].geometry.bounds == (662486.0, 8955505.0, 662586.0, 8955605.0)
    assert any("header" in note.en for note in found.assumptions)


def test_degrees_under_a_metric_crs_are_refused(tmp_path: Path) -> None:
    text = "lon;lat\n" + "\n".join(f"{lon};{lat}" for lon, lat in SQUARE)
    outline = table(tmp_path, text, crs="EPSG:32751").outlines[0]
    assert outline.error is not None
    assert outline.error.code == "outside-indonesia"


@pytest.mark.parametrize(
    "text", ["", "\n\n", "lon;lat\n", "nama;alamat\nA;Jl. Merdeka\n", "lon;lat;lon\n1;2;3"]
)
def test_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        table(tmp_path, text)
    assert caught.value.place.file is not None


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_coordinate_table(tmp_path / "tidak-ada.csv")


def test_title_rows_above_the_header_are_skipped(tmp_path: Path) -> None:
    rows = [f"{n};{lon};{lat};" for n, (lon, lat) in enumerate(SQUARE, 1)]
    head = ["DAFTAR KOORDINAT;;;", "Lokasi: Kefamenanu;;;", "No;Bujur;Lintang;Ket."]
    assert_square(table(tmp_path, "\n".join([*head, *rows])))


def test_separator_declared_by_a_spreadsheet(tmp_path: Path) -> None:
    rows = [f"{lon}|{lat}" for lon, lat in SQUARE]
    assert_square(table(tmp_path, "\n".join(["sep=|", "lon|lat", *rows])))


def test_columns_that_are_not_read_are_told(tmp_path: Path) -> None:
    rows = [f"{lon};{lat};patok beton" for lon, lat in SQUARE]
    found = table(tmp_path, "\n".join(["lon;lat;Keterangan", *rows]))
    assert_square(found)
    assert any("Keterangan" in note.en for note in found.assumptions)


def test_one_row_with_swapped_axes_is_read_and_told(tmp_path: Path) -> None:
    rows = [f"{lon};{lat}" for lon, lat in SQUARE]
    rows[2] = f"{SQUARE[2][1]};{SQUARE[2][0]}"
    found = table(tmp_path, "\n".join(["lon;lat", *rows]))
    assert_square(found)
    assert any("rows 4" in note.en for note in found.assumptions)


CELLS = ["124.48", "-9,44", "9°26'42\" LS", "124 28 48 BT", "1", "", "lon", "lat", "id", "no", "x", "part", "662486.25",
         "8.955.605", "kbli", '"', "\u202e", "-", "sep=;"]  # fmt: skip


@given(
    st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=5), max_size=8),
    st.sampled_from(";,\t| "),
    st.sampled_from([None, "EPSG:32751", "EPSG:4326"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_table_breaks_the_reader(
    tmp_path: Path, rows: list[list[str]], mark: str, crs: str | None
) -> None:
    try:
        found = table(tmp_path, "\n".join(mark.join(row) for row in rows), crs=crs)
    except (InputError, CrsError) as error:
        assert error.text.id
        assert error.place.file
    else:
        for outline in found.outlines:
            assert (outline.geometry is None) == (outline.error is not None)


@pytest.mark.parametrize(("x", "y"), [("200.000", "1.500.000"), ("200,000", "1500000")])
def test_metres_that_may_be_thousands_are_refused(tmp_path: Path, x: str, y: str) -> None:
    text = f"x;y\n{x};{y}\n200100;1500000\n200100;1500100"
    outline = table(tmp_path, text, crs="EPSG:23840").outlines[0]
    assert outline.error is not None
    assert outline.error.place.row == 2
    assert outline.error.remedy is not None
    assert "thousands" in outline.error.remedy.en


def test_metres_without_header_say_which_axis_comes_first(tmp_path: Path) -> None:
    found = table(tmp_path, "\n".join(f"{x};{y}" for x, y in UTM), crs="EPSG:32751")
    assert found.outlines[0].geometry.area == 10_000.0
    assert any("east, north" in note.en for note in found.assumptions)


def test_swap_of_a_table_in_metres(tmp_path: Path) -> None:
    path = tmp_path / "titik.csv"
    path.write_text("x;y\n" + "\n".join(f"{y - 8.8e6};{x}" for x, y in UTM), encoding="utf-8")
    found = read_coordinate_table(path, crs="EPSG:32651", swap_xy=True)
    assert found.outlines[0].geometry.bounds == (662486.0, 155505.0, 662586.0, 155605.0)


def test_a_row_without_id_among_others_is_refused(tmp_path: Path) -> None:
    rows = [f"A;{lon};{lat}" for lon, lat in SQUARE] + ["B;124.5;-9.5", ";124.6;-9.5", ";124.6;-9.6"]
    outlines = table(tmp_path, "\n".join(["id;lon;lat", *rows])).outlines
    assert outlines[0].error is None
    assert [outline.error is None for outline in outlines[1:]] == [False, False]
    assert_square(table(tmp_path, "\n".join(["id;lon;lat", *(f";{lon};{lat}" for lon, lat in SQUARE)])))


def test_numbers_mixed_with_labels_are_refused(tmp_path: Path) -> None:
    rows = [f"{n};{lon};{lat}" for n, (lon, lat) in zip((1, 2, "C", 4), SQUARE, strict=True)]
    outline = table(tmp_path, "\n".join(["no;lon;lat", *rows])).outlines[0]
    assert outline.error is not None
    assert outline.error.place.row == 4


def test_each_part_may_close_itself(tmp_path: Path) -> None:
    def box(part: str, west: float) -> list[str]:
        corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
        return [
            f"{part};{n % 4 + 1};{west + x / 1e3:.4f};{-9.44 + y / 1e3:.4f}"
            for n, (x, y) in enumerate(corners)
        ]

    outline = table(tmp_path, "\n".join(["bagian;no;lon;lat", *box("a", 124.48), *box("b", 124.5)])).outlines[
        0
    ]
    assert outline.error is None
    assert outline.geometry.area == pytest.approx(2e-6)


def test_encoding_as_ordered(tmp_path: Path) -> None:
    path = tmp_path / "titik.csv"
    path.write_bytes(
        ("bujur;lintang\n" + "\n".join(f"{lon};{lat}" for lon, lat in SQUARE)).encode("utf-16-le")
    )
    assert_square(read_coordinate_table(path, encoding="utf-16-le"))
    with pytest.raises(InputError, match="not"):
        read_coordinate_table(path, encoding="klingon")


@pytest.mark.parametrize(
    "address",
    [
        "https://contoh.id/persil.geojson",
        "HTTP://x/y.zip",
        "s3://bucket/a.parquet",
        "postgresql://h/db",
        "ftp:/x/y",
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("check", "{}", "--plan", "data/sample"),
        ("check", "--parcel", "{}", "--plan", "data/sample"),
        ("check", "examples/01-conform.geojson", "--plan", "{}"),
        ("check", "examples/01-conform.geojson", "--rdtr", "{}"),
        ("check", "examples/01-conform.geojson", "--plan", "data/sample", "--existing", "{}"),
        ("validate", "{}"),
    ],
    ids=["site", "parcel", "plan", "rdtr", "existing", "validate"],
)
def test_an_address_is_not_called_a_missing_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], address: str
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])
    words = [word.format(address) for word in command]
    for lang, said in (("en", "nothing is read over the network"), ("id", "lewat jaringan")):
        code, out, err = run(*words, "--lang", lang)
        assert (code, out) == (2, "")
        assert said in err and address.partition(":")[0] in err
        assert "not exist" not in err and "tidak ditemukan" not in err
