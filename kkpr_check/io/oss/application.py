"""From an application to parcels: one a project and location, with its proposal, its outline and what to say of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import shapely

from kkpr_check.errors import InputError, KkprError, Place, Text
from kkpr_check.io.coordinate_table import outline_of_vertices
from kkpr_check.io.options import Options, parse_options
from kkpr_check.io.oss.payload import Fields, list_of, parse, refuse_nested, text_of
from kkpr_check.io.outlines import no_area, repair
from kkpr_check.io.sitefeatures import FeatureSet, SiteFeature
from kkpr_check.model import Application

LONLAT = "EPSG:4326"
_ID = re.compile(r"[\w.\-/]{1,50}", re.ASCII)
_SCALES = {"1": "micro", "2": "small", "3": "medium", "4": "large"}
_PLAIN = (
    "kbli", "jumlah_lantai_bangunan", "luas_lantai_bangunan", "luas_tanah", "satuan_luas_tanah", "flag_psn", "skala_usaha",
)  # fmt: skip
_HECTARE_M2 = 10_000.0
_NO_VERTICES = Text(
    "the application holds no vertices of this location",
    "permohonan tidak memuat titik koordinat lokasi ini",
)
_SHP_ONLY = Text(
    "the application holds no vertices of this location, only a reference to an uploaded SHP: check that file with "
    "--parcel",
    "permohonan tidak memuat titik koordinat lokasi ini, hanya rujukan ke SHP yang diunggah: periksa berkas itu "
    "dengan --parcel",
)
_CLAIMS: Mapping[tuple[str, str], Text] = {
    ("posisi_lokasi", "2"): Text(
        "the application places the location on water: at sea no land plan decides (KKPRL), and what a plan says of "
        "this place stands above",
        "permohonan menyatakan lokasi di perairan: di laut yang berlaku KKPRL, bukan rencana darat; yang dinilai "
        "di sini hanya rencana yang memuat lokasi",
    ),
    ("posisi_lokasi", "3"): Text(
        "the application places the location in a forest area (kawasan hutan): the ministry of forestry has a say",
        "permohonan menyatakan lokasi di kawasan hutan: perlu persetujuan kementerian bidang kehutanan",
    ),
    ("jenis_kawasan", "1"): Text(
        "inside an industrial estate (KI), by the application", "di dalam kawasan industri (KI), menurut permohonan"
    ),
    ("jenis_kawasan", "2"): Text(
        "inside a special economic zone (KEK), by the application",
        "di dalam kawasan ekonomi khusus (KEK), menurut permohonan",
    ),
    ("jenis_kawasan", "3"): Text(
        "inside a free trade zone (KPBPB), by the application",
        "di dalam kawasan perdagangan bebas (KPBPB), menurut permohonan",
    ),
    ("flag_obyek_vital_nasional", "Y"): Text(
        "a national vital object, by the application", "obyek vital nasional, menurut permohonan"
    ),
    ("jenis_lokasi", "Y"): Text(
        "the location crosses administrative boundaries, by the application: plans of all of them are needed",
        "lokasi lintas batas administrasi, menurut permohonan: diperlukan rencana semua daerahnya",
    ),
}  # fmt: skip
"""(field, code) -> what the report says of it; none of them changes a verdict."""


def applications_in(data: bytes, name: str, encoding: str | None = None) -> FeatureSet | None:
    """Return the parcels of an OSS payload, or None where the JSON holds no ``dataNIB`` object.

    Parameters
    ----------
    data
        The file's bytes.
    name
        What to call it in messages; ``-`` is standard input.

    Raises
    ------
    InputError
        No JSON, or an application without project or location. What is wrong with one location stands in its
        feature.
    """
    found = parse(data, name, encoding)
    if not found:
        return None
    reader = _Reader(name)
    for application in found:
        reader.read(application)
    if not reader.features:
        raise InputError(
            Text("the application names no location of a project", "permohonan tidak memuat lokasi proyek"),
            place=Place(name, column="data_proyek[].data_lokasi_proyek"),
            remedy=Text("take the payload from OSS again", "ambil ulang muatan (payload) dari OSS"),
            code="oss-empty",
        )
    digest = hashlib.sha256(data).hexdigest()
    return FeatureSet(
        tuple(reader.features), name, None, digest, LONLAT, repairs=tuple(reader.repairs),
        assumptions=(_DATUM,),
    )  # fmt: skip


_DATUM = Text(
    "OSS application: lat_lng is latitude, longitude in degrees WGS 84 (= SRGI2013); of the payload only the fields "
    "of docs/oss.md are read, no personal data",
    "Permohonan OSS: lat_lng adalah lintang, bujur dalam derajat WGS 84 (= SRGI2013); dari muatan hanya dibaca kolom "
    "pada docs/oss.md, tanpa data pribadi",
)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.features: list[SiteFeature] = []
        self.repairs: list[Text] = []

    def read(self, application: Fields) -> None:
        """Add the features of one application."""
        place = Place(self.name)
        projects = list_of(application, "data_proyek", place)
        by_id = {text_of(project, "id_proyek"): project for project in projects}
        for n, project in enumerate(projects, 1):
            notes = _several_uses(project, projects)
            locations = list_of(project, "data_lokasi_proyek", place)
            main = by_id.get(text_of(project, "id_proyek_utama"))
            if not locations and main is not None and main is not project:
                locations = list_of(main, "data_lokasi_proyek", place)
                notes.append(
                    Text("the location is that of the main project", "lokasi mengikuti proyek utama")
                )
            for m, location in enumerate(locations or [{}], 1):
                self.features.append(self._feature(application, project, location, f"{n}.{m}", notes))

    def _feature(
        self, application: Fields, project: Fields, location: Fields, number: str, notes: Sequence[Text]
    ) -> SiteFeature:
        ids = Application(
            oss_id=_id(application, "oss_id"), id_izin=_id(application, "id_izin"),
            kd_izin=_id(application, "kd_izin"), project=_id(project, "id_proyek"),
            location=_id(location, "id_proyek_lokasi"), water=text_of(project, "nama_perairan"),
            depth=text_of(project, "kedalaman"), digital_activity=text_of(location, "id_kegiatan"),
            digital_answer=text_of(location, "response_kegiatan"),
        )  # fmt: skip
        name = "/".join(part for part in (ids.project, ids.location) if part) or number
        place = Place(self.name, row=name)
        feature = SiteFeature(place, "parcel", None, LONLAT, Options({"id": name}), application=ids)
        try:
            values, read = _proposal(application, project, place)
            options = parse_options(values, place=place)
            claims = _claims(project, location, place)
            shape, doubt, drawn = self._outline(location, place)
        except KkprError as error:
            return replace(feature, error=error)
        said = (*options.assumptions, *read, *notes, *claims, *drawn)
        return replace(
            feature, geometry=shape, options=Options({**options.values, "id": name}, said, place), doubt=doubt
        )

    def _outline(self, location: Fields, place: Place) -> tuple[Any | None, Text | None, tuple[Text, ...]]:
        """Return the polygon, or the points where there are fewer than three; why it is in doubt; and notes."""
        vertices = [
            (text_of(vertex, "serial"), text_of(vertex, "lat_lng"))
            for vertex in list_of(location, "data_lokasi_proyek", place)
        ]
        while vertices and vertices[-1] == ("", ""):
            vertices.pop()  # OSS fills an empty list with one blank vertex
        for n, (_, pair) in enumerate(vertices, 1):
            if not pair:
                raise _no_position(n, place)
        if not vertices:
            return None, _SHP_ONLY if location.get("data_lokasi_proyek_shp") else _NO_VERTICES, ()
        drawn = outline_of_vertices(vertices, place)
        if drawn.geometry.geom_type == "MultiPoint":
            return drawn.geometry, None, drawn.notes
        shape, note, crossing = repair(drawn.geometry, place)
        self.repairs += [] if note is None else [note]
        if shape is None or not shape.area > 0:
            raise no_area(place)
        return shapely.force_2d(shape), drawn.doubt or crossing, drawn.notes


def _no_position(number: int, place: Place) -> InputError:
    return InputError(
        Text("a vertex without coordinates", "titik tanpa koordinat"),
        place=place._replace(column=f"lat_lng {number}"),
        remedy=Text("take the payload from OSS again", "ambil ulang muatan (payload) dari OSS"),
        code="coordinates",
    )


def _id(fields: Fields, name: str) -> str:
    """Return an id as it stands; what is no id (it may be anything) is not kept."""
    value = text_of(fields, name)
    return value if _ID.fullmatch(value) else ""


def _code(fields: Fields, name: str) -> str:
    """Return a code without its leading zeros, in capitals: 01, 1 and "01" are one."""
    return text_of(fields, name).lstrip("0").upper()


def _proposal(application: Fields, project: Fields, place: Place) -> tuple[dict[str, Any], list[Text]]:
    refuse_nested(project, _PLAIN, place)
    kbli = project.get("kbli")
    values: dict[str, Any] = {
        "kbli": kbli
        if isinstance(kbli, int | float) and not isinstance(kbli, bool)
        else text_of(project, "kbli"),
        "floors": _number(project, "jumlah_lantai_bangunan", place),
        "floor_area_m2": _number(project, "luas_lantai_bangunan", place),
        "psn": text_of(project, "flag_psn"),
    }
    notes: list[Text] = []
    for name, field in (("floors", "jumlah_lantai_bangunan"), ("floor_area_m2", "luas_lantai_bangunan")):
        if values[name] == 0:
            values[name] = None
            notes.append(
                Text(f"{field} is 0 and counts as not given", f"{field} bernilai 0 dan dianggap belum diisi")
            )
    if values["floor_area_m2"] is not None and _is_maybe_grouped(project, "luas_lantai_bangunan"):
        raw = text_of(project, "luas_lantai_bangunan")
        values["floor_area_m2"] = None
        notes.append(
            Text(
                f"luas_lantai_bangunan '{raw}' can be {raw.replace('.', '')} m² or {raw} m² and counts as not given",
                f"luas_lantai_bangunan '{raw}' dapat berarti {raw.replace('.', '')} m² atau {raw} m² dan dianggap belum diisi",
            )
        )
    values["legal_area_m2"], unit_note = _land_area(project, place)
    values["business_scale"], scale_note = _scale(application, project)
    return values, [*notes, *(note for note in (unit_note, scale_note) if note is not None)]


def _number(fields: Fields, name: str, place: Place) -> float | None:
    """Return a number written as number or text; both "1200.5" and, where it cannot be thousands, "1200,5".

    Raises
    ------
    InputError
        Something else stands there.
    """
    text = text_of(fields, name).replace(" ", "").replace("\u00a0", "")
    if not text:
        return None
    if match := re.fullmatch(r"(\d{1,3}(?:\.\d{3})+),(\d+)", text, re.ASCII):
        text = match[1].replace(".", "") + "." + match[2]
    elif re.fullmatch(r"\d{1,3}(\.\d{3}){2,}", text, re.ASCII):
        text = text.replace(".", "")
    elif re.fullmatch(r"\d+,(\d{1,2}|\d{4,})", text, re.ASCII):
        text = text.replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d+)?([eE]\+?\d{1,2})?", text, re.ASCII):
        raise InputError(
            Text("is no plain number", "bukan bilangan biasa"),
            place=place._replace(column=name),
            remedy=Text(
                "write digits with a decimal point, without thousands separators: 1200.5",
                "tulis angka dengan titik desimal tanpa pemisah ribuan: 1200.5",
            ),
            code="option-value",
        )
    return float(text)


def _land_area(project: Fields, place: Place) -> tuple[float | None, Text | None]:
    """Return the land area applied for in m2 and what was decided about its unit."""
    area, unit = _number(project, "luas_tanah", place), _code(project, "satuan_luas_tanah")
    if area is None:
        return None, None
    if unit in ("2", "HA"):
        m2 = round(area * _HECTARE_M2, 4)
        return m2, Text(
            f"luas_tanah {area:.10g} ha is {m2:.10g} m²",
            f"luas_tanah {area:.10g} ha sama dengan {m2:.10g} m²",
        )
    if unit in ("1", "M2"):
        return area, _maybe_grouped(project, area)
    return area, Text(
        "satuan_luas_tanah is neither 01 (m2) nor 02 (ha): luas_tanah is read as m2",
        "satuan_luas_tanah bukan 01 (m2) atau 02 (ha): luas_tanah dibaca dalam m2",
    )


def _maybe_grouped(project: Fields, area: float) -> Text | None:
    if not _is_maybe_grouped(project, "luas_tanah"):
        return None
    raw = text_of(project, "luas_tanah")
    return Text(
        f"luas_tanah '{raw}' is read with a decimal point: {area:.10g} m², not {raw.replace('.', '')}",
        f"luas_tanah '{raw}' dibaca dengan titik desimal: {area:.10g} m², bukan {raw.replace('.', '')}",
    )


def _is_maybe_grouped(project: Fields, name: str) -> bool:
    """Tell whether a text such as "1.500" may be written with a point for thousands."""
    grouped = re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text_of(project, name), re.ASCII)
    return grouped is not None and isinstance(project.get(name), str)


def _scale(application: Fields, project: Fields) -> tuple[str | None, Text | None]:
    own, whole = _code(project, "skala_usaha"), _code(application, "skala_usaha")
    code = own or whole
    if not code:
        return None, None
    if code not in _SCALES:
        return None, Text(
            "skala_usaha is not one of 01 to 04 and is not read",
            "skala_usaha bukan 01 sampai 04 dan tidak dibaca",
        )
    if own and whole and own != whole:
        return _SCALES[code], Text(
            "skala_usaha of the project differs from that of the business; the project's is taken",
            "skala_usaha proyek berbeda dari skala_usaha pelaku usaha; yang dipakai milik proyek",
        )
    return _SCALES[code], None


def _several_uses(project: Fields, projects: Sequence[Fields]) -> list[Text]:
    """Return what to say where one site carries several KBLI: each is a check of its own."""
    if _code(project, "flag_multi_kbli") != "Y":
        return []
    main = text_of(project, "id_proyek_utama") or text_of(project, "id_proyek")
    here = [
        other for other in projects
        if main in (text_of(other, "id_proyek_utama"), text_of(other, "id_proyek")) or other is project
    ]  # fmt: skip
    named = text_of(project, "jumlah_multi_kbli")
    note = Text(
        f"several KBLI on one site: each of the {len(here)} in this payload is checked by itself, and the site "
        "conforms only if all do",
        f"beberapa KBLI pada satu lokasi: {len(here)} KBLI dalam muatan ini dinilai satu per satu, dan lokasi sesuai "
        "hanya bila semuanya sesuai",
    )
    if named.isascii() and named.isdigit() and len(named) < 6 and int(named) > len(here):
        return [
            note,
            Text(
                f"the application names {int(named)} KBLI, but the payload holds {len(here)}: the others are not checked",
                f"permohonan menyebut {int(named)} KBLI, tetapi muatan hanya berisi {len(here)}: sisanya tidak dinilai",
            ),
        ]
    return [note]


def _claims(project: Fields, location: Fields, place: Place) -> list[Text]:
    """Return what the applicant says of the place, for the officer."""
    given = [
        ("posisi_lokasi", _code(item, "posisi_lokasi"))
        for item in list_of(location, "data_posisi_proyek", place)
    ]
    given += [("jenis_kawasan", _code(location, "jenis_kawasan"))]
    given += [(name, _code(project, name)) for name in ("flag_obyek_vital_nasional", "jenis_lokasi")]
    if text_of(project, "nama_perairan"):
        given.append(("posisi_lokasi", "2"))
    notes = [_CLAIMS[claim] for claim in given if claim in _CLAIMS]
    asked = [name for name in ("a", "b", "c", "d", "3") if _code(project, f"pasal_181_{name}") == "Y"]
    if asked:
        listed = ", ".join(f"pasal_181_{name}" for name in asked)
        notes.append(Text(
            f"the applicant claims an exemption under PP 5/2021 article 181 ({listed}); it is not judged here",
            f"pemohon menyatakan pengecualian menurut PP 5/2021 pasal 181 ({listed}); hal itu tidak dinilai di sini",
        ))  # fmt: skip
    return list(dict.fromkeys(notes))


def read_application_file(path: Path, encoding: str | None) -> FeatureSet | None:
    """Return the parcels of a file where it is an application, else None; nothing of another file is kept."""
    from kkpr_check.io.oss.payload import BYTES_MAX, may_be_application

    try:
        if not path.is_file() or path.stat().st_size > BYTES_MAX:  # reading a pipe would wait for ever
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return applications_in(data, str(path), encoding) if may_be_application(data) else None
