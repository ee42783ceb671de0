//! The campaigns' file: documents of the management API (`GET /campaigns`), as a list or as `{"items":[…]}`. What they
//! allow is what the sums are held against.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::window::Window;
use crate::money::{CostNanos, MICRO_DECIMALS, NANO_DECIMALS, PriceMicros, scale};

#[derive(Debug, Default)]
pub struct Campaigns {
    list: Vec<Campaign>,
    by_id: HashMap<String, CampaignNumber>,
}

/// A campaign's place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CampaignNumber(pub(crate) u32);

#[derive(Debug)]
pub(crate) struct Campaign {
    pub(crate) id: String,
    /// What one impression may cost at most; None where clicks or conversions are paid.
    pub(crate) most_cpm: Option<PriceMicros>,
    pub(crate) daily_budget: CostNanos,
    pub(crate) lifetime_budget: Option<CostNanos>,
    /// What is reserved counts against the budgets too.
    pub(crate) is_strict: bool,
    pub(crate) zone: TimeZone,
    pub(crate) caps: Vec<Cap>,
    pub(crate) ads: Vec<Ad>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Cap {
    pub(crate) limit: u32,
    pub(crate) window: Window,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ad {
    /// None in a document that was never stored.
    pub(crate) id: Option<String>,
    #[serde(rename = "width")]
    pub(crate) w: Option<u64>,
    #[serde(rename = "height")]
    pub(crate) h: Option<u64>,
}

impl Campaigns {
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let invalid =
            |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()));
        let text = fs::read_to_string(path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Self::from_json(&text).map_err(invalid)
    }

    /// What is wrong, in one sentence, where the text holds no campaigns.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let wires: Vec<CampaignWire> = if json.trim_start().starts_with('[') {
            serde_json::from_str(json).map_err(|error| error.to_string())?
        } else {
            serde_json::from_str::<Page>(json).map_err(|error| error.to_string())?.items
        };
        let list: Vec<Campaign> = wires.into_iter().map(read_campaign).collect::<Result<_, _>>()?;
        let numbered = (0..).map(CampaignNumber).zip(&list);
        let by_id = numbered.map(|(number, campaign)| (campaign.id.clone(), number)).collect();
        Ok(Self { list, by_id })
    }

    pub(crate) fn find(&self, id: &str) -> Option<(CampaignNumber, &Campaign)> {
        let number = *self.by_id.get(id)?;
        Some((number, self.at(number)))
    }

    pub(crate) fn at(&self, number: CampaignNumber) -> &Campaign {
        &self.list[number.0 as usize]
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<CampaignWire<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CampaignWire<'a> {
    id: String,
    #[serde(borrow)]
    bid: BidWire<'a>,
    #[serde(borrow)]
    daily_budget: &'a RawValue,
    #[serde(borrow)]
    lifetime_budget: Option<&'a RawValue>,
    budget_mode: Option<BudgetMode>,
    schedule: Option<ScheduleWire>,
    #[serde(default)]
    frequency_caps: Vec<Cap>,
    #[serde(default)]
    ads: Vec<Ad>,
}

#[derive(Deserialize)]
struct BidWire<'a> {
    model: Model,
    #[serde(borrow)]
    amount: &'a RawValue,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Model {
    Cpm,
    Cpc,
    Cpa,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BudgetMode {
    Strict,
    Expected,
}

#[derive(Deserialize)]
struct ScheduleWire {
    timezone: Option<String>,
}

fn read_campaign(wire: CampaignWire) -> Result<Campaign, String> {
    let CampaignWire { id, bid, daily_budget, lifetime_budget, budget_mode, schedule, frequency_caps, ads } =
        wire;
    let money = |name: &str, raw: &RawValue, decimals| {
        let scaled = scale(raw.get(), decimals).filter(|scaled| scaled.exact);
        let units = scaled.and_then(|scaled| u64::try_from(scaled.units).ok());
        units.ok_or_else(|| format!("campaign {id}: {name} must be USD with at most {decimals} decimals"))
    };
    let zone = schedule.and_then(|schedule| schedule.timezone).unwrap_or_else(|| "UTC".to_owned());
    let amount = money("bid.amount", bid.amount, MICRO_DECIMALS)?;
    Ok(Campaign {
        most_cpm: (bid.model == Model::Cpm).then_some(PriceMicros(amount)),
        daily_budget: CostNanos(money("dailyBudget", daily_budget, NANO_DECIMALS)?),
        lifetime_budget: lifetime_budget
            .map(|raw| money("lifetimeBudget", raw, NANO_DECIMALS))
            .transpose()?
            .map(CostNanos),
        is_strict: budget_mode != Some(BudgetMode::Expected),
        zone: TimeZone::get(&zone).map_err(|_| format!("campaign {id}: {zone} is no time zone"))?,
        caps: frequency_caps,
        ads,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"id":"c1","name":"Spring","bid":{"model":"cpm","amount":2.50},"dailyBudget":500,
        "lifetimeBudget":10000.000000001,"budgetMode":"strict","schedule":{"timezone":"America/New_York"},
        "frequencyCaps":[{"limit":3,"window":"day"}],"ads":[{"id":"a1","width":300,"height":250}]}"#;

    #[test]
    fn a_document_of_the_management_api_is_read_to_the_nano() {
        for json in [format!("[{DOCUMENT}]"), format!(r#"{{"items":[{DOCUMENT}],"nextCursor":null}}"#)] {
            let campaigns = Campaigns::from_json(&json).expect("campaigns");
            let (number, campaign) = campaigns.find("c1").expect("the campaign");
            assert_eq!((number, campaigns.list.len()), (CampaignNumber(0), 1));
            assert_eq!(campaign.most_cpm, Some(PriceMicros(2_500_000)));
            assert_eq!(campaign.daily_budget, CostNanos(500_000_000_000));
            assert_eq!(campaign.lifetime_budget, Some(CostNanos(10_000_000_000_001)));
            assert_eq!(campaign.caps, [Cap { limit: 3, window: Window::Day }]);
            assert!(campaign.is_strict);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let zone = DOCUMENT.replace("America/New_York", "Mars/Olympus");
        let money = DOCUMENT.replace("500,", "-1,");
        let window = DOCUMENT.replace("\"day\"", "\"month\"");
        for (document, named) in [(zone, "Mars/Olympus"), (money, "dailyBudget"), (window, "month")] {
            let error = Campaigns::from_json(&format!("[{document}]")).expect_err("refused");
            assert!(error.contains(named), "{error}");
        }
    }
}
