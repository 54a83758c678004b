//! The system as its callers see it. Most cases run twice: against the embedded binary, and against
//! four processes with real servers.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "helpers of tests fail like tests, and a call's error is the status that it got"
)]

/// Makes two tests of each case, `embedded::CASE` and `stack::CASE`.
macro_rules! on_both_profiles {
    ($($case:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                Box::pin(super::$case(lectern_e2e::Profile::Embedded)).await;
            })+
        }
        mod stack {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                Box::pin(super::$case(lectern_e2e::Profile::Stack)).await;
            })+
        }
    };
}

mod approval;
mod attacks;
mod audit;
mod bad_input;
mod canary;
mod collector;
mod commands;
mod corpus;
mod deletions;
mod dialogue;
mod documents;
mod early;
mod erasure;
mod formats;
mod import;
mod kill;
mod labels;
mod lexicon;
mod listening;
mod metrics;
mod operations;
mod operators;
mod orders;
mod paid;
mod pool;
mod preview;
mod recording;
mod restart;
mod restore;
mod revisions;
mod roles;
mod rolling;
mod scaler;
mod script;
mod secured;
mod suspension;
mod tenants;
mod trace;
mod unbuilt;
mod uploads;
mod voice;
mod voices;
mod writers;
