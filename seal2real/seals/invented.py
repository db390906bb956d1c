"""Syllables and words that the fictional corpus composes its names from.

A place or brand is two syllables, each with its pinyin for the English name. Nothing here is a name
by itself; whatever the composition yields is checked against ``real_names``.
"""

from __future__ import annotations

__all__ = [
    "BRAND_FIRST",
    "BRAND_LAST",
    "BUREAUS",
    "COMPANY_FORMS",
    "DEPARTMENTS",
    "GIVEN",
    "INDUSTRIES",
    "INSTITUTIONS",
    "PINYIN",
    "PLACE_FIRST",
    "PLACE_LAST",
    "PLACE_SUFFIXES",
    "SHOPS",
    "SOCIETIES",
    "SURNAMES",
]

_PLACE_FIRST = """
云yun 澄cheng 岚lan 霁ji 瑶yao 锦jin 碧bi 栖qi 澜lan 泠ling 翠cui 朗lang 苍cang 凌ling 芷zhi 枫feng
桐tong 雁yan 鹿lu 鹤he 松song 榆yu 柏bai 棠tang 梧wu 芦lu 荷he 菱ling 晴qing 霜shuang 砚yan 琅lang
浔xun 竹zhu 沅yuan 湄mei 淇qi 涟lian 漪yi 潇xiao 烟yan 莲lian 蓼liao 苇wei 萤ying 虹hong 隐yin 露lu
"""
_PLACE_LAST = """
泽ze 川chuan 屿yu 岭ling 原yuan 浦pu 源yuan 陵ling 渡du 岗gang 洲zhou 湾wan 坪ping 堰yan 塘tang
桥qiao 港gang 峡xia 谷gu 坡po 沙sha 汀ting 野ye 峰feng 田tian 林lin 口kou 圩xu 坞wu 潭tan 澳ao 崖ya
"""
_BRAND_FIRST = """
晨chen 瑞rui 恒heng 鼎ding 盛sheng 嘉jia 诚cheng 泰tai 宏hong 远yuan 凯kai 卓zhuo 睿rui 启qi 越yue 博bo
智zhi 汇hui 融rong 创chuang 佳jia 优you 锐rui 森sen 禾he 谷gu 润run 溢yi 铭ming 冠guan 骏jun 鹏peng
峻jun 昊hao 辰chen 熙xi 曜yao 弘hong 景jing 尚shang 逸yi 沃wo 朴pu 欣xin 怡yi 悦yue 茂mao 聚ju 捷jie
迅xun 科ke 维wei 亿yi 百bai 千qian 万wan 金jin 玉yu 福fu 祥xiang 和he 康kang 健jian 益yi
"""
_BRAND_LAST = """
岚lan 澜lan 澄cheng 轩xuan 庭ting 桓huan 垣yuan 麟lin 骐qi 曦xi 晟sheng 霖lin 沣feng 泓hong 淼miao 渊yuan
珩heng 琪qi 瑾jin 璞pu 瑜yu 珂ke 珑long 琳lin 钧jun 铎duo 锦jin 鑫xin 铠kai 阔kuo 驰chi 翔xiang 翼yi
帆fan 舟zhou 航hang 程cheng 拓tuo 域yu 维wei 析xi 联lian 通tong 讯xun 码ma 芯xin 云yun 川chuan 峰feng
岳yue 林lin 森sen 禾he 穗sui 丰feng 裕yu 昌chang 荣rong 隆long 旺wang 源yuan 本ben 元yuan 正zheng
"""


def _syllables(table: str) -> dict[str, str]:
    """Return {character: pinyin} in the table's order."""
    return {item[0]: item[1:] for item in table.split()}


PLACE_FIRST = tuple(_syllables(_PLACE_FIRST))
PLACE_LAST = tuple(_syllables(_PLACE_LAST))
BRAND_FIRST = tuple(_syllables(_BRAND_FIRST))
BRAND_LAST = tuple(_syllables(_BRAND_LAST))
PINYIN = _syllables(_PLACE_FIRST + _PLACE_LAST + _BRAND_FIRST + _BRAND_LAST)
PLACE_SUFFIXES = ("市", "县", "区")

