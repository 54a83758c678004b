//! What a narration costs, measured in one run against a NATS server and a MongoDB of its own:
//! Lectern with stages that do nothing, the same pipeline the way that was replaced, and the writes
//! and messages that cannot be done without. See docs/performance.md.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]
#![allow(clippy::print_stdout, reason = "it prints a report")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures of a report"
)]

mod count;
mod floor;
mod lectern;
mod old_way;
mod overload;
mod pipeline;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lectern_ingest::extract::child;
use lectern_testkit::{MongoServer, NatsServer, Proxy};

use crate::report::Report;

/// What is measured, and how.
#[derive(Debug, Parser)]
struct Arguments {
    /// Narrations queued at once, one round for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1_000, 10_000])]
    narrations: Vec<usize>,
    /// Steps that each stage does at once.
    #[arg(long, default_value_t = 8)]
    permits: usize,
    /// The longest time of one round, in seconds; a round that is not done by then says how far it
    /// came.
    #[arg(long, default_value_t = 240)]
    most_seconds: u64,
    /// Up to 200 narrations and short overload rounds.
    #[arg(long)]
    quick: bool,
    /// Also print which records Lectern's reads and writes are of.
    #[arg(long)]
    detail: bool,
}

/// Who signs in to the database, as in production.
const USER: &str = "lectern";
const PASSWORD: &str = "a load test signs in with this";

/// The servers of a run, and the proxy that counts connections to the database.
#[derive(Debug)]
pub struct Servers {
    /// Its JetStream folder is temporary.
    pub nats: NatsServer,
    /// A replica set of one: every write waits for a majority and its journal, as in production.
    pub mongo: MongoServer,
    /// In front of it.
    pub proxy: Proxy,
}

impl Servers {
    /// A database of its own name, through the proxy that counts. Whoever connects signs in.
    pub fn database(&self, name: &str) -> String {
        let password = PASSWORD.replace(' ', "%20");
        let server = self.proxy.address();
        format!("mongodb://{USER}:{password}@{server}/{name}?authSource=admin&directConnection=true")
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|name| name == child::SUBCOMMAND) {
        return child::child_main(arguments.next());
    }
    let ran = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from);
    match ran.and_then(|runtime| runtime.block_on(Box::pin(run(Arguments::parse())))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let mongo = MongoServer::start_with_user(USER, PASSWORD);
    let proxy = Proxy::start(mongo.address());
    let servers = Servers { nats: NatsServer::start(), mongo, proxy };
    let most = Duration::from_secs(arguments.most_seconds);
    let mut rounds = arguments.narrations.clone();
    if arguments.quick {
        rounds.retain(|narrations| *narrations <= 200);
    }
    println!(
        "permits of each stage: {}; writes wait for a majority and its journal, and clients sign in",
        arguments.permits
    );
    println!("{}", Report::HEAD);
    for narrations in rounds {
        let lectern = Box::pin(lectern::measure(&servers, narrations, arguments.permits, most)).await?;
        println!("{}", lectern.line("lectern", narrations));
        if arguments.detail {
            lectern.detail.iter().for_each(|line| println!("          {line}"));
        }
        let old_way = Box::pin(old_way::measure(&servers, narrations, arguments.permits, most)).await?;
        println!("{}", old_way.line("old way", narrations));
        let floor = Box::pin(floor::measure(&servers, narrations, arguments.permits, most)).await?;
        println!("{}", floor.line("floor", narrations));
        let (times, share) = (lectern.rate() / old_way.rate(), floor.rate() / lectern.rate());
        println!(
            "          {times:.1} times the old way (target 5 to 10); {share:.2} times the floor's time (target 2)"
        );
    }
    Box::pin(overload::measure(&servers, arguments.permits, arguments.quick)).await
}
