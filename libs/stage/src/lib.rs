//! What every stage service is made of, so that a stage holds its craft and nothing else:
//!
//! - [`work`]: a command of the queue decoded into a job, and the job's end encoded as an event;
//! - [`api`]: `StageService`, by which the conductor cancels steps and prunes, and operators look
//!   at steps;
//! - [`auth`]: the same API keys at every port, checked by asking the gateway;
//! - [`names`]: whether objects are named under the secret that they always were;
//! - [`progress`]: how far a recording is assembled, told while it is;
//! - [`prune`]: objects that nothing needs any more, deleted while steps run;
//! - [`recall`]: what was found out about keys, for a while;
//! - [`retention`]: when records of what is over are deleted;
//! - [`config`]: the settings that all services share;
//! - [`doctor`]: checks of a deployment from inside.

pub mod api;
pub mod app;
pub mod auth;
pub mod config;
pub mod doctor;
mod lookups;
pub mod names;
pub mod progress;
pub mod prune;
pub mod recall;
pub mod retention;
pub mod work;

pub use api::StageApi;
pub use auth::{KeysOfGateway, NoKeys};
pub use config::Common;
pub use lookups::Lookups;
pub use progress::Progress;
pub use recall::{GoodKeys, Recall};
pub use work::{Job, Perform, Stage};
