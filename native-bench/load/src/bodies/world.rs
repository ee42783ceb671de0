//! The values of the world that Gavel's seeded campaigns target, in their order, commonest first. A copy of
//! SEEDED_VALUES in src/campaigns/seeded.ts, in the spelling of OpenRTB where that differs.

use rand::{Rng, RngExt};

/// As exchanges send them, ISO 3166-1 alpha-3; campaigns say alpha-2.
pub(crate) const COUNTRIES: [&str; 40] = [
    "USA", "GBR", "DEU", "FRA", "CAN", "AUS", "IND", "BRA", "MEX", "ESP", "ITA", "NLD", "SWE", "POL", "JPN",
    "KOR", "IDN", "PHL", "THA", "VNM", "TUR", "ZAF", "NGA", "EGY", "ARG", "CHL", "COL", "PER", "BEL", "AUT",
    "CHE", "DNK", "NOR", "FIN", "IRL", "PRT", "GRC", "CZE", "ROU", "HUN",
];
/// The country and what `geo.region` says within it.
pub(crate) const REGIONS: [(&str, &str); 16] = [
    ("USA", "CA"),
    ("USA", "NY"),
    ("USA", "TX"),
    ("USA", "FL"),
    ("GBR", "ENG"),
    ("DEU", "BY"),
    ("USA", "IL"),
    ("FRA", "IDF"),
    ("CAN", "ON"),
    ("DEU", "NW"),
    ("USA", "WA"),
    ("AUS", "NSW"),
    ("USA", "GA"),
    ("IND", "MH"),
    ("BRA", "SP"),
    ("CAN", "QC"),
];
pub(crate) const CITIES: [&str; 10] = [
    "new york",
    "los angeles",
    "london",
    "chicago",
    "berlin",
    "paris",
    "toronto",
    "sydney",
    "fresno",
    "leeds",
];
pub(crate) const LANGUAGES: [&str; 10] = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "ko"];
/// `connectiontype` of wifi, 4g, 5g, ethernet, 3g.
pub(crate) const CONNECTION_TYPES: [u32; 5] = [2, 6, 7, 1, 5];
pub(crate) const GENDERS: [&str; 3] = ["F", "M", "O"];
pub(crate) const SIZES: [(u32, u32); 6] =
    [(300, 250), (320, 50), (728, 90), (160, 600), (300, 600), (970, 250)];
pub(crate) const APPS: usize = 200;
pub(crate) const DOMAINS: usize = 300;
pub(crate) const CATEGORIES: usize = 26;
pub(crate) const SEGMENTS: usize = 400;
pub(crate) const INTERESTS: usize = 100;
/// Categories and domains of the seeded campaigns' ads: what a block list may name.
pub(crate) const AD_CATEGORIES: usize = 22;
pub(crate) const BRANDS: usize = 100_000;
/// The deal that one of Gavel's demo campaigns answers.
pub(crate) const DEMO_DEAL: &str = "deal-7";

/// A place in a table of so many, the first most often: the cube of an even draw, as in the seeded campaigns.
pub(crate) fn rank(random: &mut impl Rng, length: usize) -> usize {
    (random.random::<f64>().powi(3) * length as f64) as usize
}

/// A value of the table, the commonest most often.
pub(crate) fn value<T: Copy>(random: &mut impl Rng, table: &[T]) -> T {
    table[rank(random, table.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMPAIGNS: &str = include_str!("../../../../src/campaigns/seeded.ts");

    #[test]
    fn the_world_is_still_that_of_the_seeded_campaigns() {
        let mut expected: Vec<String> =
            CITIES.iter().chain(&LANGUAGES).map(|word| format!("'{word}'")).collect();
        expected.extend(SIZES.map(|(w, h)| format!("[{w}, {h}]")));
        expected.extend([
            format!("length: {APPS} }}, (_, i) => `com.publisher${{i}}.app`"),
            format!("length: {DOMAINS} }}, (_, i) => `site${{i}}.example`"),
            format!("length: {CATEGORIES} }}, (_, i) => `IAB${{i + 1}}`"),
            format!("length: {SEGMENTS} }}, (_, i) => `segment-${{i}}`"),
            format!("length: {INTERESTS} }}, (_, i) => `interest-${{i}}`"),
            format!("random.between(1, {AD_CATEGORIES})"),
            "`brand${number}.example`".to_owned(),
        ]);
        for part in expected {
            assert!(CAMPAIGNS.contains(&part), "seeded.ts no longer has {part}");
        }
    }
}
