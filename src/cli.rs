//! What did the user ask? The only home of clap.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::casebook::Standing;
use crate::certification;
use crate::detect::SCREENS;
use crate::detect::tender::joined::Scope;
use crate::ingest::date::parse_date;
use crate::ingest::series::Pick;
use crate::law::{self, TESTS};
use crate::model::{Day, Lang, TableKind, TextStatus};
use crate::run::tenders::Training;
use crate::run::{self, DispositionJob, ImportJob, ImportOutcome, Job, SegmentJob};
use crate::simulate::scenario::{SCENARIOS, Scenario};
use crate::simulate::{self, Plan};
use crate::{evaluate, report, settings};

/// 价格监督：从价格与交易文件中找出疑似异常涨价、同步涨价线索。
/// Price supervision: ranked, traceable leads from price and transaction files.
#[derive(Parser)]
#[command(name = "pricewatch", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 主任务：读入、检查、筛查、排序、出报告 / read, check, detect, rank, report
    Run {
        #[command(flatten)]
        inputs: Inputs,
        #[command(flatten)]
        common: Common,
        /// 分析这本案册，不给输入文件 / analyse this casebook instead of input files
        #[arg(long)]
        casebook: Option<PathBuf>,
        /// 输出目录 / output folder
        #[arg(long)]
        out: PathBuf,
        /// 覆盖非空目录 / replace a non-empty folder
        #[arg(long)]
        force: bool,
    },
    /// 只读入并检查 / read and validate only
    Check {
        #[command(flatten)]
        inputs: Inputs,
        #[command(flatten)]
        common: Common,
    },
    /// 起草设置文件 / draft a settings file
    Init {
        /// 样本文件 / sample files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// 写到 / write to
        #[arg(long, default_value = "pricewatch.toml")]
        out: PathBuf,
        /// 覆盖已有文件 / replace an existing file
        #[arg(long)]
        force: bool,
    },
    /// 列出筛查与规则，或显示其说明 / list screens, tests and rules, or show the page of one
    Explain {
        /// 筛查编号 / screen id
        id: Option<String>,
        /// 语言 / language
        #[arg(long, value_enum, default_value_t = LangArg::Zh)]
        lang: LangArg,
        /// 另加的规则文件（可多次）/ a rule file of your own (may be repeated)
        #[arg(long)]
        rule_file: Vec<PathBuf>,
    },
    /// 与已知真相比较 / score a run against known truth
    Evaluate {
        /// truth.json
        #[arg(long, required_unless_present = "grid")]
        truth: Option<PathBuf>,
        /// 运行输出目录 / output folder of a run
        #[arg(long, required_unless_present = "grid")]
        run: Option<PathBuf>,
        /// 改为逐个模拟情景评分，打印总表 / instead simulate every scenario and print the table of scores
        #[arg(long, conflicts_with_all = ["truth", "run"])]
        grid: bool,
        /// 只评这些情景 / only these scenarios
        #[arg(long, requires = "grid", num_args = 1..)]
        scenario: Vec<String>,
        /// 每个情景从此种子起 / first seed of each scenario
        #[arg(long, requires = "grid", default_value_t = 501)]
        first_seed: u64,
        /// 每个情景的市场数 / worlds per scenario
        #[arg(long, requires = "grid", default_value_t = 3)]
        worlds: u64,
        /// 不给成本序列 / without the cost series
        #[arg(long, requires = "grid")]
        without_costs: bool,
    },
    /// 生成带有已知案例的模拟市场 / write a market with planted cases
    Simulate {
        /// 种子 / seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// 输出目录 / output folder
        #[arg(long, required_unless_present = "list")]
        out: Option<PathBuf>,
        /// 情景 / scenario
        #[arg(long, default_value = "standard")]
        scenario: String,
        /// 列出情景 / list the scenarios
        #[arg(long)]
        list: bool,
        /// 城市数 / cities
        #[arg(long, default_value_t = 2)]
        cities: usize,
        /// 每城经营者数 / sellers per city
        #[arg(long, default_value_t = 30)]
        sellers: usize,
        /// 商品数（1 至 4）/ goods (1 to 4)
        #[arg(long, default_value_t = 3)]
        goods: usize,
        /// 天数 / days
        #[arg(long, default_value_t = 100)]
        days: usize,
        /// 植入的个体涨价数；默认 5，合法情景为 0 / planted single rises; 5 unless the scenario is lawful
        #[arg(long)]
        gougers: Option<usize>,
        /// 植入的群体数；默认 2，合法情景为 0 / planted groups; 2 unless the scenario is lawful
        #[arg(long)]
        cartels: Option<usize>,
        /// 中文表头、GB18030、表头上方有标题行 / Chinese headers, GB18030, banner rows
        #[arg(long)]
        gb18030: bool,
        /// 另写逐笔销售（含进价）/ also the sales behind the prices, with purchase costs
        #[arg(long)]
        transactions: bool,
        /// 改为生成其他行为的市场：囤积、搭售、收费、虚构原价、低标高收、证书 / instead a market of other conducts
        #[arg(long)]
        conducts: bool,
        /// 改为生成招投标：合法的、有团伙的、平均价中标的 / instead tenders: lawful, with rings, average-bid
        #[arg(long, conflicts_with = "conducts")]
        tenders: bool,
    },
    /// 线索的证据文件夹：图、原始行、计算、方法、哈希 / the evidence folder of a lead
    Evidence {
        /// 运行输出目录 / output folder of a run
        #[arg(long)]
        run: PathBuf,
        /// 线索编号 / lead ids
        #[arg(required = true)]
        leads: Vec<String>,
        /// 输出目录，默认在运行目录旁 / output folder, beside the run by default
        #[arg(long)]
        out: Option<PathBuf>,
        /// 覆盖非空目录 / replace a non-empty folder
        #[arg(long)]
        force: bool,
    },
    /// 一企一档：每家一份 HTML 和 JSON / one file per enterprise, HTML and JSON
    Dossier {
        /// 运行输出目录 / output folder of a run
        #[arg(long)]
        run: PathBuf,
        /// 经营者编号或名称；不写则为所有有线索的 / seller ids or names; all with a lead where none is given
        sellers: Vec<String>,
        /// 输出目录，默认在运行目录旁 / output folder, beside the run by default
        #[arg(long)]
        out: Option<PathBuf>,
        /// 上次运行的目录，用来列出变化 / folder of the run before, to list what changed
        #[arg(long)]
        previous: Option<PathBuf>,
        /// 覆盖非空目录 / replace a non-empty folder
        #[arg(long)]
        force: bool,
    },
    /// 一个序列在何时变化：CSV（时间与数值列）或 JSON / when one series changed: CSV (a time and value columns) or JSON
    Segment {
        /// 文件 / files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// 数值列；只有一个数值列时可不写 / value columns; not needed where only one is numeric
        #[arg(long, num_args = 1..)]
        value: Vec<String>,
        /// 时间列，只用于标注 / time column, for labels only
        #[arg(long)]
        time: Option<String>,
        /// 取对数 / logarithms
        #[arg(long)]
        log: bool,
        /// 改为分成平段，每处变化加此惩罚（标准化后的平方误差）/ level pieces at this penalty per change instead (squared error of the standardised series)
        #[arg(long)]
        penalty: Option<f64>,
        /// 人工标注（JSON），用来打分 / marks of people (JSON) to score against
        #[arg(long)]
        annotations: Option<PathBuf>,
        /// 输出 JSON / print JSON
        #[arg(long)]
        json: bool,
        /// 语言 / language
        #[arg(long, value_enum, default_value_t = LangArg::Zh)]
        lang: LangArg,
    },
    /// 把文件记入案册（每周一次）/ add files to a casebook (every week)
    Import {
        /// 文件、通配符或目录，依次记入 / files, globs or folders, in this order
        #[arg(required = true)]
        files: Vec<String>,
        /// 案册目录，没有就新建 / the casebook's folder, made where there is none
        #[arg(long)]
        casebook: PathBuf,
        /// 全部文件都是这种表，不用识别 / the table of every file, instead of recognising it
        #[arg(long, value_enum)]
        table: Option<TableArg>,
        /// 取代案册里的哪个文件：名称、编号或哈希 / which file of the casebook it takes the place of: name, number or hash
        #[arg(long)]
        supersedes: Option<String>,
        /// 同名文件是更正件，取代旧的 / files take the place of earlier ones of the same name
        #[arg(long, conflicts_with = "supersedes")]
        corrected: bool,
        /// 谁记入的 / who brings them
        #[arg(long)]
        by: Option<String>,
        /// 何日记入 / on which day
        #[arg(long)]
        when: Option<String>,
        /// 设置文件：列的对应，以后同样表头会记住 / settings: the mapping of columns, remembered for the same header
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// 记录对线索的处置 / record what was decided on a lead
    Disposition {
        /// 线索编号 / lead id
        lead: String,
        /// 案册目录 / the casebook's folder
        #[arg(long)]
        casebook: PathBuf,
        /// 处置状态 / what was decided
        #[arg(long, value_enum)]
        status: StandingArg,
        /// 备注 / remark
        #[arg(long, default_value = "")]
        note: String,
        /// 告诫日期，供须先告诫的规则使用 / day of a notice, for the rules that need one
        #[arg(long)]
        notice_date: Option<String>,
        /// 谁决定的 / who decided
        #[arg(long)]
        by: Option<String>,
        /// 何日决定 / on which day
        #[arg(long)]
        when: Option<String>,
    },
    /// 两次运行对比：新增、持续、加重、缓和、消失 / two runs side by side
    Compare {
        /// 上次的输出目录 / output folder of the run before
        old: PathBuf,
        /// 本次的输出目录 / output folder of this run
        new: PathBuf,
        /// 写到，默认在本次目录旁 / output folder, beside the new run by default
        #[arg(long)]
        out: Option<PathBuf>,
        /// 语言 / language
        #[arg(long, value_enum, default_value_t = LangArg::Zh)]
        lang: LangArg,
        /// 覆盖非空目录 / replace a non-empty folder
        #[arg(long)]
        force: bool,
    },
    /// 用带标签的招投标文件检验并训练模型 / test scores on labelled tenders, and train a model
    TrainTenders {
        /// 招投标文件，每个文件一个市场 / tenders; each file is a market
        #[arg(required = true)]
        files: Vec<String>,
        /// 标签列的表头：该次招标是否串标（1 或 0）/ header of the label of a tender (1 or 0)
        #[arg(long)]
        labels: String,
        /// 投标人标签列的表头 / header of the label of a bidder
        #[arg(long)]
        bidder_labels: Option<String>,
        /// 模型可用的特征 / what the model may use
        #[arg(long, value_enum, default_value_t = ScopeArg::Product)]
        features: ScopeArg,
        /// 模型写到；不写则只检验 / where the model goes; only tests where not given
        #[arg(long)]
        out: Option<PathBuf>,
        /// 普通交叉检验的次数 / repeats of plain validation
        #[arg(long, default_value_t = 3)]
        repeats: u64,
        /// 设置文件 / settings file
        #[arg(long)]
        config: Option<PathBuf>,
        /// 种子 / seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// 重新计算清单（或案册）中的每个哈希 / recompute every hash of the manifest, or of a casebook
    Verify {
        /// 运行输出目录或案册 / output folder of a run, or a casebook
        dir: PathBuf,
    },
    /// 补全脚本 / shell completions
    Completions {
        /// 外壳 / shell
        shell: clap_complete::Shell,
    },
}

/// What a tender model may use.
#[derive(Clone, Copy, ValueEnum)]
enum ScopeArg {
    /// The bids alone.
    Bids,
    /// And what is usual for the product.
    Product,
    /// And how often the bidders meet.
    Bidders,
}

/// Files, globs, directories, or `-` for standard input.
#[derive(Args)]
struct Inputs {
    /// 标价文件（可用通配符、目录，或 - 表示标准输入）/ posted prices (globs, folders, or - for standard input)
    #[arg(long, num_args = 1..)]
    prices: Vec<String>,
    /// 交易文件 / transactions
    #[arg(long, num_args = 1..)]
    transactions: Vec<String>,
    /// 成本文件 / costs
    #[arg(long, num_args = 1..)]
    costs: Vec<String>,
    /// 企业文件 / enterprises (owners)
    #[arg(long, num_args = 1..)]
    enterprises: Vec<String>,
    /// 告诫、约谈、处罚记录 / notices, interviews, penalties
    #[arg(long, num_args = 1..)]
    notices: Vec<String>,
    /// 证书 / certificates
    #[arg(long, num_args = 1..)]
    certificates: Vec<String>,
    /// 最高限价 / legal maximum prices
    #[arg(long, num_args = 1..)]
    caps: Vec<String>,
    /// 投标报价 / bids of tenders
    #[arg(long, num_args = 1..)]
    tenders: Vec<String>,
}

#[derive(Args)]
struct Common {
    /// 设置文件 / settings file
    #[arg(long)]
    config: Option<PathBuf>,
    /// 分析日期，默认数据中最晚的一天 / analysis date, default the newest in the data
    #[arg(long)]
    as_of: Option<String>,
    /// 语言 / language
    #[arg(long, value_enum, default_value_t = LangArg::Zh)]
    lang: LangArg,
    /// 种子 / seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 线程数 / threads
    #[arg(long)]
    threads: Option<usize>,
    /// 只检验这些规则（编号或其开头，可多个）/ only these rules (ids or their beginnings)
    #[arg(long, num_args = 1..)]
    rules: Vec<String>,
    /// 另加的规则文件 / rule files of your own
    #[arg(long, num_args = 1..)]
    rule_file: Vec<PathBuf>,
    /// 什么都不说 / say nothing
    #[arg(long)]
    quiet: bool,
    /// 不显示进度条 / no progress bars
    #[arg(long)]
    no_progress: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum LangArg {
    Zh,
    En,
}

/// Tables a file may hold.
#[derive(Clone, Copy, ValueEnum)]
enum TableArg {
    Prices,
    Transactions,
    Costs,
    Enterprises,
    Notices,
    Certificates,
    Caps,
    Tenders,
}

impl From<TableArg> for TableKind {
    fn from(t: TableArg) -> TableKind {
        match t {
            TableArg::Prices => TableKind::Prices,
            TableArg::Transactions => TableKind::Transactions,
            TableArg::Costs => TableKind::Costs,
            TableArg::Enterprises => TableKind::Enterprises,
            TableArg::Notices => TableKind::Notices,
            TableArg::Certificates => TableKind::Certificates,
            TableArg::Caps => TableKind::Caps,
            TableArg::Tenders => TableKind::Tenders,
        }
    }
}

/// 处置状态，中文或英文 / in Chinese or English
#[derive(Clone, Copy, ValueEnum)]
enum StandingArg {
    #[value(name = "已核查", alias = "checked")]
    Checked,
    #[value(name = "立案", alias = "case-opened")]
    CaseOpened,
    #[value(name = "排除", alias = "excluded")]
    Excluded,
}

impl From<StandingArg> for Standing {
    fn from(s: StandingArg) -> Standing {
        match s {
            StandingArg::Checked => Standing::Checked,
            StandingArg::CaseOpened => Standing::CaseOpened,
            StandingArg::Excluded => Standing::Excluded,
        }
    }
}

fn day(flag: &str, text: Option<&String>) -> Result<Option<Day>> {
    let parse = |t: &String| parse_date(t).map_err(|f| anyhow::anyhow!("{flag} {t}: {} / {}", f.zh, f.en));
    Ok(text.map(parse).transpose()?.map(|m| m.day))
}

impl From<LangArg> for Lang {
    fn from(l: LangArg) -> Lang {
        match l {
            LangArg::Zh => Lang::Zh,
            LangArg::En => Lang::En,
        }
    }
}

fn job(inputs: Inputs, common: &Common) -> Result<Job> {
    let as_of = day("--as-of", common.as_of.as_ref())?;
    if let Some(threads) = common.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build_global().context("--threads")?;
    }
    let inputs = BTreeMap::from([
        (TableKind::Prices, inputs.prices),
        (TableKind::Transactions, inputs.transactions),
        (TableKind::Costs, inputs.costs),
        (TableKind::Enterprises, inputs.enterprises),
        (TableKind::Notices, inputs.notices),
        (TableKind::Caps, inputs.caps),
        (TableKind::Certificates, inputs.certificates),
        (TableKind::Tenders, inputs.tenders),
    ]);
    Ok(Job {
        inputs,
        as_of,
        lang: common.lang.into(),
        seed: common.seed,
        talk: !common.quiet,
        progress: !common.quiet && !common.no_progress,
        rules: common.rules.clone(),
        rule_files: common.rule_file.clone(),
        ..Job::default()
    })
}

/// Parses the command line and does what it says.
pub fn dispatch() -> Result<()> {
    match Cli::parse().command {
        Command::Run { inputs, common, casebook, out, force } => run::run(
            &Job { casebook, ..job(inputs, &common)? },
            &settings::load(common.config.as_deref())?,
            &out,
            force,
        ),
        Command::Check { inputs, common } => {
            let (text, usable) = run::check(&job(inputs, &common)?, &settings::load(common.config.as_deref())?)?;
            print!("{text}");
            if !usable {
                bail!("没有一行可用 / not one usable row");
            }
            Ok(())
        }
        Command::Init { files, out, force } => init(&files, &out, force),
        Command::Explain { id, lang, rule_file } => explain(id.as_deref(), lang.into(), &rule_file),
        Command::Evaluate { truth: Some(truth), run: Some(run), .. } => {
            let read = |p: PathBuf| std::fs::read_to_string(&p).with_context(|| p.display().to_string());
            println!("{}", evaluate::evaluate(&read(truth)?, &read(run.join("leads.csv"))?)?);
            Ok(())
        }
        Command::Evaluate { scenario, first_seed, worlds, without_costs, .. } => {
            let named = scenario.iter().map(|name| the_scenario(name)).collect::<Result<Vec<_>>>()?;
            println!("{}", run::grid::HEAD);
            for s in if named.is_empty() { SCENARIOS.iter().collect() } else { named } {
                let seeds = first_seed..=first_seed + worlds.max(1) - 1;
                println!("{}", run::grid::grid(s, seeds, !without_costs)?);
            }
            Ok(())
        }
        Command::Simulate { list: true, .. } | Command::Simulate { out: None, .. } => {
            SCENARIOS.iter().for_each(|s| println!("{:<18} {} / {}", s.name, s.about.0, s.about.1));
            Ok(())
        }
        Command::Simulate {
            seed,
            out: Some(out),
            scenario,
            cities,
            sellers,
            goods,
            days,
            gougers,
            cartels,
            gb18030,
            transactions,
            conducts,
            tenders,
            ..
        } => {
            let scenario = *the_scenario(&scenario)?;
            let cases = |asked: Option<usize>, usual| asked.unwrap_or(if scenario.planted { usual } else { 0 });
            let (gougers, cartels) = (cases(gougers, 5), cases(cartels, 2));
            let plan = Plan { seed, scenario, cities, sellers, goods, days, gougers, cartels, gb18030, transactions };
            std::fs::create_dir_all(&out)?;
            let files = match (conducts, tenders) {
                (true, _) => simulate::conducts::files(seed)?,
                (_, true) => simulate::tenders::files(seed)?,
                _ => simulate::files(&plan)?,
            };
            for (name, bytes) in files {
                std::fs::write(out.join(&name), bytes).with_context(|| name)?;
            }
            Ok(())
        }
        Command::Evidence { run: dir, leads, out, force } => {
            let out = out.unwrap_or_else(|| beside(&dir, "evidence"));
            let n = run::evidence(&dir, &leads, &out, force)?;
            eprintln!("{n} 份 / folders → {}", out.display());
            Ok(())
        }
        Command::Dossier { run: dir, sellers, out, previous, force } => {
            let out = out.unwrap_or_else(|| beside(&dir, "dossier"));
            let n = run::dossier(&dir, &sellers, &out, previous.as_deref(), force)?;
            eprintln!("{n} 份 / files → {}", out.display());
            Ok(())
        }
        Command::Segment { files, value, time, log, penalty, annotations, json, lang } => {
            let pick = Pick { values: value, time };
            let job = SegmentJob { files, pick, log, penalty, annotations, json, lang: lang.into() };
            print!("{}", run::segment(&job)?);
            Ok(())
        }
        Command::Import { files, casebook, table, supersedes, corrected, by, when, config } => {
            let table = table.map(TableKind::from);
            let when = day("--when", when.as_ref())?;
            import(&ImportJob { files, casebook, table, supersedes, corrected, by, when }, config.as_deref())
        }
        Command::Disposition { lead, casebook, status, note, notice_date, by, when } => {
            let when = day("--when", when.as_ref())?;
            let notice_date = day("--notice-date", notice_date.as_ref())?;
            let status = status.into();
            print!("{}", run::disposition(&DispositionJob { lead, casebook, status, note, notice_date, by, when })?);
            Ok(())
        }
        Command::Compare { old, new, out, lang, force } => {
            let out = out.unwrap_or_else(|| beside(&new, "compare"));
            print!("{}", run::compare(&old, &new, &out, lang.into(), force)?);
            eprintln!("→ {}", out.display());
            Ok(())
        }
        Command::TrainTenders { files, labels, bidder_labels, features, out, repeats, config, seed } => {
            let scope = match features {
                ScopeArg::Bids => Scope::Bids,
                ScopeArg::Product => Scope::Product,
                ScopeArg::Bidders => Scope::Bidders,
            };
            let asked = Training { files, labels, bidder_labels, scope, out, repeats, seed };
            print!("{}", run::tenders::train(&asked, &settings::load(config.as_deref())?)?);
            Ok(())
        }
        Command::Verify { dir } => verify(&dir),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "pricewatch", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn the_scenario(name: &str) -> Result<&'static Scenario> {
    simulate::scenario::find(name).with_context(|| {
        format!("没有情景“{name}”；simulate --list 可列出全部 / no scenario \"{name}\"; simulate --list names them")
    })
}

/// A folder beside a run's, named after it.
fn beside(dir: &std::path::Path, what: &str) -> PathBuf {
    let name = dir.file_name().map_or("run".into(), |n| n.to_string_lossy());
    dir.with_file_name(format!("{name}-{what}"))
}

fn init(files: &[PathBuf], out: &std::path::Path, force: bool) -> Result<()> {
    if out.exists() && !force {
        bail!("{}: 已经存在；加 --force 覆盖 / exists already; add --force to replace it", out.display());
    }
    let text = crate::ingest::draft_settings(files)?;
    std::fs::write(out, text).with_context(|| out.display().to_string())?;
    eprintln!("→ {}", out.display());
    Ok(())
}

fn explain(id: Option<&str>, lang: Lang, files: &[PathBuf]) -> Result<()> {
    let rules = law::packs::load(files, &[])?;
    let Some(id) = id else {
        for s in SCREENS {
            println!("{:<24} {} / {}", s.id, s.title.0, s.title.1);
        }
        for test in TESTS {
            let title =
                |lang| report::page(test.page, lang).lines().next().unwrap_or("").trim_start_matches("# ").to_owned();
            println!("{:<24} {} / {}", test.id, title(Lang::Zh), title(Lang::En));
        }
        for c in certification::CHECKS {
            println!("{:<24} {} / {}", c.id, c.title.0, c.title.1);
        }
        for r in &rules {
            let mark = if r.status == TextStatus::Unverified { "（条文未核对 / text unverified）" } else { "" };
            println!("{:<24} {} / {}{mark}", r.id, r.title.zh, r.title.en);
        }
        return Ok(());
    };
    if let Some(test) = TESTS.iter().find(|t| t.id == id) {
        println!("{}", report::page(test.page, lang));
        return Ok(());
    }
    if let Some(check) = certification::CHECKS.iter().find(|c| c.id == id) {
        println!("{}", report::page(check.page, lang));
        return Ok(());
    }
    if let Some(rule) = rules.iter().find(|r| r.id == id) {
        println!("{}", law::page(rule).get(lang));
        return Ok(());
    }
    let Some(screen) = SCREENS.iter().find(|s| s.id == id) else {
        bail!("没有“{id}”；不带编号运行可列出全部 / no \"{id}\"; run without an id to list all");
    };
    println!("{}", report::page(screen.page, lang));
    for p in screen.params {
        println!("- {}", report::default_of(p, lang)?);
    }
    Ok(())
}

/// Imports, prints what became of each file; files not taken are an error, the others are in.
fn import(job: &ImportJob, config: Option<&std::path::Path>) -> Result<()> {
    let said = run::import(job, &settings::load(config)?)?;
    print!("{}", run::summary(&said));
    let refused = said.iter().filter(|s| matches!(s.1, ImportOutcome::Refused(_))).count();
    if refused > 0 {
        bail!("有 {refused} 个文件没有取，原因见上 / {refused} files were not taken; see above");
    }
    Ok(())
}

fn verify(dir: &std::path::Path) -> Result<()> {
    let changed = if dir.join("CURRENT").exists() { run::damaged(dir)? } else { report::verify(dir)? };
    if changed.is_empty() {
        println!("一致 / everything matches");
        return Ok(());
    }
    bail!("与清单不符 / differs from the manifest: {}", changed.join(", "))
}
