"""Words that business documents print, by language."""

from __future__ import annotations

from dataclasses import dataclass

from seal2real.pages.words_en import GOODS_EN
from seal2real.pages.words_zh import GOODS

__all__ = ["EN", "ZH", "Labels"]


@dataclass(frozen=True)
class Labels:
    """Labels of one language; tuples are choices or columns in order."""

    goods: tuple[tuple[str, str, str], ...]
    colon: str
    invoice: tuple[str, ...]
    buyer: str
    seller: str
    party_fields: tuple[tuple[str, str], ...]  # label, slot
    number: str
    date: str
    item_columns: tuple[str, ...]  # no., name, model, unit, quantity, price, amount, remark
    total: str
    in_words: str
    makers: tuple[str, ...]
    stamp_here: tuple[str, ...]
    statement: tuple[str, ...]
    statement_columns: tuple[str, ...]  # date, note, debit, credit, balance
    statement_notes: tuple[str, ...]
    account_fields: tuple[tuple[str, str], ...]
    quotation: tuple[str, ...]
    receipt: tuple[str, ...]
    received_from: str
    being: str
    reasons: tuple[str, ...]
    amount: str
    money_sign: str
    form: tuple[str, ...]
    form_fields: tuple[tuple[str, str], ...]
    opinions: tuple[str, ...]
    opinion_texts: tuple[str, ...]
    sign_line: str
    notes: tuple[str, ...]


ZH = Labels(
    goods=GOODS,
    colon="：",
    invoice=("销售单", "结算单", "费用清单", "服务费账单", "发货清单", "收费票据"),
    buyer="购买方",
    seller="销售方",
    party_fields=(
        ("名称", "{company}"),
        ("纳税人识别号", "{tax}"),
        ("地址、电话", "{address} {phone}"),
        ("开户行及账号", "{bank} {account}"),
    ),
    number="编号",
    date="日期",
    item_columns=("序号", "货物或服务名称", "规格型号", "单位", "数量", "单价", "金额", "备注"),
    total="合计",
    in_words="合计（大写）",
    makers=("收款人", "复核", "开票人"),
    stamp_here=("销售方（章）", "（盖章）", "单位（公章）"),
    statement=("对账单", "账户交易明细", "往来对账单", "银行账户明细清单", "应收账款对账单"),
    statement_columns=("日期", "摘要", "借方金额", "贷方金额", "余额"),
    statement_notes=(
        "货款",
        "工资",
        "转账",
        "手续费",
        "利息",
        "税款",
        "服务费",
        "报销款",
        "租金",
        "水电费",
        "往来款",
        "保证金退回",
        "代发",
        "网上支付",
        "现金存入",
    ),
    account_fields=(
        ("户名", "{company}"),
        ("账号", "{account}"),
        ("开户行", "{bank}"),
        ("币种", "人民币"),
    ),
    quotation=("报价单", "采购清单", "送货单", "设备清单", "验收单", "出库单", "入库单", "明细表"),
    receipt=("收据", "收款收据", "押金收据", "内部结算凭证"),
    received_from="今收到",
    being="交来",
    reasons=(
        "货款",
        "房屋租金",
        "押金",
        "技术服务费",
        "会务费",
        "培训费",
        "维修费",
        "物业管理费",
        "工程进度款",
        "运输费",
        "定金",
        "投标保证金",
        "设计费",
    ),
    amount="金额",
    money_sign="¥",
    form=("审批表", "申请表", "登记表", "备案表", "情况登记表", "验收登记表", "业务申请书"),
    form_fields=(
        ("单位名称", "{company}"),
        ("法定代表人", "{person}"),
        ("联系电话", "{phone}"),
        ("通讯地址", "{address}"),
        ("经办人", "{person}"),
        ("申请事项", "{matter}"),
        ("申请日期", "{date}"),
        ("所属部门", "{dept}"),
        ("职务", "{post}"),
        ("开户银行", "{bank}"),
        ("银行账号", "{account}"),
        ("金额（元）", "{money}"),
    ),
    opinions=("申请单位意见", "主管部门意见", "财务部门意见", "审核意见", "批准意见"),
    opinion_texts=(
        "",
        "同意。",
        "情况属实，同意申报。",
        "经审核，材料齐全，符合规定。",
        "拟同意，请领导审批。",
    ),
    sign_line="（盖章）　　　　年　　月　　日",
    notes=(
        "注：本单一式三联，第一联存根，第二联交客户，第三联记账。",
        "说明：请在收到后三个工作日内核对，逾期未提出异议视为无误。",
        "以上价格均含税，有效期三十天。",
        "备注：手写无效，涂改无效。",
    ),
)

EN = Labels(
    goods=GOODS_EN,
    colon=": ",
    invoice=("INVOICE", "COMMERCIAL INVOICE", "PROFORMA INVOICE", "TAX INVOICE", "DEBIT NOTE"),
    buyer="Bill to",
    seller="Seller",
    party_fields=(
        ("Name", "{company}"),
        ("Tax no.", "{tax}"),
        ("Address", "{address}"),
        ("Bank", "{bank} {account}"),
    ),
    number="No.",
    date="Date",
    item_columns=("No.", "Description", "Model", "Unit", "Qty", "Unit price", "Amount", "Remarks"),
    total="Total",
    in_words="Total (USD)",
    makers=("Prepared by", "Checked by", "Approved by"),
    stamp_here=("Authorized signature and stamp", "Company stamp", "For and on behalf of"),
    statement=("STATEMENT OF ACCOUNT", "ACCOUNT STATEMENT", "MONTHLY STATEMENT"),
    statement_columns=("Date", "Description", "Debit", "Credit", "Balance"),
    statement_notes=(
        "Transfer",
        "Salary",
        "Bank charges",
        "Interest",
        "Rent",
        "Invoice payment",
        "Card purchase",
        "Cash deposit",
        "Direct debit",
        "Refund",
    ),
    account_fields=(
        ("Account holder", "{company}"),
        ("Account no.", "{account}"),
        ("Branch", "{bank}"),
        ("Currency", "USD"),
    ),
    quotation=("QUOTATION", "PACKING LIST", "DELIVERY NOTE", "PURCHASE ORDER", "PRICE LIST"),
    receipt=("RECEIPT", "OFFICIAL RECEIPT", "PAYMENT VOUCHER"),
    received_from="Received from",
    being="Being payment of",
    reasons=("rent", "deposit", "goods", "consulting fee", "training fee", "freight", "repairs"),
    amount="Amount",
    money_sign="USD ",
    form=("APPLICATION FORM", "REGISTRATION FORM", "REQUEST FOR APPROVAL", "INSPECTION REPORT"),
    form_fields=(
        ("Company", "{company}"),
        ("Contact", "{person}"),
        ("Telephone", "{phone}"),
        ("Address", "{address}"),
        ("Department", "{dept}"),
        ("Position", "{post}"),
        ("Date", "{date}"),
        ("Bank", "{bank}"),
        ("Account", "{account}"),
        ("Amount (USD)", "{money}"),
    ),
    opinions=("Applicant", "Department", "Finance", "Approval"),
    opinion_texts=("", "Approved.", "No objection.", "Checked and found in order."),
    sign_line="Signature / stamp:                 Date:              ",
    notes=(
        "Please check this document and report differences within seven days.",
        "Prices are valid for thirty days. Goods remain our property until paid in full.",
        "This document was created by computer.",
    ),
)
