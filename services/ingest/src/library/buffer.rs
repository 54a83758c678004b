//! What streams of uploads hold in memory before it is stored. Its bytes are shared by tenants, so
//! that streams without number cannot fill the memory of the process, nor one tenant keep others
//! from sending.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lectern_core::id::TenantId;
use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::{Room, Share, Shares};
use tokio::time::{Instant, timeout};

/// Bytes that all streams may hold, and those of one tenant: a small part of a machine's memory,
/// and a dozen streams at full speed. Whoever wants more stores what he has first, so few ever
/// wait.
const ROOM: Room = Room { total: 256 << 20, each: 64 << 20, waiting: 64 };

/// Room is taken in pieces of at least this many bytes, so that a stream of single bytes has not as
/// many shares. It is also about what a stream costs beside its bytes.
const PIECE: usize = 64 << 10;

/// What is buffered is stored when the stream has brought nothing for this long: its sender pauses,
/// and memory is for those who send. The small parts that a slow line leaves by this are joined
/// ([`crate::domain::upload::JOINED`]).
const PAUSE: Duration = Duration::from_secs(5);

/// And at the latest when it is this old: who trickles holds nothing for longer.
const AGE: Duration = Duration::from_secs(30);

/// When to come again while as many streams of the tenant wait as may.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// The room of a process.
pub(super) fn room() -> Shares {
    Shares::new("upload bytes", ROOM)
}

/// The bytes of one stream that are not stored yet.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: BytesMut,
    /// The room that the bytes may fill.
    room: Vec<Share>,
    /// How many bytes that is.
    fits: usize,
    /// When the oldest byte came.
    since: Option<Instant>,
}

impl Buffer {
    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// When it is to be stored, if the last bytes came at `heard` and no more come; none where it
    /// is empty.
    pub fn due(&self, heard: Instant) -> Option<Instant> {
        self.since.map(|since| (heard + PAUSE).min(since + AGE))
    }

    /// Takes room for `more` bytes, if there is any; whether they fit now.
    pub fn try_fit(&mut self, room: &Shares, tenant: &TenantId, more: usize) -> bool {
        let missing = (self.len() + more).saturating_sub(self.fits);
        if missing == 0 {
            return true;
        }
        let amount = missing.max(PIECE);
        let Some(share) = room.try_take(tenant, amount) else { return false };
        self.room.push(share);
        self.fits += amount;
        true
    }

    /// Takes room for `more` bytes when it is the tenant's turn, in a buffer that is empty: so
    /// nobody waits for somebody who waits.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` where too many streams of the tenant wait, `OVERLOADED` where the turn does
    /// not come within `patience`.
    pub async fn fit(
        &mut self,
        room: &Shares,
        tenant: &TenantId,
        more: usize,
        patience: Duration,
    ) -> Result<(), Failure> {
        let amount = more.max(PIECE);
        match timeout(patience, room.take(tenant, amount)).await {
            Ok(Some(share)) => {
                self.room.push(share);
                self.fits += amount;
                Ok(())
            }
            Ok(None) => Err(Failure::new(
                Kind::ResourceExhausted,
                Reason::LimitExceeded,
                format!(
                    "{} streams of this tenant wait to send; send over fewer at once, and go on with this one from what \
                     GetUpload says",
                    ROOM.waiting
                ),
            )
            .after(COME_AGAIN)),
            Err(_) => Err(Failure::new(
                Kind::Unavailable,
                Reason::Overloaded,
                "as many bytes of uploads wait to be stored as are held at once; ask GetUpload and go on from there",
            )
            .after(COME_AGAIN)),
        }
    }

    /// Adds bytes that fit.
    pub fn add(&mut self, data: &Bytes) {
        if !data.is_empty() {
            self.bytes.extend_from_slice(data);
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// Empties it: its bytes, and their room, which is given back when it is dropped. No memory
    /// stays behind.
    pub fn take(&mut self) -> (Bytes, Vec<Share>) {
        let Self { bytes, room, .. } = std::mem::take(self);
        (bytes.freeze(), room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: &str) -> TenantId {
        id.parse().expect("an id")
    }

    #[tokio::test]
    async fn single_bytes_take_room_by_the_piece_and_what_is_taken_out_gives_it_back() {
        let (room, acme) = (room(), tenant("acme"));
        let mut buffer = Buffer::default();
        for _ in 0..=PIECE {
            assert!(buffer.try_fit(&room, &acme, 1));
            buffer.add(&Bytes::from_static(b"x"));
        }
        assert_eq!((buffer.room.len(), buffer.len(), room.held()), (2, PIECE + 1, 2 * PIECE));
        let (bytes, taken) = buffer.take();
        assert_eq!((bytes.len(), buffer.bytes.capacity(), buffer.fits), (PIECE + 1, 0, 0));
        assert_eq!(room.held(), 2 * PIECE, "until the bytes are stored");
        drop(taken);
        assert_eq!(room.held(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn one_tenant_fills_its_own_room_and_no_other_and_waits_for_so_long() {
        let (room, acme, other) = (room(), tenant("acme"), tenant("other"));
        let mut full: Vec<Buffer> = Vec::new();
        loop {
            let mut buffer = Buffer::default();
            if !buffer.try_fit(&room, &acme, 4 << 20) {
                break;
            }
            full.push(buffer);
        }
        assert_eq!(room.held(), ROOM.each);
        assert!(Buffer::default().try_fit(&room, &other, 1 << 20), "there is room for others");
        let late = Buffer::default().fit(&room, &acme, 1, PAUSE).await.expect_err("nothing is given back");
        assert_eq!((late.kind, late.reason), (Kind::Unavailable, Reason::Overloaded));
        assert!(late.retry_after.is_some() && late.message.contains("GetUpload"), "{late}");
        full.pop();
        Buffer::default().fit(&room, &acme, 1, PAUSE).await.expect("its turn");
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_due_after_a_pause_and_at_an_age() {
        let mut buffer = Buffer::default();
        let start = Instant::now();
        buffer.add(&Bytes::new());
        assert_eq!(buffer.due(start), None, "nothing is buffered");
        buffer.add(&Bytes::from_static(b"x"));
        assert_eq!(buffer.due(start), Some(start + PAUSE));
        let trickled = start + AGE - Duration::from_secs(1);
        assert_eq!(buffer.due(trickled), Some(start + AGE));
        drop(buffer.take());
        assert_eq!(buffer.due(trickled), None);
    }
}
