//! A stage as a program: what its process and its commands do, the same for each.

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, Finding, SystemClock};
use lectern_runtime::Context;
use lectern_store::{CollectionSpec, Record as _};
use lectern_work::steps::{RunsRecord, StepRecord};

use super::{Adapters, ServiceProgram, StageApp, StageParts, connect_store};
use crate::config::Settings as _;

/// The program of the stage that has these parts.
#[derive(Debug)]
pub struct StageProgram<P>(PhantomData<P>);

#[async_trait]
impl<P: StageParts> ServiceProgram for StageProgram<P> {
    const NAME: &'static str = P::NAME;
    type Config = P::Config;

    fn check(config: &P::Config) -> Result<(), Failure> {
        config.common().check()?;
        P::check(config)
    }

    async fn serve(config: P::Config, context: Context) -> Result<(), Failure> {
        let adapters = Adapters::connect(config.common(), P::NAME).await?;
        StageApp::<P>::run(&config, adapters, context).await
    }

    async fn migrate(config: P::Config) -> Result<(), Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = connect_store(config.common(), P::NAME).await?;
        StageApp::<P>::migrate(&config, &store, &clock).await.map(drop)
    }

    fn collections() -> Vec<CollectionSpec> {
        [StepRecord::SPEC, RunsRecord::SPEC].into_iter().chain(P::collections()).collect()
    }

    async fn examine(config: &P::Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
        P::examine(config, clock).await
    }
}
