"""Generic English document text with slots, written for this project."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache

from seal2real.pages.words import corpus_slots, grouped
from seal2real.rng import Rng

__all__ = [
    "AGREEMENTS",
    "CLAUSES_EN",
    "GOODS_EN",
    "LETTERS_EN",
    "NOTICES_EN",
    "date_en",
    "slots_en",
]

AGREEMENTS = (
    "SALES CONTRACT",
    "SERVICE AGREEMENT",
    "PURCHASE AGREEMENT",
    "CONFIDENTIALITY AGREEMENT",
    "EQUIPMENT LEASE AGREEMENT",
    "DISTRIBUTION AGREEMENT",
    "CONSULTING AGREEMENT",
    "SUPPLY CONTRACT",
    "MAINTENANCE AGREEMENT",
)

CLAUSES_EN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Scope of Supply",
        (
            "The Seller shall supply and the Buyer shall accept {goods} in the quantities and to "
            "the specifications listed in Schedule {digit}, which forms part of this agreement.",
            "Any change of quantity shall be notified in writing at least {days} days before the "
            "agreed date of shipment.",
        ),
    ),
    (
        "Price and Payment",
        (
            "The total price under this agreement is USD {money}, inclusive of packing, and shall "
            "not be adjusted unless both parties agree in writing.",
            "The Buyer shall pay {percent}% of the total price within {days} days after signature "
            "and the balance within {days} days after acceptance.",
            "Overdue amounts bear interest at {digit}% per annum from the due date until payment.",
        ),
    ),
    (
        "Delivery",
        (
            "The goods shall be delivered no later than {date} to the following address: {address}.",
            "Risk of loss passes to the Buyer upon delivery and signature of the delivery note.",
        ),
    ),
    (
        "Inspection and Acceptance",
        (
            "The Buyer shall inspect the goods within {days} days after arrival and shall notify "
            "the Seller of any visible defect without undue delay.",
            "Goods which do not conform to the specification shall be replaced free of charge.",
        ),
    ),
    (
        "Warranty",
        (
            "The Seller warrants that the goods are new, free from defects in material and "
            "workmanship, and fit for their ordinary purpose for {months} months.",
        ),
    ),
    (
        "Confidentiality",
        (
            "Each party shall keep confidential all information received from the other party and "
            "shall use it only for the performance of this agreement.",
            "The obligation of confidentiality survives termination for a period of {digit} years.",
        ),
    ),
    (
        "Intellectual Property",
        (
            "All drawings, documents and software provided under this agreement remain the "
            "property of the disclosing party.",
        ),
    ),
    (
        "Liability",
        (
            "Neither party is liable for indirect or consequential damages, and the aggregate "
            "liability of either party is limited to {percent}% of the total price.",
        ),
    ),
    (
        "Force Majeure",
        (
            "A party prevented from performing by an event beyond its reasonable control shall "
            "notify the other party within {days} days and is excused while the event lasts.",
        ),
    ),
    (
        "Term and Termination",
        (
            "This agreement enters into force on {date} and continues for {months} months unless "
            "terminated earlier in accordance with this clause.",
            "Either party may terminate this agreement by {days} days' written notice if the other "
            "party commits a material breach and fails to remedy it.",
        ),
    ),
    (
        "Notices",
        (
            "Notices under this agreement shall be in writing and delivered by hand, courier or "
            "registered mail to the addresses stated above.",
        ),
    ),
    (
        "Settlement of Disputes",
        (
            "Any dispute arising from this agreement shall first be settled by negotiation, "
            "failing which it shall be submitted to arbitration at the seat of the defendant.",
        ),
    ),
    (
        "Miscellaneous",
        (
            "This agreement is made in {digit} originals, each party holding an equal number, and "
            "may be amended only by a written document signed by both parties.",
            "If any provision is held invalid, the remaining provisions remain in full effect.",
        ),
    ),
)

# title, header fields, paragraphs
NOTICES_EN: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "MEMORANDUM",
        ("To: All department heads", "From: {dept}", "Date: {date}", "Subject: Annual inventory"),
        (
            "Please be informed that the annual inventory of fixed assets and stock will take "
            "place from {date} to {date}. All departments are asked to prepare their asset lists.",
            "Movements of stock should be kept to a minimum during the count. Urgent deliveries "
            "must be approved by the {dept} in advance.",
            "Questions may be addressed to {person}, telephone {phone}.",
        ),
    ),
    (
        "NOTICE OF MEETING",
        (),
        (
            "Notice is hereby given that the annual general meeting of the members will be held "
            "on {date} at 10:00 a.m. at {address}.",
            "The agenda includes the approval of the annual report, the approval of the budget "
            "and the election of {digit} members of the supervisory committee.",
            "Members unable to attend may appoint a proxy in writing no later than {date}.",
        ),
    ),
    (
        "NOTICE OF CHANGE OF ADDRESS",
        (),
        (
            "With effect from {date}, our office will move to {address}. Telephone and account "
            "details remain unchanged.",
            "Please update your records accordingly. Deliveries scheduled after that date should "
            "be sent to the new address.",
            "We apologise for any inconvenience and thank you for your continued support.",
        ),
    ),
    (
        "CERTIFICATE OF ORIGIN",
        ("Exporter: {company}", "Consignee: {company}", "Shipment date: {date}"),
        (
            "We hereby certify that the {goods} described in the enclosed packing list have been "
            "manufactured at our works and conform to the order dated {date}.",
            "This certificate is issued at the request of the consignee.",
        ),
    ),
)

# subject, salutation, paragraphs, closing
LETTERS_EN: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "Re: Confirmation of employment",
        "To whom it may concern,",
        (
            "This is to certify that {person} has been employed by our company as {post} since "
            "{date}. The present monthly salary amounts to USD {money}.",
            "This letter is issued upon request for administrative purposes and does not "
            "constitute any form of guarantee.",
            "Should you require further information, please contact us at {phone}.",
        ),
        "Yours faithfully,",
    ),
    (
        "Subject: Quotation for {goods}",
        "Dear Sir or Madam,",
        (
            "Thank you for your enquiry of {date}. We are pleased to offer {goods} at a total "
            "price of USD {money}, packing included.",
            "Delivery can be effected within {days} days after receipt of your order. This offer "
            "remains valid until {date}.",
            "We look forward to your reply and to a successful cooperation.",
        ),
        "Yours sincerely,",
    ),
    (
        "Payment reminder",
        "Dear Sirs,",
        (
            "According to our records, an amount of USD {money} has been outstanding since {date}. "
            "We kindly ask you to settle it within {days} days.",
            "If payment has already been made, please disregard this letter and send us a copy of "
            "the remittance advice for reconciliation.",
        ),
        "Sincerely yours,",
    ),
    (
        "",
        "To the {dept},",
        (
            "We hereby authorise {person}, {post} of our company, to represent us in all matters "
            "relating to the supply of {goods}, including negotiation and signature of documents.",
            "This authorisation is valid from {date} to {date} and may not be transferred.",
        ),
        "Yours truly,",
    ),
)

GOODS_EN: tuple[tuple[str, str, str], ...] = (  # name, model, unit
    ("stainless steel flanges", "DN50", "pcs"),
    ("control cable", "4 x 1.5", "m"),
    ("hydraulic pumps", "HP-32", "sets"),
    ("copy paper", "A4 70 g", "boxes"),
    ("ball valves", "DN25", "pcs"),
    ("electric motors", "1.5 kW", "pcs"),
    ("protective gloves", "size L", "pairs"),
    ("network switches", "24-port", "pcs"),
    ("cotton fabric", "150 cm", "m"),
    ("ceramic tiles", "600 x 600", "m2"),
    ("packing cartons", "5-ply", "pcs"),
    ("installation service", "-", "lot"),
    ("bearings", "6205", "pcs"),
    ("LED luminaires", "36 W", "pcs"),
)
_FIRST = ("Alden", "Corin", "Elsa", "Marit", "Tobin", "Nadia", "Orla", "Jonas", "Petra", "Silas")
_LAST = ("Hallworth", "Vensley", "Brandeth", "Okerby", "Tarnwick", "Lindmere", "Castrow", "Penhale")
_TOWNS = ("Westmarle", "Port Aldine", "Norbury Vale", "Kelstrand", "Ashmoor", "Lynhaven")
_ROADS = ("Harbour Road", "Mill Lane", "Station Street", "Foundry Way", "Orchard Avenue")
_BRANDS = ("Marlow", "Kestrin", "Aldvale", "Norrick", "Tessaly", "Brightwen", "Orvane", "Calder")
_TRADES = ("Trading", "Engineering", "Logistics", "Textiles", "Instruments", "Foods", "Systems")
_FORMS = ("Ltd.", "Co., Ltd.", "Inc.", "LLC", "Limited")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_POSTS = ("Sales Manager", "Chief Accountant", "Project Engineer", "Director", "Office Manager")
_DEPTS = ("Finance Department", "Purchasing Department", "Human Resources", "Administration")


def date_en(day: date) -> str:
    """Return a date as English documents write it."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _company(rng: Rng) -> str:
    if rng.bernoulli(0.35):
        return corpus_slots()["company_en"](rng)
    return f"{rng.choice(_BRANDS)} {rng.choice(_LAST)} {rng.choice(_TRADES)} {rng.choice(_FORMS)}"


