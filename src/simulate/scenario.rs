//! Named markets. A scenario is a row of knobs and nothing else: `path` and `plant` read it.

/// Who moves first in a joint rise, and how far apart the members move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Everybody within two days, in no order.
    Together,
    /// Always in the same order, this many days apart.
    Leader(usize),
    /// This many days apart, another one first each time.
    Rotating(usize),
}

/// A rise of one seller above its market.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Single {
    /// Price over what it would be.
    pub factor: (f64, f64),
    /// Days it lasts.
    pub days: (usize, usize),
    /// Steps, five days apart, in which it climbs.
    pub steps: usize,
    /// First day, as a share of the period.
    pub from: (f64, f64),
}

/// Rises that a group makes together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Joint {
    /// Members.
    pub members: (usize, usize),
    /// Rises in the period.
    pub rises: (usize, usize),
    /// Size of a rise, as a share.
    pub size: (f64, f64),
    /// Who moves when.
    pub order: Order,
    /// Chance that a member does not take part in a rise.
    pub cheat: f64,
    /// A price war of ten days in mid-period, as a share of the price; 0 = none.
    pub war: f64,
    /// Small steps, six days apart, into which each rise is cut.
    pub creep: usize,
    /// All members go to one and the same price.
    pub focal: bool,
    /// Goods among which the rises are dealt out in turn.
    pub goods: usize,
}

/// What kind of market.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scenario {
    /// Kebab-case name.
    pub name: &'static str,
    /// One line, Chinese and English.
    pub about: (&'static str, &'static str),
    /// Whether cases are planted where the user asks for no number of them.
    pub planted: bool,
    /// Waves of cost: middle day, days (a logistic scale; 0 = overnight), change as a share of the opening cost.
    pub waves: &'static [(f64, f64, f64)],
    /// Days by which the waves reach each city after the one before.
    pub wave_delay: usize,
    /// Share of a change of cost that a seller passes on.
    pub pass_through: (f64, f64),
    /// Days after which it does.
    pub lag_days: (usize, usize),
    /// Further days before a fall is passed on.
    pub fall_lag_days: usize,
    /// Log distance from its target at which a seller reprices.
    pub menu: (f64, f64),
    /// Share of sellers who reprice on one weekday of their own …
    pub weekly: f64,
    /// … on Mondays …
    pub mondays: f64,
    /// … on the first of the month.
    pub month_ends: f64,
    /// Promotions: chance per day, share off, longest days.
    pub promotions: (f64, f64, usize),
    /// Share of sellers who promise never to be dearer than the shop next door.
    pub matching: f64,
    /// Suppliers per city and good with list prices of their own, whose customers all follow; 0 = none.
    pub suppliers: usize,
    /// Rises one seller announces in public, and the share of sellers who follow by themselves within five days.
    pub announced: (usize, f64),
    /// Chance per day of selling out, for 5 to 25 days.
    pub stock_outs: f64,
    /// Share of sellers who come late.
    pub entrants: f64,
    /// Share of days on which a price is collected …
    pub seen: f64,
    /// … of every this many days.
    pub every: usize,
    /// Share of sellers whose prices end in 9.
    pub endings: f64,
    /// Single rises.
    pub single: Single,
    /// Joint rises.
    pub joint: Joint,
}

/// The default: the melt-blown shock of 2020, cost at 2.5 times around day 45 and partly back around day 85.
pub const STANDARD: Scenario = Scenario {
    name: "standard",
    about: ("成本冲击 2.5 倍，有个体与群体案例", "a cost shock of 2.5×, single cases and groups"),
    planted: true,
    waves: &[(45.0, 4.0, 1.5), (85.0, 4.0, -0.6)],
    wave_delay: 0,
    pass_through: (0.6, 1.1),
    lag_days: (0, 15),
    fall_lag_days: 0,
    menu: (0.03, 0.09),
    weekly: 0.25,
    mondays: 0.0,
    month_ends: 0.0,
    promotions: (0.008, 0.1, 5),
    matching: 0.0,
    suppliers: 0,
    announced: (0, 0.0),
    stock_outs: 0.0,
    entrants: 0.08,
    seen: 0.88,
    every: 1,
    endings: 0.0,
    single: Single { factor: (1.3, 2.2), days: (14, 30), steps: 1, from: (0.4, 0.75) },
    joint: Joint {
        members: (3, 8),
        rises: (2, 4),
        size: (0.06, 0.18),
        order: Order::Together,
        cheat: 0.0,
        war: 0.0,
        creep: 1,
        focal: false,
        goods: 1,
    },
};
const LAWFUL: Scenario = Scenario { planted: false, ..STANDARD };
const SINGLE: Single = STANDARD.single;
const JOINT: Joint = STANDARD.joint;

const fn lawful(name: &'static str, zh: &'static str, en: &'static str) -> Scenario {
    Scenario { name, about: (zh, en), ..LAWFUL }
}

const fn singles(name: &'static str, zh: &'static str, en: &'static str, single: Single) -> Scenario {
    Scenario { name, about: (zh, en), single, ..STANDARD }
}

const fn groups(name: &'static str, zh: &'static str, en: &'static str, joint: Joint) -> Scenario {
    Scenario { name, about: (zh, en), joint, ..STANDARD }
}

