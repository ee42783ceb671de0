/** Types of Gavel’s HTTP contract, made from its OpenAPI document by `npm run clients`. */

export interface paths {
    "/openrtb2/bid": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bid on an OpenRTB request
         * @description Charges nothing by itself: the billing notice does. With `test` 1, or with `ext.explain` 1 and a management key in `Authorization`, nothing is charged at all and a no-bid says why.
         */
        post: operations["bidOpenRtb"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/bid-request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * One ad in the simple form, at the second price
         * @description The full bid is held; the impression posts the price that is answered, and the rest goes back.
         */
        post: operations["requestBid"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/bid": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** One image ad with a confidence, charged at the answer */
        post: operations["bid"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/serve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One image ad, charged at the answer */
        get: operations["serve"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/delivery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every campaign that applies, asked by a URL */
        get: operations["getDelivery"];
        put?: never;
        /**
         * Every campaign that applies
         * @description It lists, and charges nothing.
         */
        post: operations["listDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/impression": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An ad was shown
         * @description By `t`, or by `ad_id`, which counts and charges nothing.
         */
        get: operations["trackImpression"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/conversion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A user did what the ad was for
         * @description With its token it counts only after the click, for 30 days; the first charges, later ones are statistics.
         */
        get: operations["trackConversion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/click": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An ad was clicked: on to its landing page
         * @description By `t`, also while nothing can be kept; or by `adId`, which counts and charges nothing.
         */
        get: operations["trackClick"];
        put?: never;
        /**
         * An ad was clicked
         * @description It counts, and charges nothing. With a timestamp, the same again counts once.
         */
        post: operations["postClick"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/track/{type}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An impression, a click or a conversion, with its details */
        post: operations["track"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Events that others have counted, one or many
         * @description They count, and charge nothing.
         */
        post: operations["postEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/win": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The exchange says that a bid won
         * @description The first call counts, the same again changes nothing.
         */
        get: operations["noticeWin"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/billing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The exchange bills a bid: its money is posted
         * @description The first call counts, the same again changes nothing.
         */
        get: operations["noticeBilling"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/loss": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The exchange says that a bid lost: its money goes back
         * @description The first call counts, the same again changes nothing.
         */
        get: operations["noticeLoss"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List campaigns, the oldest first */
        get: operations["listCampaigns"];
        put?: never;
        /**
         * Create a campaign
         * @description The answer leaves once this node serves by it.
         */
        post: operations["createCampaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a campaign */
        get: operations["readCampaign"];
        /**
         * Replace a campaign
         * @description An ad that the body names by its id, or says again in every word, stays the same ad.
         */
        put: operations["replaceCampaign"];
        post?: never;
        /**
         * End a campaign for ever
         * @description It stays readable, and its history is kept.
         */
        delete: operations["endCampaign"];
        options?: never;
        head?: never;
        /** Change fields of a campaign */
        patch: operations["patchCampaign"];
        trace?: never;
    };
    "/campaigns/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause a campaign */
        post: operations["pauseCampaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resume a campaign */
        post: operations["resumeCampaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed a campaign, and what, the last change first */
        get: operations["auditCampaign"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}/ads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add an ad */
        post: operations["addAd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}/ads/{adId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read an ad */
        get: operations["readAd"];
        put?: never;
        post?: never;
        /**
         * Take an ad out of its campaign
         * @description A campaign’s last ad can not be taken out.
         */
        delete: operations["removeAd"];
        options?: never;
        head?: never;
        /** Change fields of an ad */
        patch: operations["patchAd"];
        trace?: never;
    };
    "/analytics/campaign/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a campaign got and spent, day by day
         * @description Days of UTC, both ends included, at most 366.
         */
        get: operations["reportCampaign"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/ad/{adId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was counted of an ad, bucket by bucket
         * @description From the bucket of `start` to that of `end`, at most 1500. Sums by minute and hour go back as far as events are kept, sums by day further.
         */
        get: operations["reportAd"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the server stands on
         * @description Degraded is 200 too: a server whose stores are away still bids with what it holds.
         */
        get: operations["readHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the process alive? */
        get: operations["readLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** May it be sent requests? */
        get: operations["readReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics for Prometheus */
        get: operations["readMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["readOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document to read */
        get: operations["readDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description A campaign as it is sent. Beyond the schema these rules hold (422):
         *
         *     - the end of a schedule is after its start
         *     - a daypart’s `to` differs from its `from`
         *     - a time zone is one of IANA’s
         *     - a day is one that the calendar has
         *     - a time lies in the years 1970 to 9999
         *     - a URL parses as one
         *     - a targeting value is one that its dimension knows
         *     - an ad’s category is one of the taxonomy that `cattax` names
         *     - a bid has at most 6 decimals and a budget 9: whole micros and nanos
         *     - lengths count UTF-16 code units, without blanks at the ends
         *     - a text holds no NUL and no half of a surrogate pair
         *     - an ad’s `id`, in a PUT or PATCH, is that of one of the campaign’s ads, and stands there once
         *
         *     And more is accepted than it says:
         *
         *     - a number may come as a string, a text as a number
         *     - null or an empty text is an absent field
         *     - blanks at the ends of a text are cut off
         *     - unknown fields are ignored
         * @example {
         *       "name": "Spring",
         *       "advertiserId": "c9bf9e57-1685-4c89-bafb-ff5af830be8a",
         *       "bid": {
         *         "model": "cpm",
         *         "amount": 2.5
         *       },
         *       "dailyBudget": 500,
         *       "lifetimeBudget": 10000,
         *       "schedule": {
         *         "start": "2026-11-01T00:00:00Z",
         *         "end": "2026-12-01T00:00:00Z",
         *         "timezone": "America/New_York",
         *         "dayparts": [
         *           {
         *             "days": [
         *               1,
         *               2,
         *               3,
         *               4,
         *               5
         *             ],
         *             "from": "08:00",
         *             "to": "20:00"
         *           }
         *         ]
         *       },
         *       "frequencyCaps": [
         *         {
         *           "limit": 3,
         *           "window": "day"
         *         }
         *       ],
         *       "targeting": [
         *         {
         *           "dimension": "country",
         *           "operator": "include",
         *           "values": [
         *             "US",
         *             "CA"
         *           ]
         *         },
         *         {
         *           "dimension": "os",
         *           "operator": "exclude",
         *           "values": [
         *             "ios"
         *           ]
         *         }
         *       ],
         *       "ads": [
         *         {
         *           "title": "Spring sale",
         *           "imageUrl": "https://cdn.brand.example/spring.png",
         *           "redirectUrl": "https://www.brand.example/spring",
         *           "width": 300,
         *           "height": 250
         *         }
         *       ]
         *     }
         */
        CampaignInput: {
            /** @description For people. */
            name: string;
            /**
             * Format: uuid
             * @description Whose campaign it is.
             */
            advertiserId: string;
            /** @description The seat that its bids name; without it, the advertiserId. */
            seat?: string;
            /**
             * @description Only what is active bids; what has ended stays as it is.
             * @default active
             * @enum {string}
             */
            status?: "active" | "paused" | "ended";
            bid: {
                /**
                 * @description What is paid for: 1,000 impressions (cpm), a click (cpc), a conversion (cpa).
                 * @enum {string}
                 */
                model: "cpm" | "cpc" | "cpa";
                /** @description USD. */
                amount: number;
            } & unknown;
            /** @description USD a day of the campaign’s time zone. */
            dailyBudget: number;
            /** @description USD in all; null: no such limit. */
            lifetimeBudget?: number | null;
            /**
             * @description even: over the active hours of the day. asap: as it comes.
             * @default even
             * @enum {string}
             */
            pacing?: "even" | "asap";
            /**
             * @description strict: a bid reserves all that it may cost. expected: the share that usually wins.
             * @default strict
             * @enum {string}
             */
            budgetMode?: "strict" | "expected";
            /** @description When it runs. */
            schedule?: {
                /** @description ISO 8601 with Z or an offset, inclusive; without it, from its creation. */
                start?: string;
                /** @description Exclusive; null: no end. */
                end?: string | null;
                /**
                 * @description An IANA time zone: of dayparts, and of days and weeks of budgets and caps.
                 * @default UTC
                 */
                timezone?: string;
                /** @description Empty: at all times. */
                dayparts?: {
                    /** @description ISO days: 1 is Monday. */
                    days: number[];
                    /** @description Local time, inclusive; behind `to` it runs past midnight. */
                    from: string;
                    /** @description Local time, exclusive; `24:00` is the end of the day. */
                    to: string;
                }[];
            };
            /** @description All hold at once. */
            frequencyCaps?: {
                /** @description Impressions for one user. */
                limit: number;
                /**
                 * @description A fixed window.
                 * @enum {string}
                 */
                window: "minute" | "hour" | "day" | "week" | "lifetime";
            }[];
            /** @description All rules must hold. Empty: any request. */
            targeting?: components["schemas"]["TargetingRule"][];
            /** @description What it shows. */
            ads: components["schemas"]["AdInput"][];
            /** @description The deals that the campaign may answer. */
            deals?: string[];
            /**
             * @description It bids in its deals alone, never in the open auction.
             * @default false
             */
            dealsOnly?: boolean;
            /**
             * @description Of all its amounts.
             * @default USD
             * @enum {string}
             */
            currency?: "USD";
        };
        /** @description A JSON merge patch (RFC 7396): what it does not name stays as it is, null takes it away or back to its default; lists are replaced whole. What it names is judged by the rules of `CampaignInput`. */
        CampaignPatch: {
            /** @description For people. */
            name?: string | null;
            /**
             * Format: uuid
             * @description Whose campaign it is.
             */
            advertiserId?: string | null;
            /** @description The seat that its bids name; without it, the advertiserId. */
            seat?: string | null;
            /**
             * @description Only what is active bids; what has ended stays as it is.
             * @enum {string|null}
             */
            status?: "active" | "paused" | "ended" | null;
            bid?: {
                /**
                 * @description What is paid for: 1,000 impressions (cpm), a click (cpc), a conversion (cpa).
                 * @enum {string|null}
                 */
                model?: "cpm" | "cpc" | "cpa" | null;
                /** @description USD. */
                amount?: number | null;
            } | null;
            /** @description USD a day of the campaign’s time zone. */
            dailyBudget?: number | null;
            /** @description USD in all; null: no such limit. */
            lifetimeBudget?: number | null;
            /**
             * @description even: over the active hours of the day. asap: as it comes.
             * @enum {string|null}
             */
            pacing?: "even" | "asap" | null;
            /**
             * @description strict: a bid reserves all that it may cost. expected: the share that usually wins.
             * @enum {string|null}
             */
            budgetMode?: "strict" | "expected" | null;
            /** @description When it runs. */
            schedule?: {
                /** @description ISO 8601 with Z or an offset, inclusive; without it, from its creation. */
                start?: string | null;
                /** @description Exclusive; null: no end. */
                end?: string | null;
                /** @description An IANA time zone: of dayparts, and of days and weeks of budgets and caps. */
                timezone?: string | null;
                /** @description Empty: at all times. */
                dayparts?: {
                    /** @description ISO days: 1 is Monday. */
                    days: number[];
                    /** @description Local time, inclusive; behind `to` it runs past midnight. */
                    from: string;
                    /** @description Local time, exclusive; `24:00` is the end of the day. */
                    to: string;
                }[] | null;
            } | null;
            /** @description All hold at once. */
            frequencyCaps?: {
                /** @description Impressions for one user. */
                limit: number;
                /**
                 * @description A fixed window.
                 * @enum {string}
                 */
                window: "minute" | "hour" | "day" | "week" | "lifetime";
            }[] | null;
            /** @description All rules must hold. Empty: any request. */
            targeting?: components["schemas"]["TargetingRule"][] | null;
            /** @description What it shows. */
            ads?: components["schemas"]["AdInput"][] | null;
            /** @description The deals that the campaign may answer. */
            deals?: string[] | null;
            /** @description It bids in its deals alone, never in the open auction. */
            dealsOnly?: boolean | null;
            /**
             * @description Of all its amounts.
             * @enum {string|null}
             */
            currency?: "USD" | null;
        };
        /** @description A campaign with every default written out. What is read here and sent again is the same campaign. */
        Campaign: {
            /**
             * Format: uuid
             * @description Names the campaign for ever.
             */
            id: string;
            /** @description For people. */
            name: string;
            /**
             * Format: uuid
             * @description Whose campaign it is.
             */
            advertiserId: string;
            /** @description The seat that its bids name; without it, the advertiserId. */
            seat: string;
            /**
             * @description Only what is active bids; what has ended stays as it is.
             * @default active
             * @enum {string}
             */
            status: "active" | "paused" | "ended";
            bid: {
                /**
                 * @description What is paid for: 1,000 impressions (cpm), a click (cpc), a conversion (cpa).
                 * @enum {string}
                 */
                model: "cpm" | "cpc" | "cpa";
                /** @description USD. */
                amount: number;
            };
            /** @description USD a day of the campaign’s time zone. */
            dailyBudget: number;
            /** @description USD in all; null: no such limit. */
            lifetimeBudget: number | null;
            /**
             * @description even: over the active hours of the day. asap: as it comes.
             * @default even
             * @enum {string}
             */
            pacing: "even" | "asap";
            /**
             * @description strict: a bid reserves all that it may cost. expected: the share that usually wins.
             * @default strict
             * @enum {string}
             */
            budgetMode: "strict" | "expected";
            schedule: {
                /**
                 * Format: date-time
                 * @description Inclusive.
                 */
                start: string;
                /**
                 * Format: date-time
                 * @description Exclusive.
                 */
                end: string | null;
                /**
                 * @description An IANA time zone: of dayparts, and of days and weeks of budgets and caps.
                 * @default UTC
                 */
                timezone: string;
                /** @description Empty: at all times. */
                dayparts: {
                    /** @description ISO days: 1 is Monday. */
                    days: number[];
                    /** @description Local time, inclusive; behind `to` it runs past midnight. */
                    from: string;
                    /** @description Local time, exclusive; `24:00` is the end of the day. */
                    to: string;
                }[];
            };
            /** @description All hold at once. */
            frequencyCaps: {
                /** @description Impressions for one user. */
                limit: number;
                /**
                 * @description A fixed window.
                 * @enum {string}
                 */
                window: "minute" | "hour" | "day" | "week" | "lifetime";
            }[];
            /** @description All rules must hold. Empty: any request. */
            targeting: components["schemas"]["TargetingRule"][];
            /** @description What it shows. */
            ads: components["schemas"]["Ad"][];
            /** @description The deals that the campaign may answer. */
            deals: string[];
            /**
             * @description It bids in its deals alone, never in the open auction.
             * @default false
             */
            dealsOnly: boolean;
            /**
             * @description Of all its amounts.
             * @default USD
             * @enum {string}
             */
            currency: "USD";
            /** @description Grows with every change; its ETag. */
            version: number;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             */
            updatedAt: string;
            /** @description USD, as far as this node knows. */
            spentToday: number;
            /** @description USD, as far as this node knows. */
            spentLifetime: number;
            /** @description What is sound and hardly meant, as a budget that bears no bid; absent: nothing. */
            warnings?: {
                /** @description Its path. */
                field: string;
                /** @description What it does otherwise than it seems to say. */
                message: string;
            }[];
        };
        /**
         * @description A dimension that no rule names accepts everything. Values by dimension:
         *
         *     | dimension | value |
         *     | --- | --- |
         *     | `country` | country of ISO 3166-1: a country is two letters, as US |
         *     | `region` | region of ISO 3166-2: a region is written with its country, as US-CA |
         *     | `city` | text: write any text |
         *     | `deviceType` | it is one of mobile, tablet, desktop, ctv, connected, ooh |
         *     | `os` | it is one of ios, android, windows, macos, linux, chromeos, tvos, other |
         *     | `browser` | it is one of chrome, safari, firefox, edge, samsung, opera, other |
         *     | `language` | language of ISO 639-1: a language is two letters, as en |
         *     | `connectionType` | it is one of ethernet, wifi, 2g, 3g, 4g, 5g, cellular |
         *     | `app` | text: write any text |
         *     | `domain` | host name: write it without scheme and path, as news.example |
         *     | `category` | category of Content Taxonomy 1.0 to 3.1: a category is written as IAB2, IAB2-3, 483 or JLBCU7 |
         *     | `segment` | text: write any text |
         *     | `interest` | text: write any text |
         *     | `ageRange` | age range from 0 to 120: it is written as 18-24 or 65+ |
         *     | `gender` | it is one of M, F, O |
         *     | `placement` | text: write any text |
         *     | `size` | a size is written as 300x250 |
         *     | `format` | it is one of banner, video, audio, native |
         *     | `hourOfWeek` | hour of the week: hours go from 0 (Monday 00:00) to 167 |
         */
        TargetingRule: {
            /**
             * @description What of the request is looked at.
             * @enum {string}
             */
            dimension: "country" | "region" | "city" | "deviceType" | "os" | "browser" | "language" | "connectionType" | "app" | "domain" | "category" | "segment" | "interest" | "ageRange" | "gender" | "placement" | "size" | "format" | "hourOfWeek";
            /**
             * @description include: one of the request’s values is listed. exclude: none is; a request without a value passes.
             * @default include
             * @enum {string}
             */
            operator?: "include" | "exclude";
            /** @description Compared in any case. */
            values: string[];
        };
        /**
         * @description An ad as it is sent. A banner needs a size, and an image or markup; a video or audio ad media and a duration; a native ad the size of its image, if it has one.
         * @example {
         *       "title": "Spring sale",
         *       "imageUrl": "https://cdn.brand.example/spring.png",
         *       "redirectUrl": "https://www.brand.example/spring",
         *       "width": 300,
         *       "height": 250,
         *       "adomain": [
         *         "brand.example"
         *       ],
         *       "categories": [
         *         "IAB22"
         *       ]
         *     }
         */
        AdInput: {
            /**
             * Format: uuid
             * @description In a PUT or PATCH of a campaign: which of its ads this is.
             */
            id?: string;
            /**
             * @description What the ad is.
             * @default banner
             * @enum {string}
             */
            type?: "banner" | "video" | "audio" | "native";
            /**
             * @description A paused ad is not served. An ad ends by being taken out of its campaign.
             * @default active
             * @enum {string}
             */
            status?: "active" | "paused";
            /** @description Its name; the title of a native ad. */
            title: string;
            /** @description The text of a native ad. */
            description?: string | null;
            /** @description The image of a banner or a native ad. */
            imageUrl?: string | null;
            /** @description Markup in place of a banner’s image; `{CLICK_URL}` in it becomes the signed click URL. */
            html?: string | null;
            /** @description The landing page; `{CONVERSION_TOKEN}` in it becomes the token that makes its conversion count. */
            redirectUrl: string;
            /** @description Pixels. */
            width?: number | null;
            /** @description Pixels. */
            height?: number | null;
            /** @description `Install` and the like. */
            callToAction?: string | null;
            /** @description The icon of a native ad. */
            iconUrl?: string | null;
            /** @description The brand of a native ad. */
            sponsoredBy?: string | null;
            /** @description Stars of a native ad. */
            rating?: number | null;
            /** @description What the advertised thing costs, in words. */
            price?: string | null;
            /** @description The advertiser’s domains. */
            adomain?: string[];
            /** @description Categories of the ad, in the taxonomy `cattax`. */
            categories?: string[];
            /**
             * @description AdCOM’s number of the category taxonomy; 1 is Content Taxonomy 1.0, vendors’ begin at 500.
             * @default 1
             */
            cattax?: number | (1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9) | unknown;
            /** @description AdCOM’s creative attributes. */
            attributes?: number[];
            /** @description The app that the ad promotes, compared with `bapp`. */
            bundle?: string | null;
            /** @description The files of a video or audio ad. */
            media?: {
                /** @description Where the file lies. */
                url: string;
                /** @description `video/mp4` and the like. */
                mimeType: string;
                /** @description Pixels. */
                width?: number | null;
                /** @description Pixels. */
                height?: number | null;
                /** @description Kilobits per second. */
                bitrateKbps?: number | null;
            }[];
            /** @description How long a video or audio ad runs. */
            durationSec?: number | null;
            /** @description When it may be skipped; null: never. */
            skippableAfterSec?: number | null;
            /** @description AdCOM’s video and audio protocols. */
            protocols?: number[];
        } & (unknown & unknown & unknown);
        /** @description A JSON merge patch (RFC 7396): what it does not name stays as it is, null takes it away or back to its default. The ad that comes of it is judged by the rules of `AdInput`. */
        AdPatch: {
            /**
             * @description What the ad is.
             * @enum {string|null}
             */
            type?: "banner" | "video" | "audio" | "native" | null;
            /**
             * @description A paused ad is not served. An ad ends by being taken out of its campaign.
             * @enum {string|null}
             */
            status?: "active" | "paused" | null;
            /** @description Its name; the title of a native ad. */
            title?: string | null;
            /** @description The text of a native ad. */
            description?: string | null;
            /** @description The image of a banner or a native ad. */
            imageUrl?: string | null;
            /** @description Markup in place of a banner’s image; `{CLICK_URL}` in it becomes the signed click URL. */
            html?: string | null;
            /** @description The landing page; `{CONVERSION_TOKEN}` in it becomes the token that makes its conversion count. */
            redirectUrl?: string | null;
            /** @description Pixels. */
            width?: number | null;
            /** @description Pixels. */
            height?: number | null;
            /** @description `Install` and the like. */
            callToAction?: string | null;
            /** @description The icon of a native ad. */
            iconUrl?: string | null;
            /** @description The brand of a native ad. */
            sponsoredBy?: string | null;
            /** @description Stars of a native ad. */
            rating?: number | null;
            /** @description What the advertised thing costs, in words. */
            price?: string | null;
            /** @description The advertiser’s domains. */
            adomain?: string[] | null;
            /** @description Categories of the ad, in the taxonomy `cattax`. */
            categories?: string[] | null;
            /** @description AdCOM’s number of the category taxonomy; 1 is Content Taxonomy 1.0, vendors’ begin at 500. */
            cattax?: ((number | (1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9) | unknown) | null) | (1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9) | unknown;
            /** @description AdCOM’s creative attributes. */
            attributes?: number[] | null;
            /** @description The app that the ad promotes, compared with `bapp`. */
            bundle?: string | null;
            /** @description The files of a video or audio ad. */
            media?: {
                /** @description Where the file lies. */
                url: string;
                /** @description `video/mp4` and the like. */
                mimeType: string;
                /** @description Pixels. */
                width?: number | null;
                /** @description Pixels. */
                height?: number | null;
                /** @description Kilobits per second. */
                bitrateKbps?: number | null;
            }[] | null;
            /** @description How long a video or audio ad runs. */
            durationSec?: number | null;
            /** @description When it may be skipped; null: never. */
            skippableAfterSec?: number | null;
            /** @description AdCOM’s video and audio protocols. */
            protocols?: number[] | null;
        };
        /** @description An ad with every default written out. */
        Ad: {
            /**
             * Format: uuid
             * @description Names the ad for ever.
             */
            id: string;
            /**
             * @description What the ad is.
             * @default banner
             * @enum {string}
             */
            type: "banner" | "video" | "audio" | "native";
            /**
             * @description Only what is active is served.
             * @enum {string}
             */
            status: "active" | "paused" | "ended";
            /** @description Its name; the title of a native ad. */
            title: string;
            /** @description The text of a native ad. */
            description: string | null;
            /** @description The image of a banner or a native ad. */
            imageUrl: string | null;
            /** @description Markup in place of a banner’s image; `{CLICK_URL}` in it becomes the signed click URL. */
            html: string | null;
            /** @description The landing page; `{CONVERSION_TOKEN}` in it becomes the token that makes its conversion count. */
            redirectUrl: string;
            /** @description Pixels. */
            width: number | null;
            /** @description Pixels. */
            height: number | null;
            /** @description `Install` and the like. */
            callToAction: string | null;
            /** @description The icon of a native ad. */
            iconUrl: string | null;
            /** @description The brand of a native ad. */
            sponsoredBy: string | null;
            /** @description Stars of a native ad. */
            rating: number | null;
            /** @description What the advertised thing costs, in words. */
            price: string | null;
            /** @description The advertiser’s domains. */
            adomain: string[];
            /** @description Categories of the ad, in the taxonomy `cattax`. */
            categories: string[];
            /**
             * @description AdCOM’s number of the category taxonomy; 1 is Content Taxonomy 1.0, vendors’ begin at 500.
             * @default 1
             */
            cattax: number | (1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9) | unknown;
            /** @description AdCOM’s creative attributes. */
            attributes: number[];
            /** @description The app that the ad promotes, compared with `bapp`. */
            bundle: string | null;
            /** @description The files of a video or audio ad. */
            media: {
                /** @description Where the file lies. */
                url: string;
                /** @description `video/mp4` and the like. */
                mimeType: string;
                /** @description Pixels. */
                width: number | null;
                /** @description Pixels. */
                height: number | null;
                /** @description Kilobits per second. */
                bitrateKbps: number | null;
            }[];
            /** @description How long a video or audio ad runs. */
            durationSec: number | null;
            /** @description When it may be skipped; null: never. */
            skippableAfterSec: number | null;
            /** @description AdCOM’s video and audio protocols. */
            protocols: number[];
        };
        /**
         * @example {
         *       "request_id": "r1",
         *       "user_id": "u1",
         *       "site": {
         *         "domain": "news.example",
         *         "page": "https://news.example/a",
         *         "categories": [
         *           "IAB12"
         *         ]
         *       },
         *       "ad_size": "300x250",
         *       "floor_price": 0.5,
         *       "geo": {
         *         "country": "US",
         *         "region": "CA",
         *         "city": "Fresno"
         *       },
         *       "device": {
         *         "type": "mobile",
         *         "os": "android"
         *       },
         *       "segments": [
         *         "auto-intender"
         *       ]
         *     }
         */
        BidRequestForm: {
            /** @description Comes back in the answer; without it, the `x-request-id`. */
            request_id?: string;
            /** @description Whom frequency caps count for; kept only as a salted hash. */
            user_id: string;
            site: {
                /** @description The site’s host. */
                domain: string;
                /** @description Not read. */
                page?: unknown;
                /** @description IAB codes. */
                categories?: string[];
            };
            /** @description `"300x250"`, or width and height. */
            ad_size: string | {
                /** @description Pixels. */
                width: number;
                /** @description Pixels. */
                height: number;
            };
            /**
             * @description USD CPM, below which nothing is sold.
             * @default 0
             */
            floor_price?: number;
            geo?: {
                /** @description ISO 3166-1 alpha-2; without it, by the client’s address. */
                country?: string;
                /** @description ISO 3166-2. */
                region?: string;
                /** @description A city. */
                city?: string;
            };
            device?: {
                /** @description A value of the dimension `deviceType`. */
                type?: string;
                /** @description A value of the dimension `os`. */
                os?: string;
            };
            /** @description Audiences that the user is of. */
            segments?: string[];
        };
        BidRequestAnswer: {
            /** @description That of the request. */
            request_id: string;
            /**
             * Format: uuid
             * @description The campaign.
             */
            campaign_id: string;
            /**
             * Format: uuid
             * @description The ad.
             */
            ad_id: string;
            /** @description USD CPM: the runner-up’s bid and one cent, at least the floor. */
            price: number;
            /** @constant */
            currency: "USD";
            creative: {
                /** @description The ad’s title. */
                title: string;
                /** @description null: the ad is markup. */
                image_url: string | null;
                /** @description A URL. */
                landing_url: string;
                /** @description Ready markup, with its click and impression URLs. */
                html: string;
                /** @description Pixels. */
                width: number;
                /** @description Pixels. */
                height: number;
            };
            /** @description Signed URLs. */
            tracking: {
                /** @description A URL. */
                impression: string;
                /** @description A URL. */
                click: string;
                /** @description A URL. */
                conversion: string;
            };
            /** @description A URL. */
            win_notice_url: string;
        };
        /**
         * @example {
         *       "userId": "u1",
         *       "placementId": "top",
         *       "countryCode": "US",
         *       "deviceType": "mobile",
         *       "userAttributes": {
         *         "age": 34,
         *         "interests": [
         *           "cars"
         *         ],
         *         "purchaseHistory": [
         *           "tyres"
         *         ]
         *       }
         *     }
         */
        BidForm: {
            /** @description Whom frequency caps count for; kept only as a salted hash. */
            userId: string;
            /** @description A value of the dimension `placement`; a text holds no NUL and no half of a surrogate pair. */
            placementId: string;
            /** @description ISO 3166-1 alpha-2; without it, by the client’s address. */
            countryCode?: string;
            /** @description A value of the dimension `deviceType`. */
            deviceType?: string;
            userAttributes?: {
                /** @description Years. */
                age?: number;
                /** @description M, F or O. */
                gender?: string;
                /** @description Values of the dimension `interest`. */
                interests?: string[];
                /** @description Each is the interest `bought:<it>`. */
                purchaseHistory?: string[];
            };
        };
        BidAnswer: {
            /**
             * Format: uuid
             * @description The campaign.
             */
            campaignId: string;
            /**
             * Format: uuid
             * @description The ad.
             */
            adId: string;
            /** @description USD for 1,000 impressions. */
            bidPrice: number;
            adContent: {
                /** @description The ad’s title. */
                title: string;
                /** @description A URL. */
                imageUrl: string;
                /** @description A URL. */
                redirectUrl: string;
            };
            /** @description The chance that this ad was the best choice, from its margin over the runner-up. */
            confidence: number;
        };
        ServeAnswer: {
            /**
             * Format: uuid
             * @description The ad.
             */
            adId: string;
            /**
             * Format: uuid
             * @description The campaign.
             */
            campaignId: string;
            /** @description The ad’s title. */
            title: string;
            /** @description A URL. */
            imageUrl: string;
            /** @description A URL. */
            redirectUrl: string;
            /** @description Counts the click, then leads to the landing page. */
            clickTrackingUrl: string;
            /** @description USD for 1,000 impressions. */
            bidPrice: number;
            /** @description Unique for ever. */
            impressionId: string;
        };
        /**
         * @example {
         *       "app": "com.example.game",
         *       "os": "android",
         *       "country": "US"
         *     }
         */
        DeliveryForm: {
            /** @description The app’s bundle. */
            app: string;
            /** @description A value of the dimension `os`. */
            os: string;
            /** @description ISO 3166-1 alpha-2. */
            country: string;
        };
        /** @description Every campaign that applies, the best first. */
        DeliveryAnswer: {
            /**
             * Format: uuid
             * @description The campaign.
             */
            cid: string;
            /** @description A URL. */
            img: string;
            /** @description The ad’s call to action, or its title. */
            cta: string;
        }[];
        /**
         * @example {
         *       "event_id": "e1",
         *       "ad_id": "c9bf9e57-1685-4c89-bafb-ff5af830be8a",
         *       "user_id": "u1"
         *     }
         */
        TrackedEvent: {
            /** @description Unique over all types; the same again counts once. */
            event_id?: string;
            /** @description The ad. */
            ad_id?: string;
            /** @description Not read: the campaign is that of the ad. */
            campaign_id?: string;
            /** @description Whose it was. */
            user_id?: string;
            /** @description When: ISO 8601 with Z or an offset, or epoch milliseconds; at most a day ahead. Without it: now. */
            ts?: string | number;
            /** @description Where it was. */
            placement_id?: string;
            /** @description What a conversion is worth, in USD. */
            value?: number;
            /** @description The signed token, which also names the ad: only with it money moves. */
            t?: string;
        } | unknown | unknown;
        TrackedAnswer: {
            /** @constant */
            status: "ok";
            /** @description Its own, or a new one. */
            event_id: string;
        };
        PostedEvent: {
            /** @description Unique over all types; the same again counts once. */
            event_id: string;
            /**
             * @description What it is.
             * @enum {string}
             */
            type: "impression" | "click" | "conversion";
            /** @description The ad. */
            ad_id: string;
            /** @description Not read: the campaign is that of the ad. */
            campaign_id?: string;
            /** @description Whose it was. */
            user_id?: string;
            /** @description When: ISO 8601 with Z or an offset, or epoch milliseconds; at most a day ahead. Without it: now. */
            ts?: string | number;
        };
        /**
         * @description One event, or an array, of which the sound ones are taken.
         * @example {
         *       "event_id": "e2",
         *       "type": "impression",
         *       "ad_id": "c9bf9e57-1685-4c89-bafb-ff5af830be8a"
         *     }
         */
        PostedEvents: components["schemas"]["PostedEvent"] | components["schemas"]["PostedEvent"][];
        PostedAnswer: {
            /** @constant */
            status: "accepted";
            event_id: string;
        } | {
            /** @constant */
            status: "accepted";
            /** @description How many were taken. */
            accepted: number;
            /** @description Why others were not. */
            rejected: {
                /** @description Its place in the array. */
                index: number;
                message: string;
            }[];
        };
        /**
         * @example {
         *       "adId": "c9bf9e57-1685-4c89-bafb-ff5af830be8a",
         *       "campaignId": "7f0c3f0e-53a4-4b0e-9a57-1f0f6f3c2b11",
         *       "userId": "u1",
         *       "timestamp": "2026-11-01T00:00:00Z"
         *     }
         */
        ClickForm: {
            /** @description The ad. */
            adId: string;
            /** @description Its campaign. */
            campaignId: string;
            /** @description Who clicked. */
            userId: string;
            /** @description When: ISO 8601 with Z or an offset, or epoch milliseconds; at most a day ahead. Without it: now. */
            timestamp?: string | number;
        };
        /**
         * @description OpenRTB 2.6 or 2.5. At most one of site, app and dooh. Wrong JSON types are read where that is unambiguous.
         * @example {
         *       "id": "r1",
         *       "imp": [
         *         {
         *           "id": "1",
         *           "banner": {
         *             "w": 300,
         *             "h": 250
         *           },
         *           "bidfloor": 0.5
         *         }
         *       ],
         *       "site": {
         *         "domain": "news.example",
         *         "page": "https://news.example/a"
         *       },
         *       "device": {
         *         "os": "Android",
         *         "devicetype": 1,
         *         "geo": {
         *           "country": "USA"
         *         }
         *       },
         *       "user": {
         *         "id": "u1"
         *       },
         *       "tmax": 100
         *     }
         */
        BidRequest: {
            id: string;
            /** @description What is offered: the first 100 are read. */
            imp: {
                id: string;
                banner?: {
                    w?: number;
                    h?: number;
                    /** @description Sizes that fit. */
                    format?: {
                        w?: number;
                        h?: number;
                        wratio?: number;
                        hratio?: number;
                        wmin?: number;
                    }[];
                    btype?: number[];
                    battr?: number[];
                    mimes?: string[];
                    api?: number[];
                };
                video?: Record<string, never>;
                audio?: Record<string, never>;
                native?: Record<string, never>;
                bidfloor?: number;
                bidfloorcur?: string;
                /** @enum {integer} */
                secure?: 0 | 1;
                /** @enum {integer} */
                instl?: 0 | 1;
                exp?: number;
                tagid?: string;
                qty?: {
                    multiplier?: number;
                };
                pmp?: {
                    /** @enum {integer} */
                    private_auction?: 0 | 1;
                    deals?: {
                        id: string;
                        bidfloor?: number;
                        bidfloorcur?: string;
                        at?: number;
                        wseat?: string[];
                        wadomain?: string[];
                    }[];
                };
            }[];
            site?: {
                id?: string;
                cat?: string[];
                content?: {
                    cat?: string[];
                };
                domain?: string;
                page?: string;
            };
            app?: {
                id?: string;
                cat?: string[];
                content?: {
                    cat?: string[];
                };
                bundle?: string;
            };
            dooh?: Record<string, never>;
            device?: {
                ua?: string;
                sua?: {
                    /** @description Client hints. */
                    browsers?: {
                        brand?: string;
                    }[];
                    platform?: {
                        brand?: string;
                    };
                    /** @enum {integer} */
                    mobile?: 0 | 1;
                };
                ip?: string;
                ipv6?: string;
                geo?: {
                    country?: string;
                    region?: string;
                    city?: string;
                    accuracy?: number;
                };
                devicetype?: number;
                os?: string;
                language?: string;
                connectiontype?: number;
                ifa?: string;
                /** @enum {integer} */
                lmt?: 0 | 1;
                /** @enum {integer} */
                dnt?: 0 | 1;
            };
            user?: {
                id?: string;
                buyeruid?: string;
                yob?: number;
                gender?: string;
                keywords?: string;
                kwarray?: string[];
                consent?: string;
                geo?: {
                    country?: string;
                    region?: string;
                    city?: string;
                    accuracy?: number;
                };
                /** @description Audiences. */
                data?: {
                    /** @description Segments. */
                    segment?: {
                        id?: string;
                    }[];
                }[];
            };
            regs?: {
                /** @enum {integer} */
                coppa?: 0 | 1;
                /** @enum {integer} */
                gdpr?: 0 | 1;
                us_privacy?: string;
                gpp?: string;
                gpp_sid?: number[];
            };
            source?: {
                schain?: {
                    /** @enum {integer} */
                    complete?: 0 | 1;
                    /** @description Sellers, the first one first. */
                    nodes?: {
                        asi?: string;
                        sid?: string;
                    }[];
                };
            };
            /**
             * @description 1: answered as usual, charged nothing, and a no-bid says why.
             * @enum {integer}
             */
            test?: 0 | 1;
            /** @description Milliseconds that the exchange waits. */
            tmax?: number;
            cur?: string[];
            wseat?: string[];
            bseat?: string[];
            acat?: string[];
            bcat?: string[];
            cattax?: number;
            badv?: string[];
            bapp?: string[];
            ext?: {
                /**
                 * @description 1, with a management key: why each candidate bids or not.
                 * @enum {integer}
                 */
                explain?: 0 | 1;
            };
        };
        /** @description At most one bid an imp. */
        BidResponse: {
            id: string;
            /** @description Bids by seat. */
            seatbid: {
                bid: components["schemas"]["Bid"][];
                seat: string;
            }[];
            cur: string;
            /** @description With `ext.explain` in the request and a management key. */
            ext?: {
                explain: components["schemas"]["Explanation"];
            };
        };
        /** @description Only for `test` and `ext.explain`; otherwise 204. */
        NoBid: {
            id: string;
            /**
             * @description Why there is no bid: 0 unknown, 1 technicalError, 2 invalidRequest, 3 knownCrawler, 9 userCapMet, 15 insufficientTime, 16 incompleteSchain, 17 blockedSchainNode, 500 noCampaignMatches, 501 belowFloor, 502 creativeDoesNotFit, 503 blockedByRequest, 504 budgetOrPacing, 505 notSecure, 506 currencyWithoutRate, 507 dealOrSeat, 508 overloaded, 509 ledgerAway, 510 identifierNeeded, 511 mediaTypeNotServed.
             * @enum {integer}
             */
            nbr: 0 | 1 | 2 | 3 | 9 | 15 | 16 | 17 | 500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 509 | 510 | 511;
            /** @description With `ext.explain` in the request and a management key. */
            ext?: {
                explain: components["schemas"]["Explanation"];
            };
        };
        Bid: {
            id: string;
            impid: string;
            /** @description CPM in `cur`. */
            price: number;
            /** @description Markup, with `${AUCTION_PRICE}` and the like left to the exchange. */
            adm: string;
            adomain: string[];
            cat?: string[];
            cattax?: number;
            attr?: number[];
            /** @description The ad’s id. */
            crid: string;
            /** @description The ad’s id. */
            adid: string;
            w: number;
            h: number;
            mtype: number;
            /** @description The campaign’s id. */
            cid: string;
            dealid?: string;
            /** @description Seconds that the bid’s money is held. */
            exp: number;
            nurl: string;
            burl: string;
            lurl: string;
        };
        Explanation: {
            /** @description By imp. */
            imps: {
                impid: string;
                /**
                 * @description Why there is no bid: 0 unknown, 1 technicalError, 2 invalidRequest, 3 knownCrawler, 9 userCapMet, 15 insufficientTime, 16 incompleteSchain, 17 blockedSchainNode, 500 noCampaignMatches, 501 belowFloor, 502 creativeDoesNotFit, 503 blockedByRequest, 504 budgetOrPacing, 505 notSecure, 506 currencyWithoutRate, 507 dealOrSeat, 508 overloaded, 509 ledgerAway, 510 identifierNeeded, 511 mediaTypeNotServed.
                 * @enum {integer}
                 */
                nbr: 0 | 1 | 2 | 3 | 9 | 15 | 16 | 17 | 500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 509 | 510 | 511;
                /** @description The best-paying campaigns. */
                candidates: {
                    campaignId: string;
                    /** @enum {string} */
                    reason: "targeting" | "schedule" | "media_type" | "size" | "model" | "seat" | "deal" | "currency" | "floor" | "not_secure" | "creative" | "blocked" | "identifier" | "frequency_caps" | "budget" | "eligible";
                    /** @description The rule that decides. */
                    rule: string;
                }[];
            }[];
            /** @description There are more campaigns than are told. */
            truncated: boolean;
        };
        CampaignReport: {
            /** @description The campaign. */
            campaignId: string;
            dateRange: {
                /**
                 * Format: date
                 * @description The first day.
                 */
                start: string;
                /**
                 * Format: date
                 * @description The last day.
                 */
                end: string;
            };
            summary: {
                /** @description Ads that were shown. */
                totalImpressions: number;
                /** @description Clicks. */
                totalClicks: number;
                /** @description Conversions. */
                totalConversions: number;
                /** @description Clicks of a hundred impressions. To 4 places; null where there is nothing to divide by. */
                ctr: number | null;
                /** @description USD. */
                totalSpend: number;
                /** @description USD a click. To 4 places; null where there is nothing to divide by. */
                cpc: number | null;
                /** @description USD a thousand impressions. To 4 places; null where there is nothing to divide by. */
                cpm: number | null;
            };
            /** @description Every day of the range. */
            dailyMetrics: {
                /**
                 * Format: date
                 * @description In UTC.
                 */
                date: string;
                /** @description Ads that were shown. */
                impressions: number;
                /** @description Clicks. */
                clicks: number;
                /** @description Conversions. */
                conversions: number;
                /** @description Clicks of a hundred impressions. To 4 places; null where there is nothing to divide by. */
                ctr: number | null;
                /** @description USD. */
                spend: number;
                /** @description USD a click. To 4 places; null where there is nothing to divide by. */
                cpc: number | null;
            }[];
            /** @description Accepted by this server and not yet committed; repeats among it will not count. */
            pending: {
                /** @description Ads that were shown. */
                impressions: number;
                /** @description Clicks. */
                clicks: number;
                /** @description Conversions. */
                conversions: number;
            };
            /** @description Postgres could not be asked: this is what was known last. */
            stale: boolean;
        };
        AdReport: {
            /** @description The ad. */
            adId: string;
            /** @description A campaign has it. */
            known: boolean;
            /** @description Every bucket of the range. */
            buckets: {
                /**
                 * Format: date-time
                 * @description Where it begins, in UTC.
                 */
                start: string;
                /** @description Ads that were shown. */
                impressions: number;
                /** @description Clicks. */
                clicks: number;
                /** @description Conversions. */
                conversions: number;
            }[];
            /** @description Accepted by this server and not yet committed; repeats among it will not count. */
            pending: {
                /** @description Ads that were shown. */
                impressions: number;
                /** @description Clicks. */
                clicks: number;
                /** @description Conversions. */
                conversions: number;
            };
            /** @description Postgres could not be asked: this is what was known last. */
            stale: boolean;
        };
        Error: {
            /** @enum {string} */
            error: "INVALID_REQUEST" | "UNAUTHORIZED" | "FORBIDDEN" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "CONFLICT" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "UNPROCESSABLE" | "RATE_LIMITED" | "UNAVAILABLE";
            /** @description Which field, and what is wrong with it. */
            message: string;
            /** @description That of the log. */
            requestId: string;
            /** @description Each field by itself, where fields are wrong. */
            details?: {
                /** @description Its path. */
                field: string;
                /** @description What is wrong. */
                message: string;
            }[];
        };
        CampaignPage: {
            /** @description The newest last. */
            items: components["schemas"]["Campaign"][];
            /** @description `cursor` of the next page; null: this is the last. */
            nextCursor: string | null;
        };
        AuditPage: {
            /** @description The last change first. */
            items: {
                /**
                 * Format: date-time
                 * @description When.
                 */
                at: string;
                /** @description Who: `admin`, `key:<name>`, or the database’s user. */
                actor: string;
                /** @description What was done. */
                action: string;
                /** @description null: it was not there. The campaign, or the row that plain SQL wrote. */
                before: Record<string, never> | null;
                /** @description The campaign, or the row that plain SQL wrote. */
                after: Record<string, never> | null;
            }[];
            /** @description `cursor` of the next page; null: this is the last. */
            nextCursor: string | null;
        };
        Health: {
            /** @enum {string} */
            status: "ok" | "degraded";
            checks: {
                /** @enum {string} */
                redis: "up" | "down" | "embedded";
                /** @enum {string} */
                kafka: "up" | "down" | "embedded";
                /** @enum {string} */
                postgres: "up" | "down" | "embedded";
            };
            /** @description Whether calls are sent (`closed`), with a Redis; of a cluster, the worst of its masters. */
            breakers?: {
                /** @enum {string} */
                redis: "closed" | "half-open" | "open";
            };
            /**
             * @description Campaigns with frequency caps bid only while they are `up`; `rebuilding`: Redis lost them, and they are put back from Postgres.
             * @enum {string}
             */
            caps: "up" | "away" | "rebuilding";
            /** @description Where the campaigns that are served came from. */
            index: {
                /** @constant */
                source: "postgres";
            } | {
                /** @constant */
                source: "disk";
                /** @description The last change in it. */
                version: number;
                /**
                 * Format: date-time
                 * @description When it was written.
                 */
                savedAt: string;
            };
        };
    };
    responses: {
        /** @description INVALID_REQUEST: A field is missing, or of a wrong type or form. */
        INVALID_REQUEST: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description UNAUTHORIZED: The key or the token is missing, wrong or altered. */
        UNAUTHORIZED: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description FORBIDDEN: The key may read, not change; or it is for another advertiser. */
        FORBIDDEN: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description NOT_FOUND: There is no such campaign or ad. */
        NOT_FOUND: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description CONFLICT: The campaign has changed since the ETag of `If-Match`, or has ended. */
        CONFLICT: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description BODY_TOO_LARGE: The body is larger than it may be. */
        BODY_TOO_LARGE: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description UNSUPPORTED_MEDIA_TYPE: The body is neither JSON nor text, or in an unknown encoding. */
        UNSUPPORTED_MEDIA_TYPE: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description UNPROCESSABLE: A rule forbids it: the message names the field and the rule. */
        UNPROCESSABLE: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description UNAVAILABLE: This can not be done now: send it again. */
        UNAVAILABLE: {
            headers: {
                "x-request-id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description The client’s `x-request-id`, or a new one. */
        RequestId: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    bidOpenRtb: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BidRequest"];
            };
        };
        responses: {
            /** @description Bids, or for `test` and `ext.explain` why there is none. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description On every answer. */
                    "x-openrtb-version": "2.6";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BidResponse"] | components["schemas"]["NoBid"];
                };
            };
            /** @description No bid. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description On every answer. */
                    "x-openrtb-version": "2.6";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
        };
    };
    requestBid: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BidRequestForm"];
            };
        };
        responses: {
            /** @description An ad. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BidRequestAnswer"];
                };
            };
            /** @description No ad. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
        };
    };
    bid: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BidForm"];
            };
        };
        responses: {
            /** @description An ad. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BidAnswer"];
                };
            };
            /** @description No ad. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    serve: {
        parameters: {
            query: {
                /** @description Whom frequency caps count for; kept only as a salted hash. */
                userId: string;
                /** @description A value of the dimension `placement`; a text holds no NUL and no half of a surrogate pair. */
                placementId: string;
                /** @description ISO 3166-1 alpha-2; without it, by the client’s address. */
                countryCode?: string;
                /** @description A value of the dimension `deviceType`. */
                deviceType?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An ad. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServeAnswer"];
                };
            };
            /** @description No ad. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    getDelivery: {
        parameters: {
            query: {
                /** @description The app’s bundle. */
                app: string;
                /** @description A value of the dimension `os`. */
                os: string;
                /** @description ISO 3166-1 alpha-2. */
                country: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaigns that apply. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
            /** @description None applies. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
        };
    };
    listDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeliveryForm"];
            };
        };
        responses: {
            /** @description The campaigns that apply. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
            /** @description None applies. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
        };
    };
    trackImpression: {
        parameters: {
            query?: {
                /** @description The signed token of the impression. */
                t?: string;
                /** @description The ad, where there is no token. */
                ad_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A transparent GIF of one pixel. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "image/gif": unknown;
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    trackConversion: {
        parameters: {
            query?: {
                /** @description The signed token of the conversion. */
                t?: string;
                /** @description The ad, where there is no token. */
                ad_id?: string;
                /** @description What it is worth, in USD. */
                value?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A transparent GIF of one pixel. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "image/gif": unknown;
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    trackClick: {
        parameters: {
            query?: {
                /** @description The signed token of the click. */
                t?: string;
                /** @description The ad, where there is no token. */
                adId?: string;
                /** @description Not kept: the campaign is the one that has the ad. */
                campaignId?: string;
                /** @description Whom the event names. */
                userId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the landing page. */
            302: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description The landing page. */
                    location: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    postClick: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClickForm"];
            };
        };
        responses: {
            /** @description It is kept. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    track: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What it is. */
                type: "impression" | "click" | "conversion";
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrackedEvent"];
            };
        };
        responses: {
            /** @description It is kept. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrackedAnswer"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    postEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostedEvents"];
            };
        };
        responses: {
            /** @description They are kept. */
            202: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostedAnswer"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    noticeWin: {
        parameters: {
            query: {
                /** @description The signed token of the notice. */
                t: string;
                /** @description `${AUCTION_PRICE}`; without a sound one, at most the bid, nothing is booked. */
                price?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is kept. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    noticeBilling: {
        parameters: {
            query: {
                /** @description The signed token of the notice. */
                t: string;
                /** @description `${AUCTION_PRICE}`; without a sound one, at most the bid, nothing is booked. */
                price?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is kept. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    noticeLoss: {
        parameters: {
            query: {
                /** @description The signed token of the notice. */
                t: string;
                /** @description `${AUCTION_LOSS}` */
                reason?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is kept. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    listCampaigns: {
        parameters: {
            query?: {
                /** @description Only these. */
                status?: "active" | "paused" | "ended";
                /** @description Only this one’s. */
                advertiserId?: string;
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of an earlier answer. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignPage"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    createCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key again gets the same answer, and changes nothing. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CampaignInput"];
            };
        };
        responses: {
            /** @description The campaign. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    /** @description Where it is read. */
                    location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    readCampaign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaign. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    replaceCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CampaignInput"];
            };
        };
        responses: {
            /** @description The campaign. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    endCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    patchCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["CampaignPatch"];
                "application/json": components["schemas"]["CampaignPatch"];
            };
        };
        responses: {
            /** @description The campaign. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    pauseCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
                /** @description The same key again gets the same answer, and changes nothing. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaign. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    resumeCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
                /** @description The same key again gets the same answer, and changes nothing. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaign. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Campaign"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    auditCampaign: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of an earlier answer. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    addAd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
                /** @description The same key again gets the same answer, and changes nothing. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdInput"];
            };
        };
        responses: {
            /** @description The ad. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    /** @description Where it is read. */
                    location: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ad"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    readAd: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The campaign. */
                id: string;
                /** @description The ad. */
                adId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ad. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ad"];
                };
            };
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    removeAd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
                /** @description The ad. */
                adId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is out. */
            204: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    patchAd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the change is meant for; another one is a 409. */
                "If-Match"?: string;
            };
            path: {
                /** @description The campaign. */
                id: string;
                /** @description The ad. */
                adId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/merge-patch+json": components["schemas"]["AdPatch"];
                "application/json": components["schemas"]["AdPatch"];
            };
        };
        responses: {
            /** @description The ad. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    /** @description Of the campaign, for `If-Match`. */
                    etag: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ad"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            409: components["responses"]["CONFLICT"];
            413: components["responses"]["BODY_TOO_LARGE"];
            415: components["responses"]["UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    reportCampaign: {
        parameters: {
            query?: {
                /** @description The first day; without it the range has 30. */
                startDate?: string;
                /** @description The last day; without it: today. */
                endDate?: string;
            };
            header?: never;
            path: {
                /** @description The campaign. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its totals. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CampaignReport"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    reportAd: {
        parameters: {
            query?: {
                /** @description How long a bucket is. */
                bucket?: "minute" | "hour" | "day";
                /** @description Without it: 60 minutes, 24 hours or 30 days up to the end. */
                start?: string;
                /** @description Without it: now. */
                end?: string;
            };
            header?: never;
            path: {
                /** @description The ad, or any id that was reported. */
                adId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its totals. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdReport"];
                };
            };
            400: components["responses"]["INVALID_REQUEST"];
            401: components["responses"]["UNAUTHORIZED"];
            404: components["responses"]["NOT_FOUND"];
            422: components["responses"]["UNPROCESSABLE"];
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    readHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its health. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    readLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
        };
    };
    readReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It may. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Changes by the second. */
                    "cache-control": "no-store";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        status: "ready";
                    };
                };
            };
            503: components["responses"]["UNAVAILABLE"];
        };
    };
    readMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus’s text format. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    readOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Any page may ask. */
                    "access-control-allow-origin": "*";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    readDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page that loads nothing more. */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    /** @description Allows the page itself and nothing else. */
                    "content-security-policy": string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
}
