//! A bidder that is wrong on purpose, one way at a time, to show that the recount finds it. It answers every request
//! with a bid an imp, right but for what it was told to get wrong.

use serde_json::{Value, json};

use crate::bodies::{Asked, AskedImp};
use crate::money::PriceMicros;
use crate::recount::Rule;

/// One way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Right in everything: the recount must find nothing.
    Nothing,
    NotJson,
    PriceAsText,
    ResponseId,
    NoBids,
    Currency,
    Impid,
    TwoBidsAnImp,
    BidId,
    PriceOfZero,
    PriceBelowFloor,
    PriceFinerThanMicros,
    Deal,
    MediaType,
    Size,
    Category,
    Domain,
    NoDomain,
    NoPriceMacro,
    MacroOfNobody,
    Campaign,
    Ad,
    PriceAboveBid,
    /// Bids for a campaign of one impression a user, again and again.
    OverCap,
    /// Bids for a campaign whose budget bears not one impression.
    OverDailyBudget,
    OverLifetimeBudget,
}

const RIGHT: &str = "d0000000-0000-4000-8000-000000000001";
const CAPPED: &str = "d0000000-0000-4000-8000-000000000002";
const POOR_OF_A_DAY: &str = "d0000000-0000-4000-8000-000000000003";
const POOR_FOR_LIFE: &str = "d0000000-0000-4000-8000-000000000004";
/// What every campaign of this bidder bids at most: above all floors of seeded bodies.
const MOST_CPM: PriceMicros = PriceMicros(20_000_000);
/// What it bids above the floor.
const ABOVE_FLOOR_MICROS: u64 = 500_000;
const NANOS_PER_MICRO: u64 = 1_000;
/// Of an imp that takes any size.
const ANY_SIZE: (u64, u64) = (300, 250);

impl Wrong {
    pub const ALL: [Self; 26] = [
        Self::Nothing,
        Self::NotJson,
        Self::PriceAsText,
        Self::ResponseId,
        Self::NoBids,
        Self::Currency,
        Self::Impid,
        Self::TwoBidsAnImp,
        Self::BidId,
        Self::PriceOfZero,
        Self::PriceBelowFloor,
        Self::PriceFinerThanMicros,
        Self::Deal,
        Self::MediaType,
        Self::Size,
        Self::Category,
        Self::Domain,
        Self::NoDomain,
        Self::NoPriceMacro,
        Self::MacroOfNobody,
        Self::Campaign,
        Self::Ad,
        Self::PriceAboveBid,
        Self::OverCap,
        Self::OverDailyBudget,
        Self::OverLifetimeBudget,
    ];

    /// The rule that it breaks; None where it breaks none.
    pub fn rule(self) -> Option<Rule> {
        Some(match self {
            Self::Nothing => return None,
            Self::NotJson | Self::PriceAsText => Rule::AnswerReadable,
            Self::ResponseId => Rule::ResponseId,
            Self::NoBids => Rule::HoldsBid,
            Self::Currency => Rule::CurrencyAllowed,
            Self::Impid => Rule::ImpKnown,
            Self::TwoBidsAnImp => Rule::OneBidAnImp,
            Self::BidId => Rule::BidId,
            Self::PriceOfZero | Self::PriceFinerThanMicros => Rule::PricePositive,
            Self::PriceBelowFloor => Rule::PriceAtLeastFloor,
            Self::Deal => Rule::DealOffered,
            Self::MediaType => Rule::MediaTypeOffered,
            Self::Size => Rule::SizeOffered,
            Self::Category => Rule::CategoryNotBlocked,
            Self::Domain => Rule::DomainNotBlocked,
            Self::NoDomain => Rule::CreativeNamed,
            Self::NoPriceMacro | Self::MacroOfNobody => Rule::NoticeUrls,
            Self::Campaign => Rule::CampaignKnown,
            Self::Ad => Rule::AdOfCampaign,
            Self::PriceAboveBid => Rule::PriceWithinBid,
            Self::OverCap => Rule::FrequencyCap,
            Self::OverDailyBudget => Rule::DailyBudget,
            Self::OverLifetimeBudget => Rule::LifetimeBudget,
        })
    }

    fn campaign(self) -> &'static str {
        match self {
            Self::Campaign => "nobody's",
            Self::OverCap => CAPPED,
            Self::OverDailyBudget => POOR_OF_A_DAY,
            Self::OverLifetimeBudget => POOR_FOR_LIFE,
            _ => RIGHT,
        }
    }
}

