//! Turns: the places in which narrations wait for a stage service, and the shards that tell which
//! gateway looks after them.

use std::fmt;
use std::str::FromStr;

use lectern_core::Digest;
use lectern_core::id::TenantId;

use super::{EngineName, Lane};

/// One of [`Shard::COUNT`] parts of all tenants. All turns of a tenant, at every service, are of
/// one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u16);

impl Shard {
    /// How many there are: enough that a hundred gateways have about ten each.
    pub const COUNT: u16 = 1_024;

    /// The shard of a tenant: the first 10 bits of the SHA-256 of its id.
    #[must_use]
    pub fn of(tenant: &TenantId) -> Self {
        let [first, second, ..] = Digest::of(tenant.as_str().as_bytes()).0;
        Self(u16::from_be_bytes([first, second]) >> 6)
    }

    /// Every shard, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// What the texts of its turns begin with.
    #[must_use]
    pub fn prefix(self) -> String {
        format!("{:03x}/", self.0)
    }

    /// A text after those of all its turns, and before those of the next shard's.
    #[must_use]
    pub fn end(self) -> String {
        // `/` is followed by `0`.
        format!("{:03x}0", self.0)
    }
}

/// Who waits with whom: the narrations of one tenant, in one lane, for one engine. Which service
/// they wait for is said where the turn is.
///
/// As text it is `{shard}/{lane}/{tenant}/{engine}`, and `/{wire}` behind that where there is one,
/// with the shard as three hexadecimal digits, so that an index of these texts has the turns of a
/// shard beside each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    /// The lane.
    pub lane: Lane,
    /// Whose.
    pub tenant: TenantId,
    /// The engine that the work needs, by the name that breakers know it by; empty where it needs
    /// none.
    pub engine: String,
    /// The other name by which a pause holds it up: [`EngineName::wire`].
    pub wire: String,
}

impl Turn {
    /// The shard that it is of.
    #[must_use]
    pub fn shard(&self) -> Shard {
        Shard::of(&self.tenant)
    }

    /// The names of the engine that the work needs.
    #[must_use]
    pub fn engine_name(&self) -> EngineName<'_> {
        EngineName { name: &self.engine, wire: &self.wire }
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lane, tenant, engine, wire } = self;
        write!(f, "{}{}/{tenant}/{engine}", self.shard().prefix(), lane.as_str())?;
        if wire.is_empty() { Ok(()) } else { write!(f, "/{wire}") }
    }
}

/// Why a text is not a turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a turn: expected shard/lane/tenant/engine, and /wire where there is one")]
pub struct NotATurn(String);

impl FromStr for Turn {
    type Err = NotATurn;

    fn from_str(text: &str) -> Result<Self, NotATurn> {
        let wrong = || NotATurn(text.chars().take(200).collect());
        let mut parts = text.splitn(4, '/');
        let (Some(_), Some(lane), Some(tenant), Some(engine)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let (engine, wire) = engine.split_once('/').unwrap_or((engine, ""));
        let turn = Self {
            lane: Lane::ALL.into_iter().find(|known| known.as_str() == lane).ok_or_else(wrong)?,
            tenant: tenant.parse().map_err(|_| wrong())?,
            engine: engine.to_owned(),
            wire: wire.to_owned(),
        };
        // The shard follows from the tenant.
        if turn.to_string() == text { Ok(turn) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(tenant: &str, engine: &str) -> Turn {
        let (tenant, engine) = (tenant.parse().expect("a tenant"), engine.to_owned());
        Turn { lane: Lane::Bulk, tenant, engine, wire: String::new() }
    }

    #[test]
    fn a_turn_reads_back_what_it_prints() {
        for engine in ["tone", ""] {
            let turn = turn("acme", engine);
            assert_eq!(turn.to_string(), format!("{:03x}/bulk/acme/{engine}", turn.shard().number()));
            assert_eq!(turn.to_string().parse::<Turn>(), Ok(turn));
        }
        let own = Turn { wire: "openai".to_owned(), ..turn("acme", "own") };
        assert_eq!(own.to_string(), format!("{:03x}/bulk/acme/own/openai", own.shard().number()));
        assert_eq!((own.to_string().parse::<Turn>(), own.engine_name().wire), (Ok(own.clone()), "openai"));
        assert!(format!("{}/", turn("acme", "own")).parse::<Turn>().is_err());
        let other_shard = format!("{:03x}/bulk/acme/", turn("acme", "").shard().number() ^ 1);
        for wrong in ["", "000/bulk/acme", "000/urgent/acme/", "000/bulk/a b/", other_shard.as_str()] {
            assert!(wrong.parse::<Turn>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_turns_of_a_shard_are_between_its_prefix_and_its_end() {
        for index in 0..2_000 {
            let turn = turn(&format!("tenant-{index}"), "tone");
            let (text, shard) = (turn.to_string(), turn.shard());
            assert!(shard.prefix() <= text && text < shard.end(), "{text}");
            if let Some(next) = Shard::all().nth(usize::from(shard.number()) + 1) {
                assert!(shard.end() < next.prefix());
            }
        }
    }

    #[test]
    fn tenants_spread_over_all_shards() {
        let mut counts = vec![0_u32; usize::from(Shard::COUNT)];
        for index in 0..50_000 {
            counts[usize::from(turn(&format!("t{index}"), "").shard().number())] += 1;
        }
        assert!(counts.iter().all(|count| (15..=100).contains(count)), "49 each, more or less: {counts:?}");
    }
}
