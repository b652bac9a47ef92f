"""Names of regions: by hand, laws of every spelling, the official count of cities, and one region in all verbs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolgraph.errors import UnknownName
from kolgraph.regions import _CITIES, _PROVINCES, OVERSEAS, compared, region_of, regions
from kolgraph.synth.words import REGIONS
from kolgraph.verbs.plan import candidates
from kolgraph.verbs.real import targets
from kolgraph.workspace import Workspace

#: Spellings as files of platforms, planners and crawlers have them.
BY_HAND = {
    "广东": "广东省|GUANGDONG|Guangdong Province, China|中国广东|广东 深圳|广东省深圳市南山区|深圳市|IP属地：广东|廣東",
    "广西": "广西壮族自治区|Guangxi Zhuang Autonomous Region|桂林市",
    "内蒙古": "内蒙古自治区|Inner Mongolia|呼伦贝尔|兴安盟|锡林郭勒盟",
    "新疆": "新疆维吾尔自治区|Xinjiang Uygur Autonomous Region|巴音郭楞蒙古自治州|喀什地区",
    "北京": "北京市|Beijing, China|北京 朝阳区|北京市海淀区",
    "吉林": "吉林市|吉林省吉林市|延边朝鲜族自治州",
    "青海": "海南州|海南藏族自治州|海西蒙古族藏族自治州",
    "海南": "海南省|三亚",
    "辽宁": "朝阳市|辽宁 大连",
    "香港": "中国香港|香港特别行政区|Hong Kong SAR|HK",
    "台湾": "台灣|中国台湾|台北|Taiwan",
    "海外": "海外 美国|美国 德州|Overseas|国外|New Zealand|London, UK|日本东京|IP属地：海外",
}
#: No region, or several: the Beijing district and the company are called like cities.
NONE = (
    "中国",
    "China",
    "Paris",
    "朝阳",
    "朝阳区",
    "阿里",
    "阿里巴巴",
    "北京/上海",
    "西安区",
    "SH",
    "",
    "其他",
    "-",
    "🌍",
)


@pytest.mark.parametrize(("region", "spellings"), BY_HAND.items())
def test_spellings_by_hand(region: str, spellings: str) -> None:
    assert {text: region_of(text) for text in [region, *spellings.split("|")]} == dict.fromkeys(
        [region, *spellings.split("|")], region
    )


def test_what_names_no_region_stays_what_it_is() -> None:
    assert [text for text in NONE if region_of(text) is not None] == []
    assert [compared(text) for text in NONE] == [*NONE[:10], None, None, *NONE[12:]]
    assert regions([None, "其他", "深圳", "Paris"], ["上海", None, "北京", "北京"]) == ["上海", None, "广东", "Paris"]


def test_the_table_is_that_of_the_ministry() -> None:
    """34 regions of the first level, and how many cities, prefectures and leagues each has (2023: 333 in all)."""
    extra = {"巢湖", "莱芜", "济源", "襄樊", "仙桃", "潜江", "天门", "神农架", "雄安", "海南州", "海南藏族自治州"}
    extra |= {"石河子", "阿拉尔", "图木舒克", "五家渠", "北屯", "铁门关", "双河", "可克达拉", "昆玉", "胡杨河"}
    counted = Counter(region for city, region in _CITIES.items() if city not in extra)
    assert set(_PROVINCES.values()) == {*REGIONS, OVERSEAS}
    assert len(REGIONS) == 34
    for abroad in ("香港", "台湾"):
        counted.pop(abroad)
    named_elsewhere = 2  # 吉林市 by the name of its province, 海南州 among the others
    assert counted.total() + named_elsewhere == 333
    assert (counted["广东"], counted["四川"], counted["新疆"], counted["海南"], counted["宁夏"]) == (21, 21, 14, 4, 5)


@given(st.sampled_from(sorted(_CITIES)), st.sampled_from(("", "市", "市中心区")), st.sampled_from(("", "省 ", "-")))
def test_a_city_is_in_its_province_however_it_is_written(city: str, kind: str, gap: str) -> None:
    region = _CITIES[city]
    assert region_of(f"{region}{gap}{city}{kind}") == region
    if kind:
        assert region_of(city + kind) == region


@given(st.text(max_size=20))
def test_any_text_is_compared_as_itself_or_as_a_known_region(text: str) -> None:
    found = region_of(text)
    assert found is None or found in {*REGIONS, OVERSEAS}
    name = compared(text)
    assert name is None or compared(name) == name
    assert compared(f"  {text}\t") == name


def test_two_spellings_are_one_region_in_every_verb(tmp_path: Path) -> None:
    """Seven followers of two KOLs; what a file says stays, ip_region counts where nothing is declared."""
    places = ["广东", "广东省", "深圳", "Guangdong", None, "北京 海淀区", "其他"]
    seen = [None, "北京", None, None, "广东", None, None]
    accounts = pd.DataFrame({"account": [f"f{i}" for i in range(7)], "region": places, "ip_region": seen}).assign(
        followers=0
    )
    kols = pd.DataFrame({"account": ["k0", "k1"], "region": ["广东 广州", "北京"], "price_cny": 10, "followers": 7})
    follows = pd.DataFrame({"follower": [f"f{i}" for i in range(7)] * 2, "followed": ["k0"] * 7 + ["k1"] * 7})
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        for table in (pd.concat([accounts, kols]), follows):
            ws.load(table, platform="x")
        assert {row[0] for row in ws.fetch("SELECT region FROM accounts")} >= {"广东省", "深圳", "Guangdong", "其他"}
        inside = [f"x:f{i}" for i in range(5)] + ["x:k0"]
        for said in ("广东", "广东省", "guangdong", "深圳市"):
            assert ws.ids()[targets(ws, region=said) > 0].tolist() == inside
            assert list(candidates(ws, region=said)) == ["x:k0"]
        for verb, options in (
            ("rank", {}),
            ("audience", {"accounts": ["k0", "k1"]}),
            ("plan", {"count": 1, "raw": True}),
        ):
            ask = getattr(ws, verb)
            assert ask(**options, region="广东").run_id == ask(**options, region="Guangdong Province").run_id
        assert ws.plan(count=2, raw=True, region="广东省").ids == ("x:k0",)
        reached = [ws.plan(count=1, raw=True, audience_region=said).reach for said in ("广东", "深圳")]
        assert reached[0] == reached[1] > 0
        assert ws.audience(["k0", "k1"], region="广州").real.union == 5
        groups = ws.explain("k1").why.audiences.query("kind == 'region'")
        assert set(groups["group"]) == {"广东", "北京", ""}
        with pytest.raises(UnknownName, match="unknown region '浙江'; known: 北京, 广东"):
            ws.rank(region="浙江省")
