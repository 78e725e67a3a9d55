"""The rule catalogue: a plain list. A rule that is not listed here does not exist."""

from kkpr_check.rules.base import Rule
from kkpr_check.rules.int001_kdb_exceeded import kdb_exceeded
from kkpr_check.rules.int002_klb_exceeded import klb_exceeded
from kkpr_check.rules.int003_kdh_short import kdh_short
from kkpr_check.rules.int004_ktb_exceeded import ktb_exceeded
from kkpr_check.rules.int005_lot_too_small import lot_too_small
from kkpr_check.rules.kgt001_use_prohibited import use_prohibited
from kkpr_check.rules.kgt002_use_limited import use_limited
from kkpr_check.rules.kgt003_use_conditional import use_conditional
from kkpr_check.rules.kgt004_use_unlisted import use_unlisted
from kkpr_check.rules.kgt005_protected_zone import protected_zone
from kkpr_check.rules.kgt006_kbli_unknown import kbli_unknown
from kkpr_check.rules.khs001_kkop import kkop
from kkpr_check.rules.khs002_lp2b import lp2b
from kkpr_check.rules.khs003_krb import krb
from kkpr_check.rules.khs004_sempadan_sungai import sempadan_sungai
from kkpr_check.rules.khs005_sempadan_pantai import sempadan_pantai
from kkpr_check.rules.khs006_sempadan_danau import sempadan_danau
from kkpr_check.rules.khs007_sutet import sutet
from kkpr_check.rules.khs008_cagar_budaya import cagar_budaya
from kkpr_check.rules.khs009_kawasan_hutan import kawasan_hutan
from kkpr_check.rules.khs010_tod import tod
from kkpr_check.rules.khs011_resapan_air import resapan_air
from kkpr_check.rules.khs012_rel import rel
from kkpr_check.rules.khs013_other_overlay import other_overlay
from kkpr_check.rules.lok000_site_unreadable import site_unreadable
from kkpr_check.rules.lok001_outside_plan import outside_plan
from kkpr_check.rules.lok002_uncovered_part import uncovered_part
from kkpr_check.rules.lok003_zone_split import zone_split
from kkpr_check.rules.lok004_within_map_accuracy import within_map_accuracy
from kkpr_check.rules.lok005_legal_area_differs import legal_area_differs
from kkpr_check.rules.rtr001_rtrw_conflict import rtrw_conflict
from kkpr_check.rules.rtr002_holding_zone import holding_zone
from kkpr_check.rules.tab001_gsb_encroached import gsb_encroached
from kkpr_check.rules.tab002_side_clearance_short import side_clearance_short
from kkpr_check.rules.tab003_rear_clearance_short import rear_clearance_short
from kkpr_check.rules.tab004_height_exceeded import height_exceeded
from kkpr_check.rules.tab005_floors_exceeded import floors_exceeded
from kkpr_check.rules.tab006_outside_parcel import outside_parcel
from kkpr_check.rules.tab007_in_road_reserve import in_road_reserve

RULES: tuple[Rule, ...] = (
    site_unreadable,
    outside_plan,
    uncovered_part,
    zone_split,
    within_map_accuracy,
    legal_area_differs,
    use_prohibited,
    use_limited,
    use_conditional,
    use_unlisted,
    protected_zone,
    kbli_unknown,
    kdb_exceeded,
    klb_exceeded,
    kdh_short,
    ktb_exceeded,
    lot_too_small,
    gsb_encroached,
    side_clearance_short,
    rear_clearance_short,
    height_exceeded,
    floors_exceeded,
    outside_parcel,
    in_road_reserve,
    kkop,
    lp2b,
    krb,
    sempadan_sungai,
    sempadan_pantai,
    sempadan_danau,
    sutet,
    cagar_budaya,
    kawasan_hutan,
    tod,
    resapan_air,
    rel,
    other_overlay,
    rtrw_conflict,
    holding_zone,
)
"""Every rule, in the order of the catalogue (contract section 6)."""

BY_CODE = {rule.code: rule for rule in RULES}
ORDER = {rule.code: n for n, rule in enumerate(RULES)}
"""Place of each code in the catalogue."""
