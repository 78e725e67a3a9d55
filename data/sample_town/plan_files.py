"""plan.toml of the two plans: every key the format knows, each explained where it stands."""

from __future__ import annotations

RDTR = """\
# Rencana contoh SINTETIS: bukan rencana yang berlaku, tidak memuat data nyata.
# A synthetic example plan: not a law, no real data in it. It shows every key of plan.toml.

id = "rdtr-kefamenanu-sintetis"            # short name, stands in reports
name = "RDTR Kawasan Perkotaan Kefamenanu (DATA SINTETIS)"
level = "rdtr"                             # rdtr, rtrw-kota, rtrw-kab, rtr-ksn, rtrw-prov, rtr-pulau, rtrwn
legal = "Peraturan Bupati Contoh Nomor 0 Tahun 2024 (sintetis)"
status = "in-force"                        # or "draft"
valid_from = 2024-03-01                    # the first day it is law
# valid_until = 2044-03-01                 # the first day it is no longer law; absent = open
oss_integrated = true                      # gives the KKKPR pathway
scale = 5000                               # 1:5 000 -> CE90 2.5 m (class 3, 0.5 mm on the map)
# ce90_m = 2.5                             # instead of the value from the scale
# rank = 0                                 # instead of the rank of its level
kbli_version = 2020
requires = ">=0.1"                         # version of kkpr-check
synthetic = true                           # said in every report
crs = "EPSG:32751"                         # for layers that carry no CRS of their own

[tolerance]                                # what is noise: under 5 % of the subject and this small or narrow
sliver_width_m = 0.5
sliver_area_m2 = 1.0
legal_area_pct = 0.5                       # LOK005: drawn against legal area

[validate]                                 # which data checks run, and what they may find
baseline = "baseline.json"                 # findings that are known, each with its reason
# ignore = ["DAT109"]                      # no codes that begin so

# --- layers -------------------------------------------------------------------------------------------------

[[layer]]
role = "zoning"
path = "layers/polaruang_sintetis.shp"
encoding = "UTF-8"                         # of the .dbf, where the .cpg is missing or wrong
# crs = "EPSG:32751"                       # for this layer alone, where it carries none
# swap_xy = true                           # for a file that keeps latitude before longitude
legal = "Lampiran I (sintetis)"
[layer.fields]
subzone = "KODSZN"                         # letter code; real layers keep it in KODSBL, KODEWP ... too
name = "NAMOBJ"
remark = "REMARK"

[[layer]]
id = "jalan"
role = "road"
path = "layers/struktur_ruang_sintetis.gpkg"
layer = "jaringan_jalan"                   # layer inside a GeoPackage, File GDB or KML
scale = 1000                               # surveyed better than the plan: CE90 0.5 m for road distances
legal = "Lampiran II (sintetis)"
[layer.fields]
road_class = "NAMOBJ"
width_m = "RUMIJA_M"                       # width of the road reserve (rumija)
name = "REMARK"
[layer.codes]                              # source value -> road class, only where they differ
"Jalan Arteri Primer" = "arteri-primer"
"Jalan Kolektor Primer" = "kolektor-primer"
"Jalan Kolektor Sekunder" = "kolektor-sekunder"
"Jalan Lokal Primer" = "lokal-primer"
"Jalan Lokal Sekunder" = "lokal-sekunder"
"Jalan Lingkungan Primer" = "lingkungan-primer"
"Jalan Lingkungan Sekunder" = "lingkungan-sekunder"

[[layer]]
id = "sungai"
role = "river"
path = "layers/sungai_sintetis.geojson"    # banks as polygons; a centre line alone gives undetermined
legal = "Pasal 24 ayat (1) (sintetis)"
[layer.fields]
width_m = "LEBAR"
depth_m = "KEDALAMAN"
levee = "TANGGUL"
[layer.defaults]                           # for every feature, where no field carries it
urban = true

[[layer]]
id = "embung"
role = "lake"
path = "layers/embung_sintetis.geojson"
ce90_m = 2.0                               # accuracy of this layer, where neither scale fits
legal = "Pasal 24 ayat (3) (sintetis)"
[layer.defaults]
setback_m = 50.0

[[layer]]
id = "sutt"
role = "powerline"
path = "layers/struktur_ruang_sintetis.gpkg"
layer = "jaringan_energi"
legal = "Pasal 25 (sintetis)"
[layer.fields]
voltage_kv = "TEGANGAN"
tower = "TIANG"

[[layer]]
id = "kawasan-hutan"
role = "forest"
path = "layers/kawasan_hutan_sintetis.geojson"
scale = 50000
legal = "Keputusan Menteri Contoh (sintetis)"
[layer.fields]
value = "F_KW_HUTAN"

[[layer]]
id = "rawan-banjir"
role = "overlay"
path = "layers/rawan_banjir_sintetis.geojson"
legal = "Pasal 27 ayat (2) (sintetis)"
[layer.fields]
value = "KELAS"

[[layer]]
role = "boundary"
path = "layers/batas_wp_sintetis.geojson"

[[layer]]
role = "building"
path = "layers/bangunan_sintetis.fgb"      # existing buildings count in KDB and KDH

[[layer]]
role = "parcel"
path = "layers/persil_sintetis.fgb"        # finds the parcel of a footprint that comes without one
[layer.fields]
id = "NIB"

# --- overlays: each KHS rule has a layer, a field of the zoning layer, or the statement that there is none ---

[[overlay]]
rule = "KHS001"
field = "KKOP_1"
legal = "Pasal 26 (sintetis)"

[[overlay]]
rule = "KHS002"
field = "LP2B_2"
values = { "K02C" = "conditional" }        # reserve land (LCP2B): conditional instead of fail
legal = "Pasal 28 (sintetis)"

[[overlay]]
rule = "KHS003"
field = "KRB_03"
legal = "Pasal 27 ayat (1) (sintetis)"

[[overlay]]
rule = "KHS003"                            # a rule may have several sources
layer = "rawan-banjir"
field = "KELAS"
values = { "Rawan Banjir Rendah" = "pass" }
legal = "Pasal 27 ayat (2) (sintetis)"

[[overlay]]
rule = "KHS004"
layer = "sungai"
legal = "Pasal 24 ayat (1) (sintetis)"

[[overlay]]
rule = "KHS005"
none = "Pasal 24 ayat (2) (sintetis): wilayah perencanaan tidak berpantai"

[[overlay]]
rule = "KHS006"
layer = "embung"
legal = "Pasal 24 ayat (3) (sintetis)"

[[overlay]]
rule = "KHS007"
layer = "sutt"
legal = "Pasal 25 (sintetis)"

[[overlay]]
rule = "KHS008"
field = "CAGBUD"
legal = "Pasal 29 (sintetis)"

[[overlay]]
rule = "KHS009"
layer = "kawasan-hutan"
values = { "APL" = "none", "HPK" = "conditional" }
legal = "Pasal 30 (sintetis)"

[[overlay]]
rule = "KHS010"
field = "TOD_04"
legal = "Pasal 33 (sintetis)"

[[overlay]]
rule = "KHS011"
field = "RESAIR"
legal = "Pasal 34 (sintetis)"

[[overlay]]
rule = "KHS012"
none = "Pasal 35 (sintetis): tidak ada jaringan jalur kereta api"

[[overlay]]
rule = "KHS013"
field = "TEB_05"
outcome = "conditional"                    # replaces the rule's default for all values not listed
legal = "Pasal 36 (sintetis)"

[[overlay]]
rule = "KHS013"
field = "HANKAM"
legal = "Pasal 37 (sintetis)"
"""

