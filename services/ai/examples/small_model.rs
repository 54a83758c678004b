//! Scripts by a model behind a server that speaks the protocol of OpenAI: JSON lines of a
//! `content`, a `style` and the rest of a `Question` in; a line with the sections, the failure
//! where there is one, and every answer of the model as it was kept out. For `cargo xtask
//! small-model`.

use std::io::{Error, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_ai::config::{WriterConfig, WriterKind};
use lectern_ai::engine::generative::{Deps, Generative};
use lectern_ai::engine::{Answers, ScriptEngine, Writing};
use lectern_ai::model::Rows;
use lectern_ai::payments::Unbilled;
use lectern_core::content::document::Content;
use lectern_core::content::script::{LengthTarget, Order, Section, Style};
use lectern_core::{Digest, Failure, OsRandom, SystemClock};
use lectern_fetch::{Outside, Roots};
use lectern_provider::Http;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// The writer's name.
const WRITER: &str = "small";

/// What is to be written, and by which model.
#[derive(Deserialize)]
struct Question {
    /// Where the server is, up to the version of its API.
    url: String,
    /// The row of the server in the table of models.
    server: String,
    key_file: PathBuf,
    model: String,
    /// Tokens that the model reads at once, and that one answer may have.
    context: u32,
    output: u32,
    content: Content,
    style: Style,
    words: u32,
}

#[derive(Serialize)]
struct Answer {
    sections: Vec<Section>,
    failure: Option<String>,
    answers: Vec<Value>,
}

/// Answers in memory, in the order in which they came.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<(Digest, Bytes)>>);

#[async_trait]
impl Answers for Kept {
    fn key(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(b"step", parts)
    }

    async fn find(&self, key: &Digest) -> Result<Option<Bytes>, Failure> {
        Ok(self.0.lock().iter().find(|(known, _)| known == key).map(|(_, answer)| answer.clone()))
    }

    async fn keep(&self, key: &Digest, answer: Bytes) -> Result<(), Failure> {
        self.0.lock().push((*key, answer));
        Ok(())
    }

    async fn before_payment(&self) -> Result<(), Failure> {
        Ok(())
    }
}

fn main() -> std::io::Result<()> {
    let mut questions = String::new();
    std::io::stdin().lock().read_to_string(&mut questions)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = std::io::stdout().lock();
    for line in questions.lines().filter(|line| !line.is_empty()) {
        let question: Question = serde_json::from_str(line)?;
        let answer = runtime.block_on(Box::pin(answer(question))).map_err(Error::other)?;
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    }
    Ok(())
}

async fn answer(question: Question) -> Result<Answer, Failure> {
    let engine = engine(&question)?;
    let content = Arc::new(question.content);
    let order = Order { length: Some(LengthTarget::Words(question.words)), ..Order::of(question.style) };
    let kept = Kept::default();
    let work = Writing {
        content: &content,
        content_key: Digest::of(b"content"),
        order: &order,
        cancel: CancellationToken::new(),
        answers: &kept,
        payments: &Unbilled,
    };
    let mut sections = Vec::new();
    let failure = write(&*engine, &work, &mut sections).await.err().map(|failure| failure.message);
    let answers = kept.0.lock();
    let answers = answers.iter().map(|(_, answer)| serde_json::from_slice(answer));
    let answers = answers.collect::<Result<Vec<Value>, _>>().map_err(|e| Failure::internal(format!("answers: {e}")))?;
    Ok(Answer { sections, failure, answers })
}

fn engine(question: &Question) -> Result<Arc<dyn ScriptEngine>, Failure> {
    let Question { url, server, key_file, model, context, output, .. } = question;
    let row = format!(
        "[[models]]\nprovider = \"openai\"\nid = \"{model}\"\nserver = \"{server}\"\ncontext = {context}\noutput = \
         {output}\n"
    );
    let http = Http::new(Outside::system(), Roots::public()).map_err(|error| error.failure(WRITER))?;
    let deps = Deps {
        http,
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        rows: Arc::new(Rows::built_in()?.with(&row)?),
        metadata: None,
    };
    let config = WriterConfig {
        kind: WriterKind::OpenAi,
        url: url.clone(),
        model: model.clone(),
        key_file: key_file.clone(),
        concurrency: 1,
        ..WriterConfig::default()
    };
    Generative::connect(WRITER, &config, &deps)
}

/// Writes as many sections as there can be.
async fn write(engine: &dyn ScriptEngine, work: &Writing<'_>, sections: &mut Vec<Section>) -> Result<(), Failure> {
    engine.ready().await?;
    let plan = engine.plan(work).await?;
    let mut failed = Ok(());
    for section in &plan.sections {
        match engine.write(work, &plan, section.index).await {
            Ok(section) => sections.push(section),
            Err(failure) => failed = Err(failure),
        }
    }
    failed
}
