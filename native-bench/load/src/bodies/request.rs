//! Bid requests out of a seed: OpenRTB 2.6 as a large exchange sends it, half from pages and half from apps. Users come
//! by a Zipf law; what campaigns target comes as unevenly as the seeded campaigns name it, so that most requests are bid on.

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

use super::device::seeded_device;
use super::plan::BodyPlan;
use super::world;
use super::zipf::Users;

/// Of the imps, the share that offers a second size.
const SECOND_SIZE_SHARE: f64 = 0.25;
/// Of the requests, the share whose user limits tracking: no identifier may be used.
const LIMITED_SHARE: f64 = 0.02;
/// The most names that a block list of ours has beside the usual ones.
const MOST_BLOCKED: usize = 4;
/// Floors in cents CPM: below most campaigns' bids.
const FLOOR_CENTS: std::ops::RangeInclusive<u32> = 10..=100;

/// Bodies without end are cut at `plan.count`.
pub(super) fn seeded_requests(plan: &BodyPlan) -> impl Iterator<Item = Vec<u8>> {
    let users = Users::new(plan.users, plan.zipf_exponent);
    let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
    (0..plan.count).map(move |_| {
        let user = users.pick(&mut random);
        serde_json::to_vec(&seeded_request(&mut random, plan, user)).expect("JSON is written into memory")
    })
}

fn seeded_request(random: &mut impl Rng, plan: &BodyPlan, user: u64) -> Value {
    let imps = if random.random_bool(plan.several_imps_share) { random.random_range(2..=3) } else { 1 };
    let imp: Vec<Value> = (1..=imps).map(|number| seeded_imp(random, plan, number)).collect();
    let mut request = json!({ "id": uuid(random), "imp": imp });
    if random.random_bool(0.5) {
        request["app"] = seeded_app(random);
    } else {
        request["site"] = seeded_site(random);
    }
    request["device"] = seeded_device(random, &user_uuid(user));
    if random.random_bool(LIMITED_SHARE) {
        request["device"]["lmt"] = 1.into();
    }
    request["user"] = seeded_user(random, user);
    request["at"] = 1.into();
    request["tmax"] = plan.tmax_ms.into();
    request["cur"] = json!(["USD"]);
    request["bcat"] = blocked(random, &["IAB25", "IAB26", "IAB7-39"], |random| {
        format!("IAB{}", random.random_range(1..=world::AD_CATEGORIES))
    });
    request["badv"] = blocked(random, &["blocked-one.example"], |random| {
        format!("brand{}.example", world::rank(random, world::BRANDS))
    });
    request["source"] = json!({
        "tid": uuid(random),
        "schain": { "complete": 1, "ver": "1.0", "nodes": [{ "asi": "exchange.example", "sid": "pub-1204", "hp": 1 }] },
    });
    request
}

fn seeded_imp(random: &mut impl Rng, plan: &BodyPlan, number: u32) -> Value {
    let first = random.random_range(0..world::SIZES.len());
    let sizes = if random.random_bool(SECOND_SIZE_SHARE) { 2 } else { 1 };
    let format: Vec<Value> = (0..sizes)
        .map(|i| world::SIZES[(first + i) % world::SIZES.len()])
        .map(|(w, h)| json!({ "w": w, "h": h }))
        .collect();
    let mut imp = json!({
        "id": number.to_string(),
        "tagid": format!("slot-{}", random.random_range(0..1_000)),
        "bidfloor": cents(random.random_range(FLOOR_CENTS)),
        "bidfloorcur": "USD",
        "banner": { "format": format, "pos": 1, "battr": [1, 3, 8, 9], "mimes": ["image/jpeg", "image/png", "image/gif"] },
    });
    if plan.exp_sec > 0 {
        imp["exp"] = plan.exp_sec.into();
    }
    if random.random_bool(plan.deal_share) {
        let id = if random.random_bool(0.5) { world::DEMO_DEAL.to_owned() } else { deal_id(random) };
        let floor = cents(random.random_range(200..=500));
        imp["pmp"] = json!({ "private_auction": 0, "deals": [{ "id": id, "bidfloor": floor, "bidfloorcur": "USD", "at": 1 }] });
    }
    imp
}

fn seeded_site(random: &mut impl Rng) -> Value {
    let domain = format!("site{}.example", world::rank(random, world::DOMAINS));
    json!({
        "id": format!("site-{}", random.random_range(0..10_000)),
        "domain": domain,
        "cat": [category(random)],
        "page": format!("https://{domain}/2026/{}", random.random_range(0..100_000)),
        "publisher": { "id": "pub-1204" },
    })
}

fn seeded_app(random: &mut impl Rng) -> Value {
    json!({
        "id": format!("app-{}", random.random_range(0..10_000)),
        "name": "Example",
        "bundle": format!("com.publisher{}.app", world::rank(random, world::APPS)),
        "cat": [category(random)],
        "ver": "4.1",
        "publisher": { "id": "pub-1204" },
    })
}

/// `buyeruid` names the user, as it does where an exchange has synced its users with the bidder.
fn seeded_user(random: &mut impl Rng, user: u64) -> Value {
    let interest = |random: &mut _| format!("interest-{}", world::rank(random, world::INTERESTS));
    let segment =
        |random: &mut _| json!({ "id": format!("segment-{}", world::rank(random, world::SEGMENTS)) });
    json!({
        "id": format!("xu-{user}"),
        "buyeruid": format!("user-{user}"),
        "yob": random.random_range(1950..=2005),
        "gender": world::value(random, &world::GENDERS),
        "keywords": format!("{},{}", interest(random), interest(random)),
        "data": [{ "id": "dmp", "segment": [segment(random), segment(random)] }],
    })
}

fn category(random: &mut impl Rng) -> String {
    format!("IAB{}", world::rank(random, world::CATEGORIES) + 1)
}

fn blocked<R: Rng>(random: &mut R, usual: &[&str], name: impl Fn(&mut R) -> String) -> Value {
    let mut names: Vec<String> = usual.iter().map(|&name| name.to_owned()).collect();
    for _ in 0..world::rank(random, MOST_BLOCKED + 1) {
        names.push(name(random));
    }
    names.into()
}

fn deal_id(random: &mut impl Rng) -> String {
    format!("deal-{}", random.random_range(100..1_000))
}

/// A price as a decimal with no dust: cents are exact in JSON text.
fn cents(cents: u32) -> Value {
    serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).expect("a decimal is JSON")
}

fn uuid(random: &mut impl Rng) -> String {
    uuid_of(random.random::<u128>())
}

/// The advertising identifier of a user's device: always the same one.
fn user_uuid(user: u64) -> String {
    uuid_of(Pcg64Mcg::seed_from_u64(user).random::<u128>())
}

/// Version 4 in form.
fn uuid_of(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let variant = pick_variant(bits);
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

fn pick_variant(bits: u128) -> char {
    ['8', '9', 'a', 'b'][(bits >> 126) as usize]
}