# (Chinese, English) of what a company does.
INDUSTRIES = (
    ("信息科技", "INFORMATION TECHNOLOGY"),
    ("信息技术", "INFORMATION"),
    ("网络科技", "NETWORK TECHNOLOGY"),
    ("软件", "SOFTWARE"),
    ("智能科技", "INTELLIGENT TECHNOLOGY"),
    ("电子科技", "ELECTRONICS"),
    ("电子商务", "E-COMMERCE"),
    ("数据服务", "DATA SERVICE"),
    ("贸易", "TRADING"),
    ("商贸", "COMMERCE"),
    ("国际贸易", "INTERNATIONAL TRADING"),
    ("进出口", "IMPORT & EXPORT"),
    ("供应链管理", "SUPPLY CHAIN"),
    ("物流", "LOGISTICS"),
    ("运输", "TRANSPORT"),
    ("仓储服务", "STORAGE"),
    ("建筑工程", "CONSTRUCTION"),
    ("建筑装饰", "DECORATION"),
    ("建设工程", "ENGINEERING"),
    ("市政工程", "MUNICIPAL WORKS"),
    ("园林绿化", "LANDSCAPE"),
    ("房地产开发", "REAL ESTATE"),
    ("物业服务", "PROPERTY SERVICE"),
    ("建材", "BUILDING MATERIALS"),
    ("新材料科技", "NEW MATERIALS"),
    ("环保科技", "ENVIRONMENTAL TECHNOLOGY"),
    ("新能源", "NEW ENERGY"),
    ("电力设备", "POWER EQUIPMENT"),
    ("机械设备", "MACHINERY"),
    ("机电设备", "ELECTRO-MECHANICAL"),
    ("自动化设备", "AUTOMATION"),
    ("五金制品", "HARDWARE"),
    ("塑胶制品", "PLASTIC PRODUCTS"),
    ("包装材料", "PACKAGING"),
    ("印刷", "PRINTING"),
    ("纺织", "TEXTILE"),
    ("服饰", "GARMENT"),
    ("家具", "FURNITURE"),
    ("食品", "FOOD"),
    ("餐饮管理", "CATERING"),
    ("农业科技", "AGRICULTURE"),
    ("生物科技", "BIOTECHNOLOGY"),
    ("医疗器械", "MEDICAL DEVICE"),
    ("医药", "PHARMACEUTICAL"),
    ("化工", "CHEMICAL"),
    ("汽车销售服务", "AUTO SALES & SERVICE"),
    ("汽车零部件", "AUTO PARTS"),
    ("文化传媒", "CULTURE & MEDIA"),
    ("广告传媒", "ADVERTISING"),
    ("教育咨询", "EDUCATION CONSULTING"),
    ("企业管理咨询", "MANAGEMENT CONSULTING"),
    ("人力资源", "HUMAN RESOURCES"),
    ("财务咨询", "FINANCIAL CONSULTING"),
    ("融资担保", "GUARANTEE"),
    ("投资管理", "INVESTMENT"),
    ("酒店管理", "HOTEL MANAGEMENT"),
    ("旅行社", "TRAVEL SERVICE"),
    ("检测技术服务", "TESTING SERVICE"),
    ("测绘", "SURVEYING"),
    ("消防工程", "FIRE ENGINEERING"),
)
COMPANY_FORMS = ("有限公司", "有限责任公司", "集团有限公司", "（集团）有限公司")
SHOPS = (
    "商行",
    "经营部",
    "五金店",
    "建材经营部",
    "便利店",
    "超市",
    "餐饮店",
    "饭店",
    "打印店",
    "汽车维修部",
    "广告工作室",
    "设计工作室",
    "水果批发部",
    "日用品商店",
    "家具厂",
    "服装加工厂",
    "种植专业合作社",
    "养殖专业合作社",
    "律师事务所",
    "会计师事务所",
    "诊所",
    "幼儿园",
    "培训学校",
)
BUREAUS = (
    "人民政府",
    "人民政府办公室",
    "教育局",
    "财政局",
    "民政局",
    "水利局",
    "司法局",
    "交通运输局",
    "农业农村局",
    "文化和旅游局",
    "市场监督管理局",
    "自然资源和规划局",
    "住房和城乡建设局",
    "人力资源和社会保障局",
    "卫生健康局",
    "审计局",
    "统计局",
    "应急管理局",
    "档案馆",
    "公共资源交易中心",
    "不动产登记中心",
    "街道办事处",
    "社区居民委员会",
    "村民委员会",
)
INSTITUTIONS = (
    "第一中学",
    "第二中学",
    "第三小学",
    "实验小学",
    "职业技术学院",
    "理工学院",
    "师范学校",
    "人民医院",
    "中医院",
    "妇幼保健院",
    "图书馆",
    "博物馆",
    "科学研究所",
    "农业科学研究院",
    "体育中心",
    "广播电视台",
)
SOCIETIES = (
    "商会",
    "企业家协会",
    "物流行业协会",
    "建筑业协会",
    "书法家协会",
    "摄影家协会",
    "志愿者协会",
    "老年人体育协会",
    "慈善基金会",
    "教育发展基金会",
    "农村经济学会",
    "计算机学会",
    "校友会",
    "工会委员会",
)
DEPARTMENTS = (
    "财务部",
    "人事部",
    "销售部",
    "采购部",
    "工程部",
    "技术部",
    "质检部",
    "行政部",
    "办公室",
    "仓储部",
    "市场部",
    "客户服务部",
    "生产管理部",
    "安全生产部",
    "项目部",
    "资料室",
    "研发中心",
)
SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程"
    "魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎段雷龙史陶贺顾毛郝龚邵"
)
GIVEN = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红云建国文志海晓春立新永健林波斌辉宇浩"
    "鹏飞翔宁佳欣怡婷雪梅琳玲萍丹凤洁慧颖倩莉燕蓉瑶璐晨曦辰泽睿轩博航梓涵雨桐子墨嘉懿昊天铭哲"
)
