//! The device of a seeded request: its parts fit one another, as those of real devices do.

use rand::{Rng, RngExt};
use serde_json::{Value, json};

use super::world;

struct Model {
    device_type: u32,
    os: &'static str,
    os_version: &'static str,
    screen: (u32, u32),
    user_agent: &'static str,
}

/// `devicetype` 4 is a phone, 2 a computer, 5 a tablet, 3 a television. Commonest first.
const MODELS: [Model; 7] = [
    Model {
        device_type: 4,
        os: "Android",
        os_version: "14",
        screen: (1_080, 2_400),
        user_agent: "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    },
    Model {
        device_type: 4,
        os: "iOS",
        os_version: "17.5",
        screen: (1_179, 2_556),
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    },
    Model {
        device_type: 2,
        os: "Windows",
        os_version: "10",
        screen: (1_920, 1_080),
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    },
    Model {
        device_type: 2,
        os: "macOS",
        os_version: "14.5",
        screen: (2_560, 1_600),
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    },
    Model {
        device_type: 5,
        os: "iOS",
        os_version: "17.5",
        screen: (2_048, 2_732),
        user_agent: "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    },
    Model {
        device_type: 2,
        os: "Linux",
        os_version: "6.8",
        screen: (1_920, 1_200),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    },
    Model {
        device_type: 3,
        os: "Android",
        os_version: "12",
        screen: (3_840, 2_160),
        user_agent: "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36",
    },
];

pub(super) fn seeded_device(random: &mut impl Rng, ifa: &str) -> Value {
    let model = &MODELS[world::rank(random, MODELS.len())];
    json!({
        "ua": model.user_agent,
        "ip": format!("203.0.113.{}", random.random_range(0..256)),
        "devicetype": model.device_type,
        "os": model.os,
        "osv": model.os_version,
        "language": world::value(random, &world::LANGUAGES),
        "js": 1,
        "lmt": 0,
        "connectiontype": world::value(random, &world::CONNECTION_TYPES),
        "ifa": ifa,
        "geo": seeded_geo(random),
        "w": model.screen.0,
        "h": model.screen.1,
    })
}

fn seeded_geo(random: &mut impl Rng) -> Value {
    let country = world::value(random, &world::COUNTRIES);
    let (region_country, region) = world::value(random, &world::REGIONS);
    let mut geo = json!({ "country": country, "city": world::value(random, &world::CITIES), "type": 2 });
    if country == region_country {
        geo["region"] = region.into();
    }
    geo
}
