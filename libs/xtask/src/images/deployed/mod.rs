//! The four services as the chart deploys them: podman starts what Helm renders, each service in
//! its own image, beside a real nats-server, a real mongod and the fake of Google Cloud Storage.
//! The order is that of an install: the Jobs that go before it, the Deployments, the test of the
//! release, and the end of the pods.

mod adapted;
mod pods;
mod values;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lectern_testkit::gcs::{Gcs, GcsOptions};
use lectern_testkit::{MongoServer, NatsServer, TempDir, temp_dir};
use serde_json::Value;

use self::pods::{Pod, Pods, Reader};
use self::values::{INSTALLATION, Place, SMOKE};
use super::engine::Engine;
use super::{LECTERN, tried};
use crate::chart::helm::Helm;
use crate::chart::objects::{self, Object, list, text};
use crate::{process, tools};

/// The name of what is rendered, in messages.
const SET: &str = "the rendered Deployments";
/// Of 32 bytes and more, as one must be.
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ADMIN_KEY: &str = "the-admin-key-of-a-trial";
/// How long a Job, a start and the test may take.
const JOB: Duration = Duration::from_secs(60);
const START: Duration = Duration::from_secs(120);
const TEST: Duration = Duration::from_secs(300);

/// Starts everything, has a narration made, and ends everything.
pub fn all(engine: &Engine, version: &str) -> Result<()> {
    // From here on Ctrl-C is looked at between calls, so that the pods end before what they use.
    process::interrupted()?;
    let begun = Instant::now();
    let servers = Servers::start()?;
    let places = values::places()?;
    let objects = rendered(&values::of(version, &servers, &places))?;
    let mut pods = Pods::new(engine, &objects)?;
    let lived = lives(engine, &mut pods, &objects, &places, version);
    if lived.is_err() {
        eprintln!("{}", pods.logs());
    }
    let ended = pods.end();
    lived.and_then(|files| ended.map(|()| files)).map(|files| {
        println!("narrated by {SET}: {files} ({:.0} s)", begun.elapsed().as_secs_f64());
    })
}

/// What the services use, on loopback.
pub struct Servers {
    nats: NatsServer,
    mongo: MongoServer,
    objects: Gcs,
    _temp: TempDir,
}

impl Servers {
    fn start() -> Result<Self> {
        tools::ensure("nats-server")?;
        tools::ensure("mongod")?;
        let temp = temp_dir()?;
        let file = |name: &str| temp.path().join(name);
        Ok(Self {
            nats: NatsServer::open(&file("nats"), &file("nats.log"), 0)?,
            mongo: MongoServer::open(&file("mongo"), &file("mongo.log"), 0)?,
            objects: Gcs::open(GcsOptions::default())?,
            _temp: temp,
        })
    }
}

/// The objects that Helm makes with these values, held to the schemas of Kubernetes as those of the
/// value sets are.
fn rendered(values: &Value) -> Result<Vec<Value>> {
    let output = Helm::pinned()?.template(None, Some(&values.to_string()))?;
    if !output.status.success() {
        bail!("{SET}: {}", process::said(&output).trim_end());
    }
    let rendered = String::from_utf8(output.stdout).context("helm writes UTF-8")?;
    let mut read = objects::read(&BTreeMap::from([(SET.to_owned(), rendered)]), Vec::new())?;
    if !read.problems.is_empty() {
        bail!("{}", read.problems.join("\n"));
    }
    read.objects.remove(SET).context("objects.py answers by name")
}

/// From the first Job to the last end; what the test of the release says of its files.
fn lives(engine: &Engine, pods: &mut Pods<'_>, objects: &[Value], places: &[Place], version: &str) -> Result<String> {
    let all = move || objects.iter().map(|value| Object { set: SET, value });
    pods.secret(INSTALLATION, &[("secret", SECRET), ("admin-key", ADMIN_KEY)], Reader::Variables)?;
    let mut jobs: Vec<Object<'_>> = all().filter(|object| object.kind() == "Job").collect();
    jobs.sort_by_key(|job| (job.annotation("helm.sh/hook-weight").parse::<i32>().unwrap_or(0), job.name()));
    for job in jobs {
        let pod = pods.play(job.value)?;
        pods.succeeds(&pod, JOB)?;
    }

    let deployments = all().filter(|object| object.kind() == "Deployment");
    let services = deployments.map(|deployment| pods.play(deployment.value)).collect::<Result<Vec<Pod>>>()?;
    if services.len() != places.len() {
        bail!("{SET} are {}, not one a service", services.len());
    }
    for service in &services {
        pods.is_ready(service, START)?;
    }

    let gateway = places.iter().find(|place| place.service == "gateway").context("there is a gateway")?.url();
    let key = key(engine, &gateway, version)?;
    pods.secret(SMOKE, &[("key", &key)], Reader::Files)?;
    let test = all().find(|object| object.kind() == "Pod").context("the chart has a test of the release")?;
    let test = pods.play(&adapted::asking(test.value, &gateway)?)?;
    let files = tried::files(&pods.succeeds(&test, TEST)?)?;

    pods.stop(&services)?;
    Ok(files)
}

/// A key for the test of a deployment, made by the administrator's command in its image.
pub fn key(engine: &Engine, gateway: &str, version: &str) -> Result<String> {
    let mut podman = tried::restricted(engine, "host");
    podman.env("LECTERN_KEY", ADMIN_KEY).args(["--rm", "--env", "LECTERN_KEY", &LECTERN.tag(version)]);
    podman.args(["keys", "create", "--server", gateway]);
    let made = process::output(podman.args(["--tenant", "trial", "--name", "the test of the release"]))?;
    let text = String::from_utf8_lossy(&made.stdout);
    text.lines().last().map(|line| line.trim().to_owned()).context("`lectern keys create` printed no key")
}

/// The one container of a pod's spec.
fn container<'a>(spec: &'a Value, name: &str) -> Result<&'a Value> {
    match list(spec, "/containers") {
        [one] => Ok(one),
        several => bail!("{name} has {} containers, not one", several.len()),
    }
}

/// The spec of the pods that an object is or makes.
fn spec(object: &Value) -> Result<&Value> {
    let pod = Object { set: SET, value: object }.pod();
    pod.map(|pod| pod.spec()).with_context(|| format!("{} makes no pods", text(object, "/metadata/name")))
}
