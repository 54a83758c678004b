//! The chart's life by the real Helm, on a stand-in for Kubernetes: for every value set it is
//! installed, upgraded, fails, goes back, is tested and uninstalled.

#![allow(clippy::expect_used, reason = "a test fails so")]

/// Makes a test of each value set, and one that there are no others.
macro_rules! on_every_value_set {
    ($($module:ident: $set:literal),+ $(,)?) => {
        $(mod $module {
            #[test]
            fn lives_its_whole_life() {
                crate::life::whole($set);
            }
        })+

        #[test]
        fn every_value_set_has_its_tests() {
            let mut named = vec![$($set),+];
            named.sort_unstable();
            assert_eq!(lectern_deploy::value_sets(), named, "name it in on_every_value_set");
        }
    };
}

mod autoscaled;
mod life;
mod refused;

on_every_value_set! {
    autoscaled_set: "autoscaled",
    external_everything: "external-everything",
    private_registry: "private-registry",
    production: "production",
    tls: "tls",
    trial_services: "trial-services",
    trial_single: "trial-single",
}
