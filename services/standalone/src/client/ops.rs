//! `lectern ops`: what waits, what runs and what is broken, and what an operator does about it. All
//! of it goes over `AdminService`, against a server or an instance of the data folder that does no
//! work.

mod capacity;
mod config;
mod dead_letters;
mod held;
mod json;
mod screen;
mod status;
mod table;
mod work;

use lectern_client::Authorized;
use lectern_core::{Clock, Failure};
use lectern_proto::v1::admin_service_client::AdminServiceClient;
use lectern_rpc::failure;
use lectern_runtime::Context;
use tonic::{Response, Status};

use super::instance::{Instance, Work};
use super::manage::unless_interrupted;
use super::out::{Mode, Out};
use super::words::Stop;
use crate::cli::{Ops, OpsCommand};
use crate::config::Config;

/// Calls of an administrator.
type Admin = AdminServiceClient<Authorized>;

/// Does what the command says.
///
/// # Errors
/// What the server answers, and that it was interrupted.
pub async fn run(ops: Ops, config: Config, context: Context, clock: &dyn Clock) -> Result<(), Stop> {
    let out = Out::new(Mode::of(ops.json, false));
    let instance = Box::pin(Instance::open(&ops.at.place(), Work::Idle, &config, &context, &out)).await?;
    if instance.is_own() && matches!(ops.command, OpsCommand::Status) {
        out.say(&format!("nobody serves on {}; this command has looked itself", config.data.display()));
    }
    let admin = AdminServiceClient::new(instance.client.channel());
    let doing = Box::pin(one(ops.command, admin, clock, &out));
    let result = unless_interrupted(&context, doing).await.map_err(Stop::from);
    instance.close(result).await?;
    out.finish().map_err(Stop::from)
}

async fn one(command: OpsCommand, admin: Admin, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    match command {
        OpsCommand::Status => status::run(&admin, clock.now(), out).await,
        OpsCommand::Narrations(which) => work::narrations(&which, &admin, clock.now(), out).await,
        OpsCommand::Steps { narration } => work::steps(&narration, &admin, clock.now(), out).await,
        OpsCommand::Leases { service, limit } => work::leases(service, limit, &admin, clock.now(), out).await,
        OpsCommand::DeadLetters { command } => dead_letters::run(command, admin, clock.now(), out).await,
        OpsCommand::Pause { target, note } => held::pause(target, note, admin, out).await,
        OpsCommand::Resume { target } => held::resume(&target, admin, out).await,
        OpsCommand::Lanes => capacity::lanes(admin, clock.now(), out).await,
        OpsCommand::Capacity => capacity::capacity(admin, clock.now(), out).await,
        OpsCommand::Config { service, all } => config::run(service.as_deref(), all, admin, out).await,
    }
}

/// What a call answered.
fn answered<T>(answer: Result<Response<T>, Status>) -> Result<T, Failure> {
    answer.map(Response::into_inner).map_err(|status| failure(&status))
}

/// The id alone of a resource's name: what a person types, and what fits into a column.
fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
