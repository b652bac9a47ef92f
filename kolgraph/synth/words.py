"""The words sample worlds are written with: verticals and their topics, provinces, brands, invented screen names.

Every account, brand and sentence is invented. Some names are hostile on purpose: a face that forgets to escape a name,
or a loader that guesses at types, meets them in the first sample it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Ix = NDArray[np.int64]
Text = NDArray[np.object_]


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


#: Verticals planners buy by, each with the topic words its posts carry.
NICHES: Mapping[str, tuple[str, ...]] = {
    "美妆": ("美妆", "口红试色", "底妆教程", "护肤日记", "成分党"),
    "母婴": ("母婴", "辅食记录", "亲子日常", "待产清单", "育儿经验"),
    "数码": ("数码", "新机上手", "相机测评", "耳机推荐", "桌面改造"),
    "美食": ("美食", "家常菜谱", "探店笔记", "烘焙入门", "夜宵江湖"),
    "健身": ("健身", "减脂打卡", "增肌食谱", "居家训练", "跑步日记"),
    "旅行": ("旅行", "自驾路线", "小众目的地", "民宿体验", "徒步笔记"),
    "游戏": ("游戏", "新游试玩", "电竞赛事", "独立游戏", "主机玩家"),
    "财经": ("财经", "基金定投", "理财入门", "行业研究", "记账打卡"),
    "汽车": ("汽车", "新车试驾", "用车成本", "改装日记", "新能源车"),
    "家居": ("家居", "装修避坑", "收纳技巧", "软装搭配", "租房改造"),
    "萌宠": ("萌宠", "猫咪日常", "狗狗训练", "宠物食谱", "领养代替购买"),
    "教育": ("教育", "考研经验", "英语打卡", "读书笔记", "职场技能"),
}
TIERS = ("头部", "腰部", "尾部", "KOC")
REGIONS = _words(
    "广东 浙江 江苏 上海 北京 四川 山东 湖北 福建 湖南 河南 河北 安徽 重庆 陕西 辽宁 江西 广西 云南 山西 黑龙江 贵州 "
    "天津 吉林 新疆 内蒙古 海南 甘肃 宁夏 青海 西藏 香港 台湾 澳门"
)
BRANDS = _words("星澜 云朵岛 柚见 山止川 青禾里 鲸落 半夏集 松间照 橙果社 白露坊 野渡 拾光匣")
HOSTILE_NAMES = (
    "=1+1",
    "<script>alert(1)</script>",
    "小鹿🦌📱测评",
    '他说"好",我就买',
    "NA",
    "-2+3",
    "007",
    "Robert'); DROP TABLE accounts;--",
)
_FIRST = _words(
    "晚风 南山 北巷 云间 初夏 青柠 半糖 橘子 月半 星河 松果 小满 阿木 长安 清欢 拾光 海盐 薄荷 麦芽 落日 "
    "浅草 深蓝 暖阳 微醺 江南 塞北 白昼 夜航 花期 听雨 望舒 扶桑 芒种 惊蛰 立冬 谷雨 鹿鸣 鹤归 鲸歌 雀跃"
)
_NOUN = _words(
    "同学 姑娘 先生 小姐 少年 学姐 学长 掌柜 船长 旅人 画家 诗人 厨子 裁缝 木匠 园丁 船夫 书生 侠客 路人 "
    "猫咪 小狗 兔子 狐狸 熊猫 企鹅 鲸鱼 麻雀 松鼠 刺猬 豆包 团子 汤圆 饺子 年糕 布丁 奶茶 可乐 柠檬 西瓜"
)
_SIGN = (
    "安宁晴朗辰星阳光明亮悦欢乐喜顺康健勇毅诚信仁义礼智清雅静美秀丽文武斌博瀚海川岳峰林森木松竹梅兰菊荷莲桃李杏梨枫桐柏"
)
_OPENERS = (
    "今天聊聊",
    "认真测了一周：",
    "姐妹们，",
    "真实体验，不吹不黑。",
    "评论区抽三位。\n",
    "一图看懂",
    "踩坑总结：",
    "更新啦，",
)
_BODIES = (
    "细节都在图里",
    "优缺点都说清楚",
    "新手也能跟着做",
    "预算有限先看这篇",
    "建议收藏",
    "问得最多的都答了",
    "欢迎补充",
    "下期继续",
)
_REPOSTS = (
    "转发微博",
    "转发微博",
    "转发微博",
    "转发",
    "学到了",
    "马住",
    "这个真的好用",
    "蹲一个",
    "已下单",
    "哈哈哈哈",
    "有道理",
    "帮转",
)
_WATER = ("支持", "转发微博", "好东西要分享", "转起来")


def _pool(words: tuple[str, ...] | str) -> Text:
    return np.array(list(words), dtype=object)


def screen_names(rng: np.random.Generator, n: int, kols: Ix, kol_niche: Ix) -> Text:
    """Unique invented names, shape (n,); a KOL's begins with its vertical, and some KOLs get a hostile one.

    Names are pieces of fixed length read off distinct random numbers, so they are unique without a search.
    """
    signs = len(_SIGN)
    code = rng.choice(len(_FIRST) * len(_NOUN) * signs**2, n, replace=False)
    names: Text = _pool(_FIRST)[code // (len(_NOUN) * signs**2)] + _ending(code)
    own = rng.choice(len(_NOUN) * signs**2, kols.size, replace=False)
    names[kols] = _pool(tuple(NICHES))[kol_niche] + _ending(own)
    unlucky = rng.choice(kols, min(len(HOSTILE_NAMES), kols.size // 4), replace=False)
    names[unlucky] = HOSTILE_NAMES[: unlucky.size]
    return names


def _ending(code: Ix) -> Text:
    """A noun and two signs, one to one with ``code`` modulo their number."""
    sign = _pool(_SIGN)
    return np.asarray(
        _pool(_NOUN)[(code // len(_SIGN) ** 2) % len(_NOUN)]
        + sign[(code // len(_SIGN)) % len(_SIGN)]
        + sign[code % len(_SIGN)]
    )


def post_texts(rng: np.random.Generator, topic: Text, mentions: Text) -> Text:
    """Original posts: a hashtag, a sentence, and ``@name`` marks; shape (posts,)."""
    n = topic.size
    return np.asarray("#" + topic + "#" + rng.choice(_pool(_OPENERS), n) + rng.choice(_pool(_BODIES), n) + mentions)


def topics_of(rng: np.random.Generator, niche: Ix) -> Text:
    """One topic word of the author's vertical per post; the vertical's own name is the commonest."""
    table = np.array([list(words) for words in NICHES.values()], dtype=object)
    return np.asarray(
        table[niche, rng.choice(table.shape[1], niche.size, p=(0.4, 0.15, 0.15, 0.15, 0.15))], dtype=object
    )


def repost_words(rng: np.random.Generator, fake: NDArray[np.bool_]) -> Text:
    """What each reposter writes itself: the platform's default most often, stock praise from the water army."""
    return np.asarray(np.where(fake, rng.choice(_pool(_WATER), fake.size), rng.choice(_pool(_REPOSTS), fake.size)))
