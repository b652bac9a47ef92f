"""Names of regions: every spelling of a province, and its cities, are one region; the rest of the world is another.

Declared regions stay as files have them; where they are compared or grouped it is by the names of here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: Every country but China.
OVERSEAS = "海外"
#: Province, municipality, autonomous region, SAR, or Taiwan: how it is spelled elsewhere | its 333 cities, prefectures
#: and leagues, and others that stand under a province directly. An asterisk: only with its kind behind it, since alone
#: it is more often something else (the district of Beijing, the company).
_TABLE = """
北京 beijing peking |
天津 tianjin |
上海 shanghai |
重庆 chongqing 重慶 |
河北 hebei | 石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 雄安
山西 shanxi | 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
内蒙古 innermongolia neimenggu neimongol 內蒙古 内蒙 | 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔
内蒙古 | 乌兰察布 兴安 锡林郭勒 阿拉善
辽宁 liaoning 遼寧 | 沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳* 葫芦岛
吉林 jilin | 长春 四平 辽源 通化 白山 松原 白城 延边
黑龙江 heilongjiang 黑龍江 | 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭
江苏 jiangsu 江蘇 | 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁
浙江 zhejiang | 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水
安徽 anhui | 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 巢湖
福建 fujian | 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德
江西 jiangxi | 南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶
山东 shandong 山東 | 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 莱芜
河南 henan | 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源
湖北 hubei | 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 襄樊 仙桃 潜江 天门 神农架
湖南 hunan | 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西
广东 guangdong canton 廣東 | 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞
广东 | 中山 潮州 揭阳 云浮
广西 guangxi 廣西 | 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
海南 hainan | 海口 三亚 三沙 儋州
四川 sichuan szechwan | 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳
四川 | 阿坝 甘孜 凉山
贵州 guizhou 貴州 | 贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南
云南 yunnan 雲南 | 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆
西藏 tibet xizang | 拉萨 日喀则 昌都 林芝 山南 那曲 阿里*
陕西 shaanxi 陝西 | 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛
甘肃 gansu 甘肅 | 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏 甘南
青海 qinghai | 西宁 海东 海北 黄南 海南州 海南藏族自治州 果洛 玉树 海西
宁夏 ningxia 寧夏 | 银川 石嘴山 吴忠 固原 中卫
新疆 xinjiang | 乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 和田 伊犁 塔城 阿勒泰
新疆 | 石河子 阿拉尔 图木舒克 五家渠 北屯 铁门关 双河 可克达拉 昆玉 胡杨河
香港 hongkong hk xianggang | 九龙 新界
澳门 macau macao aomen 澳門 |
台湾 taiwan 台灣 臺灣 | 台北 臺北 新北 桃园 桃園 台中 臺中 台南 臺南 高雄 基隆 新竹 嘉义 嘉義
海外 overseas abroad 国外 國外 境外 |
"""
#: Countries as profiles name them, in Chinese and in English; English ones without spaces.
_COUNTRIES = """
美国 英国 法国 德国 日本 韩国 朝鲜 加拿大 澳大利亚 澳洲 新西兰 新加坡 马来西亚 泰国 越南 印度 印度尼西亚 印尼 菲律宾
缅甸 柬埔寨 老挝 蒙古 文莱 俄罗斯 乌克兰 白俄罗斯 哈萨克斯坦 乌兹别克斯坦 吉尔吉斯斯坦 塔吉克斯坦 土库曼斯坦
巴基斯坦 孟加拉国 斯里兰卡 尼泊尔 不丹 马尔代夫 阿富汗 意大利 西班牙 葡萄牙 荷兰 比利时 卢森堡 瑞士 奥地利 瑞典 挪威
丹麦 芬兰 冰岛 爱尔兰 波兰 捷克 匈牙利 希腊 罗马尼亚 保加利亚 塞尔维亚 克罗地亚 斯洛伐克 斯洛文尼亚 立陶宛 拉脱维亚
爱沙尼亚 马耳他 塞浦路斯 摩纳哥 土耳其 以色列 沙特阿拉伯 沙特 阿联酋 卡塔尔 科威特 巴林 阿曼 约旦 黎巴嫩 伊朗 伊拉克
叙利亚 也门 埃及 摩洛哥 突尼斯 阿尔及利亚 利比亚 苏丹 埃塞俄比亚 肯尼亚 坦桑尼亚 乌干达 尼日利亚 加纳 南非 安哥拉
赞比亚 津巴布韦 莫桑比克 毛里求斯 马达加斯加 喀麦隆 塞内加尔 墨西哥 巴西 阿根廷 智利 秘鲁 哥伦比亚 委内瑞拉 厄瓜多尔
玻利维亚 乌拉圭 巴拉圭 古巴 巴拿马 哥斯达黎加 危地马拉 多米尼加 牙买加 斐济
unitedstates unitedstatesofamerica usa us america unitedkingdom uk greatbritain england scotland wales france
germany japan korea southkorea northkorea canada australia newzealand singapore malaysia thailand vietnam india
indonesia philippines thephilippines myanmar cambodia laos mongolia brunei russia ukraine belarus kazakhstan
uzbekistan kyrgyzstan pakistan bangladesh srilanka nepal maldives afghanistan italy spain portugal netherlands
thenetherlands belgium luxembourg switzerland austria sweden norway denmark finland iceland ireland poland czechia
czechrepublic hungary greece romania bulgaria serbia croatia slovakia slovenia lithuania latvia estonia malta cyprus
monaco turkey turkiye israel saudiarabia unitedarabemirates uae qatar kuwait bahrain oman jordan lebanon iran iraq
syria yemen egypt morocco tunisia algeria libya sudan ethiopia kenya tanzania uganda nigeria ghana southafrica
angola zambia zimbabwe mozambique mauritius madagascar cameroon senegal mexico brazil argentina chile peru colombia
venezuela ecuador bolivia uruguay paraguay cuba panama costarica guatemala jamaica fiji
"""
#: Words in the place of a region that say nothing, as `_plain` leaves them.
_NOTHING = frozenset({"", "其他", "其它", "未知", "保密", "不详", "other", "unknown"})
#: In front of a region, or alone: China is no region of China.
_CHINA = re.compile(r"^(中华人民共和国|中国大陆|中国|中國)")
_SPLIT = re.compile(r"[\s,/|·•、;:()\-–—_]+")
_LATIN_KIND = re.compile(
    r"(zhuang|hui|uygur|uyghur|weiwuer)?(autonomousregion|province|municipality|sheng|zizhiqu|sar|china|prc)$"
)
#: What is behind the name of a city or prefecture that is meant as one: its kind, or a county in it.
_KIND = re.compile(r"市|地区|州|盟|新区|林区|[\u4e00-\u9fff]{1,12}自治州|[\u4e00-\u9fff]{2,}[区县旗镇]$")


def _read() -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """Names of provinces and countries, names of cities, and the cities that need their kind; each -> the region."""
    provinces, cities, doubtful = dict[str, str](), dict[str, str](), set[str]()
    for line in _TABLE.strip().splitlines():
        names, _, below = line.partition("|")
        region, *others = names.split()
        provinces |= dict.fromkeys([region, *others], region)
        cities |= dict.fromkeys((name.rstrip("*") for name in below.split()), region)
        doubtful |= {name.rstrip("*") for name in below.split() if name.endswith("*")}
    return provinces | dict.fromkeys(_COUNTRIES.split(), OVERSEAS), cities, frozenset(doubtful)


_PROVINCES, _CITIES, _DOUBTFUL = _read()
_LONGEST = max(map(len, [*_PROVINCES, *_CITIES]))


@lru_cache(maxsize=65_536)
def region_of(text: str) -> str | None:
    """The region that a text names: a province, 香港, 澳门, 台湾 or 海外, in the short Chinese form.

    Parameters
    ----------
    text : str
        In Chinese (simplified, or a province in traditional characters) with or without 省, 市, 自治区 and so on: a
        province, a city of prefecture level with or without its province in front; the English or pinyin name of a
        province; a country.

    Returns
    -------
    str or None
        None where it names no region that is known, or several.

    Notes
    -----
    O(length of the text). The table is general knowledge: 34 regions of China, 333 cities and prefectures.

    Examples
    --------
    >>> [region_of(text) for text in ("广东省", "深圳", "广东 深圳", "Guangdong, China", "海外 美国")]
    ['广东', '广东', '广东', '广东', '海外']
    >>> region_of("Paris"), region_of("北京/上海")
    (None, None)
    """
    plain = _plain(text)
    whole = _latin(plain)
    if whole in _PROVINCES:
        return _PROVINCES[whole]
    found = [region for part in _SPLIT.split(plain) if (region := _part(part)) is not None]
    if not found and "," in plain:  # English names of several words
        found = [_PROVINCES[word] for part in plain.split(",") if (word := _latin(part)) in _PROVINCES]
    if found and found[0] == OVERSEAS:  # what follows is abroad, whatever it is called
        return OVERSEAS
    return found[0] if len(set(found)) == 1 else None


def compared(text: str | None) -> str | None:
    """The name under which a declared region is compared: that of `region_of`, else the text; None if it says nothing.

    Examples
    --------
    >>> compared("广西壮族自治区"), compared(" Paris "), compared("其他")
    ('广西', 'Paris', None)
    """
    if text is None or _plain(text) in _NOTHING:
        return None
    return region_of(text) or " ".join(unicodedata.normalize("NFKC", text).split())


def regions(declared: Iterable[str | None], seen: Iterable[str | None]) -> list[str | None]:
    """The region of every account as it is compared: what it declares or, where that is unknown, where it was seen.

    Parameters
    ----------
    declared, seen : iterable of str or None, shape (n,)

    Returns
    -------
    list of str or None, shape (n,)

    Examples
    --------
    >>> regions(["广东 深圳", None, "其他", None], ["北京", "上海", "浙江", None])
    ['广东', '上海', '浙江', None]
    """
    known: dict[str | None, str | None] = {None: None}

    def name(text: str | None) -> str | None:
        if text not in known:
            known[text] = compared(text)
        return known[text]

    return [name(own) or name(other) for own, other in zip(declared, seen, strict=True)]


def _plain(text: str) -> str:
    """One form of its letters, without the words that platforms put in front."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return re.sub(r"^(发布于|来自|ip属地:?)\s*", "", plain)


def _latin(text: str) -> str:
    """A name in Latin letters without spaces and without its kind; any other text without what is no letter."""
    word = re.sub(r"[\W_]+", "", text)
    while word.isascii() and (shorter := _LATIN_KIND.sub("", word)) not in ("", word):
        word = shorter
    return word


def _part(text: str) -> str | None:
    """The region that one word names."""
    if text.isascii():
        return _PROVINCES.get(_latin(text))
    text = _CHINA.sub("", text)
    for length in range(min(len(text), _LONGEST), 1, -1):
        name, rest = text[:length], text[length:]
        if name in _CITIES and (_KIND.match(rest) or (not rest and name not in _DOUBTFUL)):
            return _CITIES[name]
        if name in _PROVINCES:
            return _PROVINCES[name]
    return None