/// Every scenario: the default, lawful markets, markets with unlawful conduct.
pub const SCENARIOS: &[Scenario] = &[
    STANDARD,
    lawful("lawful", "同样的成本冲击，没有案例", "the same shock, nothing planted"),
    Scenario { waves: &[], ..lawful("calm", "成本不变", "cost stands still") },
    Scenario {
        waves: &[(60.0, 0.0, 0.6)],
        ..lawful("overnight", "成本一夜上涨六成", "cost up by six tenths overnight")
    },
    Scenario {
        waves: &[(35.0, 2.0, 0.8), (55.0, 3.0, -0.5), (90.0, 2.0, 1.0)],
        ..lawful("two-waves", "两轮冲击，中间回落", "two shocks and a fall between")
    },
    Scenario {
        waves: &[(70.0, 20.0, 1.5)],
        ..lawful("slow-rise", "成本缓慢上涨三个月", "cost creeps up over three months")
    },
    Scenario {
        wave_delay: 12, ..lawful("regional", "冲击逐城到达，相隔 12 天", "the shock reaches city after city")
    },
    Scenario {
        pass_through: (0.2, 1.5),
        lag_days: (0, 30),
        ..lawful("uneven", "传导 20%–150%，滞后至 30 天", "pass-through of 20 to 150 %, lags up to 30 days")
    },
    Scenario { fall_lag_days: 25, ..lawful("rockets-feathers", "快涨慢跌", "rises pass on fast, falls slowly") },
    Scenario {
        mondays: 0.8, weekly: 0.0, ..lawful("mondays", "八成在周一调价", "four in five reprice on Mondays")
    },
    Scenario {
        month_ends: 0.8,
        weekly: 0.0,
        ..lawful("month-ends", "八成在月初调价", "four in five reprice on the first of the month")
    },
    Scenario {
        promotions: (0.06, 0.3, 4),
        ..lawful("flash-sales", "频繁闪促，七折", "frequent flash promotions of 30 %")
    },
    Scenario {
        matching: 0.6, ..lawful("matching", "六成承诺不高于邻店", "three in five match the shop next door")
    },
    Scenario {
        announced: (3, 0.5),
        ..lawful("announced", "公开宣布涨价，半数自行跟随", "public announcements that half follow by themselves")
    },
    Scenario {
        suppliers: 4,
        ..lawful("suppliers", "四家供应商各自调价，客户随之", "four suppliers whose customers follow their lists")
    },
    Scenario {
        stock_outs: 0.02,
        entrants: 0.3,
        ..lawful("stock-outs", "断货与新进入者多", "many stock-outs and entrants")
    },
    Scenario { endings: 0.9, ..lawful("endings", "九成价格以 9 结尾", "nine in ten prices end in 9") },
    Scenario { every: 7, seen: 0.95, ..lawful("weekly", "每周采价一次", "collected once a week") },
    Scenario { menu: (0.12, 0.25), ..lawful("sticky", "少调价、每次幅度大", "few and large changes") },
    Scenario {
        every: 7,
        seen: 0.95,
        ..singles("weekly-cases", "每周采价一次，有案例", "collected once a week, with cases", SINGLE)
    },
    singles(
        "early",
        "个体涨价恰在冲击之中",
        "single rises in the midst of the shock",
        Single { from: (0.22, 0.45), ..SINGLE },
    ),
    singles("lasting", "个体涨价不回落", "single rises that stay", Single { days: (60, 140), ..SINGLE }),
    singles("stairs", "个体分三步涨价", "single rises in three steps", Single { steps: 3, days: (25, 40), ..SINGLE }),
    singles("slight", "个体涨 20%–30%", "single rises of 20 to 30 %", Single { factor: (1.2, 1.3), ..SINGLE }),
    Scenario {
        waves: &[(35.0, 2.0, 0.8), (55.0, 3.0, -0.5), (90.0, 2.0, 1.0)],
        pass_through: (0.4, 1.3),
        lag_days: (0, 25),
        fall_lag_days: 10,
        mondays: 0.3,
        month_ends: 0.1,
        promotions: (0.02, 0.2, 5),
        matching: 0.1,
        suppliers: 3,
        stock_outs: 0.01,
        entrants: 0.15,
        endings: 0.3,
        ..singles("everything", "以上各种干扰一起出现，有案例", "all of these at once, with cases", SINGLE)
    },
    groups(
        "leader",
        "固定领头，逐日跟随",
        "one leader, the others a day apart",
        Joint { order: Order::Leader(1), ..JOINT },
    ),
    groups(
        "rotating",
        "轮流领头，逐日跟随",
        "the leader rotates, a day apart",
        Joint { order: Order::Rotating(1), ..JOINT },
    ),
    groups("cheating", "成员三成时候不跟", "members stay away from three rises in ten", Joint { cheat: 0.3, ..JOINT }),
    groups("punished", "期中价格战，之后恢复", "a price war in mid-period, then recovery", Joint { war: 0.2, ..JOINT }),
    groups("creeping", "每次涨价分四小步", "each rise in four small steps", Joint { creep: 4, ..JOINT }),
    groups(
        "across-goods",
        "群体轮流在两种商品上同步涨价",
        "the rises are dealt out among two goods in turn",
        Joint { goods: 2, ..JOINT },
    ),
    groups("focal", "成员涨到同一价格", "members rise to one and the same price", Joint { focal: true, ..JOINT }),
];

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|s| s.name == name)
}