/// The campaigns that this bidder bids for, as documents of the management API.
pub fn campaigns_json() -> String {
    let rich = json!(1_000_000);
    let poor = json!(0.000_001);
    let document = |id: &str, daily: &Value, lifetime: &Value, caps: Value| {
        json!({
            "id": id,
            "bid": { "model": "cpm", "amount": 20 },
            "dailyBudget": daily,
            "lifetimeBudget": lifetime,
            "budgetMode": "strict",
            "frequencyCaps": caps,
            "ads": [{ "id": ad_of(id) }],
        })
    };
    let campaigns = [
        document(RIGHT, &rich, &Value::Null, json!([])),
        document(CAPPED, &rich, &Value::Null, json!([{ "limit": 1, "window": "lifetime" }])),
        document(POOR_OF_A_DAY, &poor, &Value::Null, json!([])),
        document(POOR_FOR_LIFE, &rich, &poor, json!([])),
    ];
    json!({ "items": campaigns }).to_string()
}

/// The BidResponse to a sound request, wrong in that way. Panics where the body is no bid request.
pub fn answer(wrong: Wrong, body: &[u8]) -> Vec<u8> {
    let asked = Asked::read(body).expect("a bid request");
    if wrong == Wrong::NotJson {
        return b"{\"id\":".to_vec();
    }
    let mut bids: Vec<Value> = asked.imps.iter().map(|imp| bid(wrong, &asked, imp)).collect();
    match wrong {
        Wrong::TwoBidsAnImp => bids.push(Value::Object(with(&bids[0], "id", "second"))),
        Wrong::NoBids => bids.clear(),
        _ => {}
    }
    let answer = json!({
        "id": if wrong == Wrong::ResponseId { "another" } else { &asked.id },
        "seatbid": [{ "seat": "seat", "bid": bids }],
        "cur": if wrong == Wrong::Currency { "XAU" } else { &asked.currencies[0] },
    });
    answer.to_string().into_bytes()
}

fn bid(wrong: Wrong, asked: &Asked, imp: &AskedImp) -> Value {
    let (w, h) = imp.sizes.first().copied().unwrap_or(ANY_SIZE);
    let campaign = wrong.campaign();
    let price_macro = if wrong == Wrong::NoPriceMacro { "1" } else { "${AUCTION_PRICE}" };
    let loss_macro =
        if wrong == Wrong::MacroOfNobody { "${AUCTION_LOSS}${AUCTION_WOE}" } else { "${AUCTION_LOSS}" };
    let mut bid = json!({
        "id": format!("bid-{}", imp.id),
        "impid": imp.id,
        "price": price(wrong, imp),
        "adm": "<a href=\"http://bidder.example/click?t=1\"><img src=\"http://bidder.example/impression?t=1\"></a>",
        "adomain": ["right.example"],
        "cat": ["IAB24-1"],
        "cattax": 1,
        "cid": campaign,
        "crid": ad_of(campaign),
        "adid": ad_of(campaign),
        "w": w,
        "h": h,
        "mtype": imp.media_types.first().copied().unwrap_or(1),
        "exp": 300,
        "nurl": format!("http://bidder.example/win?t=1&price={price_macro}"),
        "burl": format!("http://bidder.example/billing?t=1&price={price_macro}"),
        "lurl": format!("http://bidder.example/loss?t=1&reason={loss_macro}"),
    });
    match wrong {
        Wrong::Impid => bid["impid"] = "none's".into(),
        Wrong::BidId => bid["id"] = "".into(),
        Wrong::Deal => bid["dealid"] = "none's".into(),
        Wrong::MediaType => bid["mtype"] = 9.into(),
        Wrong::Size => bid["w"] = (w + 1).into(),
        Wrong::Category => bid["cat"] = json!([below(&asked.blocked_categories)]),
        Wrong::Domain => {
            bid["adomain"] =
                json!([format!("www.{}", asked.blocked_domains.first().map_or("", |domain| domain))])
        }
        Wrong::NoDomain => bid["adomain"] = json!([]),
        Wrong::Ad => bid["crid"] = "none's".into(),
        _ => {}
    }
    bid
}

fn price(wrong: Wrong, imp: &AskedImp) -> Value {
    let floor_micros = imp.floor.nanos.div_ceil(NANOS_PER_MICRO);
    let number = |micros: u64| -> Value {
        serde_json::from_str(&crate::money::decimal_of(PriceMicros(micros))).expect("a decimal is JSON")
    };
    match wrong {
        Wrong::PriceOfZero => json!(0),
        Wrong::PriceAsText => json!("1.5"),
        Wrong::PriceBelowFloor => number(floor_micros.saturating_sub(1).max(1)),
        Wrong::PriceFinerThanMicros => json!(3.000_000_5),
        Wrong::PriceAboveBid => number(MOST_CPM.0 + 1),
        _ => number((floor_micros + ABOVE_FLOOR_MICROS).min(MOST_CPM.0)),
    }
}

/// A child of the first blocked category.
fn below(blocked: &[String]) -> String {
    blocked.first().map_or_else(String::new, |category| format!("{}-1", category.to_uppercase()))
}

fn ad_of(campaign: &str) -> String {
    format!("ad of {campaign}")
}

fn with(bid: &Value, field: &str, value: &str) -> serde_json::Map<String, Value> {
    let mut bid = bid.as_object().cloned().unwrap_or_default();
    bid.insert(field.to_owned(), value.into());
    bid
}