RTRW = """\
# Rencana contoh SINTETIS: bukan rencana yang berlaku, tidak memuat data nyata.
id = "rtrw-ttu-sintetis"
name = "RTRW Kabupaten Timor Tengah Utara (DATA SINTETIS)"
level = "rtrw-kab"
legal = "Peraturan Daerah Contoh Nomor 0 Tahun 2023 (sintetis)"
status = "in-force"
valid_from = 2023-06-01
oss_integrated = false
scale = 50000
kbli_version = 2020
requires = ">=0.1"
synthetic = true

[[layer]]
role = "zoning"
path = "layers/rtrw_polaruang_sintetis.gpkg"
layer = "pola_ruang_sintetis"
legal = "Lampiran III (sintetis)"
[layer.fields]
subzone = "KODKWS"
name = "NAMOBJ"
remark = "REMARK"
[layer.codes]                              # 8-digit codes of the layer -> letter codes of the tables
"31021000" = "HL"
"31030000" = "PS"
"32022000" = "HPT"
"32041000" = "P-1"
"32043000" = "P-3"
"32080000" = "KPI"
"32101000" = "PK"
"32102000" = "PD"

[[overlay]]
rule = "KHS001"
field = "KKOP_1"
legal = "Pasal 51 (sintetis)"

[[overlay]]
rule = "KHS002"
field = "KP2B_2"
outcome = "conditional"                    # KP2B of a general plan: the detailed plan draws LP2B itself
legal = "Pasal 52 (sintetis)"

[[overlay]]
rule = "KHS003"
field = "KRB_03"
legal = "Pasal 53 (sintetis)"

[[overlay]]
rule = "KHS004"
field = "KSMPDN"
legal = "Pasal 54 (sintetis)"

[[overlay]]
rule = "KHS005"
none = "Pasal 54 ayat (2) (sintetis): bagian kabupaten ini tidak berpantai"

[[overlay]]
rule = "KHS006"
none = "Pasal 54 ayat (3) (sintetis): tidak ada danau atau waduk berskala kabupaten"

[[overlay]]
rule = "KHS007"
none = "Pasal 55 (sintetis): jaringan transmisi diatur dalam rencana rinci"

[[overlay]]
rule = "KHS008"
field = "CAGBUD"
legal = "Pasal 56 (sintetis)"

[[overlay]]
rule = "KHS009"
none = "Pasal 57 (sintetis): kawasan hutan adalah kelas pola ruang HL, HPT, dan HPT/PD"

[[overlay]]
rule = "KHS010"
none = "Pasal 58 (sintetis): tidak ada kawasan berorientasi transit"

[[overlay]]
rule = "KHS011"
field = "RESAIR"
legal = "Pasal 59 (sintetis)"

[[overlay]]
rule = "KHS012"
none = "Pasal 60 (sintetis): tidak ada jaringan jalur kereta api"

[[overlay]]
rule = "KHS013"
field = "HANKAM"
legal = "Pasal 61 (sintetis)"
"""
