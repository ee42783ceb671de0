//! What is read of sound requests, of dirty ones, and of what is none.

use super::*;

fn read(body: &str) -> Asked {
    Asked::read(body.as_bytes()).expect("a bid request")
}

#[test]
fn what_the_recount_needs_is_kept() {
    let asked = read(
        r#"{"id":"r","imp":[{"id":"1","bidfloor":0.61,"banner":{"format":[{"w":300,"h":250},{"w":728,"h":90}]},
        "pmp":{"private_auction":1,"deals":[{"id":"d","bidfloor":2,"at":3}]}}],"bcat":["IAB7-39"],"badv":["A.example"],
        "user":{"id":"u","buyeruid":"b"},"device":{"ifa":"i"}}"#,
    );
    let imp = asked.imp("1").expect("the imp");
    assert_eq!(imp.floor, Floor { nanos: 610_000_000, currency: "USD".to_owned() });
    assert_eq!((imp.sizes.as_slice(), imp.media_types.as_slice()), (&[(300, 250), (728, 90)][..], &[1][..]));
    assert!(imp.is_private && imp.deals[0].is_fixed);
    assert_eq!((asked.user.as_deref(), asked.currencies.as_slice()), (Some("b"), &["USD".to_owned()][..]));
    assert_eq!(
        (asked.blocked_categories[0].as_str(), asked.blocked_domains[0].as_str()),
        ("iab7-39", "a.example")
    );
}

#[test]
fn dirt_is_read_as_what_it_stands_for() {
    let asked = read(
        r#"{"id":17,"imp":[{"id":"1","bidfloor":"0.5","bidfloorcur":"EUR","banner":{"w":"300","h":250.0,"format":null}}],
        "cur":null,"bcat":[7,"IAB1"],"badv":"none","user":"","device":{"ifa":"i"},"test":"1"}"#,
    );
    assert_eq!((asked.id.as_str(), asked.user.as_deref(), asked.is_test), ("17", Some("i"), true));
    assert_eq!(asked.imps[0].sizes, [(300, 250)]);
    assert_eq!(asked.imps[0].floor, Floor { nanos: 500_000_000, currency: "EUR".to_owned() });
    assert_eq!(asked.blocked_categories, ["7", "iab1"]);
}

#[test]
fn who_limits_tracking_is_nobody() {
    for limit in [r#""device":{"lmt":1}"#, r#""device":{"dnt":"1"}"#, r#""regs":{"coppa":1}"#] {
        let body = format!(r#"{{"id":"r","imp":[{{"id":"1"}}],"user":{{"id":"u"}},{limit}}}"#);
        assert_eq!(read(&body).user, None, "{limit}");
    }
}

#[test]
fn a_ratio_or_no_size_leaves_the_size_open() {
    for banner in
        [r#"{"format":[{"wratio":6,"hratio":5,"wmin":100}],"w":300,"h":250}"#, r#"{"w":-1,"h":-1}"#, "{}"]
    {
        let body = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{banner}}}]}}"#);
        assert!(read(&body).imps[0].sizes.is_empty(), "{banner}");
    }
}

#[test]
fn what_is_no_request_says_why() {
    for (body, why) in [
        ("{", "EOF"),
        ("{}", "no id"),
        (r#"{"id":"r"}"#, "no imp"),
        (r#"{"id":"r","imp":[{}]}"#, "imp has no id"),
    ] {
        let error = Asked::read(body.as_bytes()).expect_err("none");
        assert!(error.contains(why), "{error}");
    }
}