@lru_cache(maxsize=1)
def slots_en() -> dict[str, Callable[[Rng], str]]:
    """Return the slots of English templates."""
    return {
        "phone": corpus_slots()["phone"],
        "account": corpus_slots()["account"],
        "tax": corpus_slots()["tax"],
        "company": _company,
        "bank": lambda rng: f"{rng.choice(_BRANDS)} {rng.choice(_TOWNS)} Bank",
        "person": lambda rng: f"{rng.choice(_FIRST)} {rng.choice(_LAST)}",
        "address": lambda rng: f"{rng.integer(1, 400)} {rng.choice(_ROADS)}, {rng.choice(_TOWNS)}",
        "goods": lambda rng: rng.choice(GOODS_EN)[0],
        "post": lambda rng: rng.choice(_POSTS),
        "dept": lambda rng: rng.choice(_DEPTS),
        "money": lambda rng: grouped(100 * rng.integer(800, 400_000)),
        "percent": lambda rng: str(rng.choice((5, 10, 15, 20, 30, 50))),
        "digit": lambda rng: str(rng.integer(2, 9)),
        "days": lambda rng: str(rng.choice((3, 5, 7, 10, 14, 21, 30, 45, 60))),
        "months": lambda rng: str(rng.choice((6, 12, 18, 24, 36))),
    }
