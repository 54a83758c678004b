//! A writer that costs money: the fake of its model, what a token costs, and what the fake counted
//! itself. Nothing here knows how the system counts.

use lectern_proto::v1 as api;
use lectern_testkit::models::{
    CallKind, Gemini, GeminiOptions, Ledger, ModelCall, ModelFaults, ModelTokens, OpenAi, OpenAiOptions, Personality,
    SharedAuthor,
};
use tempfile::TempDir;

use crate::setup::Setup;

/// Millionths of a US dollar for a million tokens of a prompt, of those from a cache, and of an
/// answer with its thoughts.
const INPUT: u64 = 1_000_000;
const CACHED: u64 = 500_000;
const OUTPUT: u64 = 4_000_000;
/// Tokens that prices are stated for.
const TOKENS: u64 = 1_000_000;
/// The model of each fake.
const OF_GEMINI: &str = "gemini-3.8-flash";
const OF_VLLM: &str = "fake";

/// A writer that costs money.
#[derive(Debug)]
pub struct PaidModel {
    fake: Fake,
    folder: TempDir,
}

#[derive(Debug)]
enum Fake {
    Gemini(Gemini),
    OpenAi(OpenAi),
}

impl PaidModel {
    /// The name of the writer, as orders choose it.
    pub const WRITER: &str = "paid";

    /// One behind the Developer API of Gemini.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn gemini() -> Self {
        Self::of(Fake::Gemini(Gemini::start(GeminiOptions::default())))
    }

    /// One behind a server that speaks the protocol of OpenAI, with the habits of vLLM.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn openai() -> Self {
        let of_vllm = OpenAiOptions::of(Personality::Vllm);
        Self::of(Fake::OpenAi(OpenAi::start(OpenAiOptions { models: vec![OF_VLLM.to_owned()], ..of_vllm })))
    }

    fn of(fake: Fake) -> Self {
        Self { fake, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// What is known of the model. Without days: what it costs does not depend on when a test is
    /// run.
    fn row(&self) -> String {
        let row = match &self.fake {
            Fake::Gemini(_) => format!(
                "provider = \"gemini\"\nid = \"{OF_GEMINI}\"\ncontext = 1048576\noutput = 65536\n\
                 thinking = {{ levels = [\"low\", \"medium\", \"high\"], level = \"low\", allowance = 8192 }}\n"
            ),
            Fake::OpenAi(_) => format!(
                "provider = \"openai\"\nid = \"{OF_VLLM}\"\nserver = \"vllm\"\ncontext = 128000\noutput = 16384\n"
            ),
        };
        format!(
            "[[models]]\n{row}source = \"tests\"\n\n[[models.prices]]\ninput = {INPUT}\ncached = {CACHED}\n\
             output = {OUTPUT}\nsource = \"tests\"\n\n"
        )
    }

    /// Names it among the writers of ai, as [`Self::WRITER`].
    ///
    /// # Panics
    ///
    /// When its price cannot be written down.
    #[must_use]
    pub fn configured(&self, setup: Setup) -> Setup {
        self.priced(&self.row(), self.named("PAID", setup))
    }

    /// The same, and `second` for what it cannot write.
    ///
    /// # Panics
    ///
    /// When their prices cannot be written down.
    #[must_use]
    pub fn configured_with(&self, second: &Self, setup: Setup) -> Setup {
        let setup = second.named("SECOND", self.named("PAID", setup));
        let setup = setup.env("ai", "LECTERN_WRITERS__PAID__OTHERS", "second");
        self.priced(&(self.row() + &second.row()), setup)
    }

    fn priced(&self, rows: &str, setup: Setup) -> Setup {
        let file = self.folder.path().join("models.toml");
        std::fs::write(&file, rows).expect("the rows of models");
        setup.env("ai", "LECTERN_MODELS_FILE", &file.display().to_string())
    }

    fn named(&self, name: &str, setup: Setup) -> Setup {
        let set =
            |setup: Setup, key: &str, value: &str| setup.env("ai", &format!("LECTERN_WRITERS__{name}__{key}"), value);
        match &self.fake {
            Fake::Gemini(fake) => {
                let setup = set(set(setup, "KIND", "gemini"), "MODEL", OF_GEMINI);
                set(set(setup, "URL", &fake.url()), "KEY", Gemini::KEY)
            }
            Fake::OpenAi(fake) => {
                let setup = set(set(setup, "KIND", "openai"), "MODEL", OF_VLLM);
                set(setup, "URL", &fake.url())
            }
        }
    }

    /// What goes wrong with it; at first nothing.
    #[must_use]
    pub fn faults(&self) -> &ModelFaults {
        match &self.fake {
            Fake::Gemini(fake) => fake.faults(),
            Fake::OpenAi(fake) => fake.faults(),
        }
    }

    /// Lets another author write from here on.
    pub fn set_author(&self, author: SharedAuthor) {
        match &self.fake {
            Fake::Gemini(fake) => fake.set_author(author),
            Fake::OpenAi(fake) => fake.set_author(author),
        }
    }

    fn ledger(&self) -> &Ledger {
        match &self.fake {
            Fake::Gemini(fake) => fake.ledger(),
            Fake::OpenAi(fake) => fake.ledger(),
        }
    }

    /// The calls that it was to write something for, in order: those that were refused or lost
    /// among them.
    #[must_use]
    pub fn calls(&self) -> Vec<ModelCall> {
        self.ledger().calls().into_iter().filter(|call| call.kind != CallKind::Free).collect()
    }

    /// The bill as the fake counts it, from its call of this place on: all calls, those whose
    /// answer did not get out, the tokens of the others, and what these cost.
    #[must_use]
    pub fn counted(&self, from: usize) -> api::Bill {
        let mut bill = api::Bill::default();
        for call in self.calls().iter().skip(from) {
            bill.call_count += 1;
            if is_lost(call) {
                bill.unknown_call_count += 1;
                continue;
            }
            let ModelTokens { input, cached, output, thoughts } = call.tokens;
            bill.input_token_count += count(input);
            bill.cached_token_count += count(cached);
            bill.output_token_count += count(output);
            bill.thought_token_count += count(thoughts);
            bill.cost_micro_usd += count(cost(call));
        }
        bill
    }

    /// What is billed for all calls from this place on, those that were lost included, in
    /// millionths of a US dollar.
    #[must_use]
    pub fn billed(&self, from: usize) -> i64 {
        self.calls().iter().skip(from).map(|call| count(cost(call))).sum()
    }
}

/// Whether nobody but the fake can know what a call used: nothing came back of it, or not all.
#[must_use]
pub fn is_lost(call: &ModelCall) -> bool {
    !call.delivered && (call.status == 0 || call.tokens != ModelTokens::default())
}

/// What a call costs, in millionths of a US dollar, rounded up.
#[must_use]
pub fn cost(call: &ModelCall) -> u64 {
    let ModelTokens { input, cached, output, thoughts } = call.tokens;
    (input.saturating_sub(cached) * INPUT + cached * CACHED + (output + thoughts) * OUTPUT).div_ceil(TOKENS)
}

fn count(count: u64) -> i64 {
    i64::try_from(count).expect("a count")
}
