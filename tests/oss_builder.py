"""Synthetic OSS payloads: every field of a person or company holds a marker that no output may show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MARK = "PRIBADI"
Json = dict[str, Any]

_TOP = (
    "nib", "no_npp", "no_va", "no_wlkp", "npwp_perseroan", "nama_perseroan", "nama_singkatan", "alamat_perseroan",
    "rt_rw_perseroan", "kelurahan_perseroan", "kode_pos_perseroan", "nomor_telpon_perseroan", "email_perusahaan",
    "no_pengesahan", "no_akta_lama", "jenis_id_user_proses", "no_id_user_proses", "nama_user_proses",
    "email_user_proses", "hp_user_proses", "alamat_user_proses", "jns_kelamin_user_proses",
    "tempat_lahir_user_proses", "tgl_lahir_user_proses", "daerah_id_user_proses", "rt_rw_user_proses",
    "agama_user_proses", "status_perkawinan_user_proses", "pekerjaan_user_proses",
)  # fmt: skip
_HOLDER = (
    "jabatan_pemegang_saham", "nama_pemegang_saham", "no_identitas_pemegang_saham", "npwp_pemegang_saham",
    "alamat_pemegang_saham", "fax_pemegang_saham", "email_pemegang_saham", "pengendali_pemegang_saham",
)  # fmt: skip
_OFFICER = (
    "no_identitas_penanggung_jwb", "nik_penanggung_jwb", "no_paspor_penanggung_jwb", "nama_penanggung_jwb",
    "jabatan_penanggung_jwb", "kebangsaan_penanggung_jwb", "npwp_penanggung_jwb", "alamat_penanggung_jwb",
    "jalan_penanggung_jwb", "no_telp_penanggung_jwb", "no_hp_penanggung_jwb", "no_fax_penanggung_jwb",
    "email_penanggung_jwb",
)  # fmt: skip
_PROJECT = (
    "npwp_cabang", "nama_cabang", "no_identitas_pj", "nama_pj", "npwp_perseroan_merger", "uraian_usaha",
    "nama_kegiatan", "deskripsi_kegiatan",
)  # fmt: skip
_WORKER = ("nama", "nik", "jabatan", "hp", "email", "foto", "pengalaman_kerja")


def _marked(names: Sequence[str]) -> Json:
    return {name: f"{MARK}-{name}" for name in names}


def ring_of(example: str) -> list[tuple[float, float]]:
    """Return (lat, lon) of the parcel's outline in an example, without the closing vertex."""
    data = json.loads((ROOT / "examples" / example).read_text("utf-8"))
    parcel = next(f for f in data["features"] if f["properties"].get("role") == "parcel")
    return [(y, x) for x, y in parcel["geometry"]["coordinates"][0][:-1]]


def vertices(ring: Sequence[tuple[float, float]]) -> list[Json]:
    return [{"serial": str(n), "lat_lng": f"{a}, {b}"} for n, (a, b) in enumerate(ring, 1)]


def location(ring: Sequence[tuple[float, float]], **fields: Any) -> Json:
    return {
        "id_proyek_lokasi": "L-1",
        "proyek_daerah_id": "5303",
        "alamat_usaha": f"{MARK}-alamat_usaha",
        "id_kegiatan": "",
        "response_kegiatan": "",
        "jenis_kawasan": "",
        "status_lokasi": "01",
        "data_lokasi_proyek_shp": "",
        "data_lokasi_proyek": vertices(ring),
        "data_posisi_proyek": [{"id_proyek_posisi": "1", "id_proyek_lokasi": "L-1", "posisi_lokasi": "01"}],
        **fields,
    }


def project(*locations: Json, **fields: Any) -> Json:
    return {
        "id_proyek": "P-1",
        "nomor_proyek": "P-1-0001",
        "kbli": "47112",
        "luas_tanah": "",
        "satuan_luas_tanah": "01",
        "jumlah_lantai_bangunan": "",
        "luas_lantai_bangunan": "",
        "flag_psn": "N",
        "skala_usaha": "02",
        **_marked(_PROJECT),
        "data_lokasi_proyek": list(locations),
        "data_proyek_produk": [
            {"kbli": f"{MARK}-kbli", "pemegang_haki": f"{MARK}-haki", "pi_npwp": f"{MARK}-npwp"}
        ],
        **fields,
    }


def payload(*projects: Json, **fields: Any) -> Json:
    return {
        "dataNIB": {
            **_marked(_TOP),
            "oss_id": "OSS-1",
            "id_izin": "I-202611240000000000001",
            "kd_izin": "029000000001",
            "kd_daerah": "5303000000",
            "kewenangan": "02",
            "skala_usaha": "02",
            "pemegang_saham": [_marked(_HOLDER)],
            "penanggung_jwb": [_marked(_OFFICER)],
            "legalitas": [{"nama_notaris": f"{MARK}-notaris", "telepon_notaris": f"{MARK}-telepon"}],
            "data_rptka": {"rptka_jabatan": [{"rptka_tki_pendamping": [_marked(_WORKER)]}]},
            "data_proyek": list(projects),
            **fields,
        }
    }


def written(path: Path, data: Any, **how: Any) -> Path:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding=how.get("encoding", "utf-8"))
    return path
