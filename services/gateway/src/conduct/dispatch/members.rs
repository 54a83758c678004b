//! Which other gateways live, what each says of its work, and what share of it all is this one's.
//! Pure, but for the time that it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lectern_core::id::{NarrationId, Service};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::domain::scheduler::Place;
use crate::domain::{Demands, Due, GatewayId, Lane, Ownership, Rotation};

/// A gateway that was not heard of for this long is gone. Each announces itself every second.
pub const HEARD_WITHIN: Duration = Duration::from_secs(4);

/// How long a round of the rotation of shares lasts: after sixteen of them every gateway has had
/// what is due to it. What goes from one to another in a round, one step in 500, is granted by
/// nobody for about a second, until the one has said that it let go of it.
const ROUND: Duration = Duration::from_secs(5);

/// Narrations of each service that a gateway names in an announcement.
pub const NAMED: usize = 64;

/// What a gateway says of itself. Announcements are hints: each may be lost, late or repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Who.
    pub gateway: GatewayId,
    /// Whether it has just begun to listen: the others are to announce themselves at once.
    pub hello: bool,
    /// Whether it ends now: others are to take over what it looks after.
    pub leaving: bool,
    /// Steps of one service that may be granted at once, at most of all services, as its workers
    /// told it.
    pub limit: usize,
    /// The round by which it divides what the workers can do. One of an earlier release says none.
    #[serde(default)]
    pub rotation: Rotation,
    /// Its work, by service.
    pub work: BTreeMap<Service, Work>,
}

/// A gateway's work of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// What its turns can use.
    pub demands: Demands,
    /// Steps that it has granted and that have not ended.
    pub granted: usize,
    /// Of these, the steps that take room: all but those that are put off.
    #[serde(default)]
    pub working: usize,
    /// Narrations of which a step is granted, at most [`NAMED`].
    pub narrations: BTreeSet<NarrationId>,
    /// Whether there are more of them.
    pub more: bool,
    /// What waits longest for a grant, by lane.
    pub oldest: BTreeMap<Lane, Place>,
    /// Whether it is still reading who waits in its turns: it can use more than it says.
    pub reading: bool,
}

/// What an announcement changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Whether a gateway came or went.
    pub members: bool,
    /// Services of which the shares may be others now: the sender's demand is, or the round.
    pub shares: Vec<Service>,
}

impl News {
    /// The same, and news of all shares where there are some.
    pub fn or_all(self, others: bool) -> Self {
        if others { Self { shares: Service::ALL.to_vec(), ..self } } else { self }
    }
}

/// The gateways that live, this one included.
#[derive(Debug)]
pub struct Members {
    me: GatewayId,
    /// Whether this gateway has left: it looks after nothing any more.
    left: bool,
    /// What this gateway announced last: its share follows from it, as others compute it.
    mine: BTreeMap<Service, Work>,
    others: BTreeMap<GatewayId, Heard>,
    /// The round of the rotation, which is the latest that anybody told of.
    rotation: Rotation,
    /// Since when, as far as is known here.
    rotated: Instant,
}

#[derive(Debug)]
struct Heard {
    work: BTreeMap<Service, Work>,
    limit: usize,
    at: Instant,
}

impl Members {
    /// Nobody but `me`.
    pub fn new(me: GatewayId) -> Self {
        let (mine, others) = (BTreeMap::new(), BTreeMap::new());
        Self { me, left: false, mine, others, rotation: Rotation::default(), rotated: Instant::now() }
    }

    /// Notes that this gateway leaves, or comes.
    pub const fn set_left(&mut self, left: bool) {
        self.left = left;
    }

    /// Notes what this gateway announces; what that changes.
    pub fn announce(&mut self, work: BTreeMap<Service, Work>) -> News {
        let before = std::mem::replace(&mut self.mine, work);
        News { members: false, shares: changed(&before, &self.mine) }
    }

    /// The round of the rotation.
    pub const fn rotation(&self) -> Rotation {
        self.rotation
    }

    /// Begins the next round where it is time, and this gateway's to say so: the first that
    /// dispatches does, and all others follow when they hear of it. Whether it began.
    pub fn rotate(&mut self, ownership: &Ownership, now: Instant) -> bool {
        let dispatchers = ownership.dispatchers();
        let says_so = dispatchers.len() > 1 && dispatchers.first() == Some(&self.me);
        if !says_so || now.duration_since(self.rotated) < ROUND {
            return false;
        }
        self.follow(self.rotation.next(), now);
        true
    }

    const fn follow(&mut self, rotation: Rotation, now: Instant) {
        self.rotation = rotation;
        self.rotated = now;
    }

    /// Takes in what another gateway announced.
    pub fn hear(&mut self, announced: Announcement, now: Instant) -> News {
        let Announcement { gateway, leaving, limit, rotation, work, .. } = announced;
        if gateway == self.me {
            return News::default();
        }
        if leaving {
            return News { members: self.others.remove(&gateway).is_some(), shares: Vec::new() };
        }
        let rotated = rotation > self.rotation;
        if rotated {
            self.follow(rotation, now);
        }
        let heard = Heard { work, limit, at: now };
        let shares = changed(self.others.get(&gateway).map_or(&BTreeMap::new(), |known| &known.work), &heard.work);
        let before = self.others.insert(gateway, heard);
        News { members: before.is_none(), shares }.or_all(rotated)
    }

    /// The gateways that live and do not leave; forgets those that were not heard of for long.
    pub fn live(&mut self, now: Instant) -> BTreeSet<GatewayId> {
        self.others.retain(|_, heard| now.duration_since(heard.at) <= HEARD_WITHIN);
        let me = (!self.left).then_some(&self.me);
        self.others.keys().chain(me).cloned().collect()
    }

    /// The largest limit that other gateways told of, 0 where there is none. One that has just
    /// started has heard of no workers yet.
    pub fn largest_limit(&self) -> usize {
        self.others.values().map(|heard| heard.limit).max().unwrap_or(0)
    }

    /// How many steps of a service this gateway may have granted at once, of `capacity` in all. A
    /// step that has come round to it is its own once others have let go of so many: they keep what
    /// they granted until it ends.
    pub fn share(&self, service: Service, capacity: usize, ownership: &Ownership) -> usize {
        let Some(place) = ownership.dispatchers().iter().position(|id| *id == self.me) else { return 0 };
        let due = self.due(service, capacity, ownership);
        let of = |rotation: Rotation| due.shares(rotation).get(place).copied().map_or(0, steps);
        let left = capacity.saturating_sub(self.working_elsewhere(service));
        of(self.rotation).min(of(self.rotation.before()).max(left))
    }

    /// How many steps of a service each dispatcher may have granted at once in this round, of
    /// `capacity` in all.
    pub fn shares<'a>(
        &self,
        service: Service,
        capacity: usize,
        ownership: &'a Ownership,
    ) -> Vec<(&'a GatewayId, usize)> {
        let given = self.due(service, capacity, ownership).shares(self.rotation);
        ownership.dispatchers().iter().zip(given.into_iter().map(steps)).collect()
    }

    /// What is due to each dispatcher, in their order.
    fn due(&self, service: Service, capacity: usize, ownership: &Ownership) -> Due {
        let none = Demands::default();
        let demands: Vec<&Demands> = ownership
            .dispatchers()
            .iter()
            .map(|id| self.work(id, service).map_or(&none, |work| &work.demands))
            .collect();
        Due::of(u64::try_from(capacity).unwrap_or(u64::MAX), &demands)
    }

    /// What each of the other gateways said last of a service.
    pub fn works_elsewhere(&self, service: Service) -> impl Iterator<Item = (&GatewayId, &Work)> {
        self.others.iter().filter_map(move |(id, heard)| Some((id, heard.work.get(&service)?)))
    }

    /// Whether this gateway announced that its turns of a service can use something.
    pub fn announced_demand(&self, service: Service) -> bool {
        self.mine.get(&service).is_some_and(|work| !work.demands.is_none())
    }

    /// Steps of a service that other gateways have granted, as they said last.
    pub fn granted_elsewhere(&self, service: Service) -> usize {
        self.others.values().filter_map(|heard| heard.work.get(&service)).map(|work| work.granted).sum()
    }

    /// Of these, the steps that take room.
    fn working_elsewhere(&self, service: Service) -> usize {
        self.others.values().filter_map(|heard| heard.work.get(&service)).map(|work| work.working).sum()
    }

    /// What the turns of other gateways can use of a service, in steps, as they said last; none
    /// where one of them has not yet read who waits.
    pub fn demanded_elsewhere(&self, service: Service) -> Option<u64> {
        let mut works = self.others.values().filter_map(|heard| heard.work.get(&service));
        works.try_fold(0, |sum, work| (!work.reading).then(|| work.demands.steps() + sum))
    }

    /// Whether another gateway said that it has granted a step of a narration at a service.
    pub fn is_granted_by(&self, owner: &GatewayId, service: Service, narration: &NarrationId) -> bool {
        self.work_of_other(owner, service).is_some_and(|work| work.narrations.contains(narration))
    }

    /// Whether another gateway has granted steps of more narrations at a service than it names.
    pub fn names_some_alone(&self, owner: &GatewayId, service: Service) -> bool {
        self.work_of_other(owner, service).is_some_and(|work| work.more)
    }

    fn work_of_other(&self, gateway: &GatewayId, service: Service) -> Option<&Work> {
        self.others.get(gateway)?.work.get(&service)
    }

    fn work(&self, gateway: &GatewayId, service: Service) -> Option<&Work> {
        let work = if *gateway == self.me { &self.mine } else { &self.others.get(gateway)?.work };
        work.get(&service)
    }
}

fn steps(share: u64) -> usize {
    usize::try_from(share).unwrap_or(usize::MAX)
}

/// The services of which the demand is another.
fn changed(before: &BTreeMap<Service, Work>, after: &BTreeMap<Service, Work>) -> Vec<Service> {
    let demands = |work: &BTreeMap<Service, Work>, service| work.get(&service).map(|work| work.demands.clone());
    Service::ALL.into_iter().filter(|service| demands(before, *service) != demands(after, *service)).collect()
}

#[cfg(test)]
mod tests {
    use lectern_core::random::SeededRandom;

    use super::*;
    use crate::domain::Demand;

    fn work(turns: u64, steps: u64) -> BTreeMap<Service, Work> {
        let demands = Demands(BTreeMap::from([(Lane::Standard, Demand::even(turns, steps))]));
        BTreeMap::from([(Service::Tts, Work { demands, ..Work::default() })])
    }

    fn says(gateway: &GatewayId, work: BTreeMap<Service, Work>) -> Announcement {
        let rotation = Rotation::default();
        Announcement { gateway: gateway.clone(), hello: false, leaving: false, limit: 8, rotation, work }
    }

    #[test]
    fn the_largest_limit_is_that_of_a_gateway_that_lives() {
        let random = SeededRandom::new(3);
        let [me, second, third] = std::array::from_fn(|_| GatewayId::random(&random));
        let (mut members, now) = (Members::new(me.clone()), Instant::now());
        assert_eq!(members.largest_limit(), 0);
        for (gateway, limit) in [(&second, 640), (&third, 65), (&me, 9_999)] {
            members.hear(Announcement { limit, ..says(gateway, BTreeMap::new()) }, now);
        }
        assert_eq!(members.largest_limit(), 640, "of the others");
        members.hear(Announcement { leaving: true, ..says(&second, BTreeMap::new()) }, now);
        assert_eq!(members.largest_limit(), 65);
        members.live(now + HEARD_WITHIN + Duration::from_millis(1));
        assert_eq!(members.largest_limit(), 0);
    }

    #[test]
    fn what_others_can_use_is_known_when_all_of_them_have_read_who_waits() {
        let random = SeededRandom::new(5);
        let [me, second, third] = std::array::from_fn(|_| GatewayId::random(&random));
        let (mut members, now) = (Members::new(me), Instant::now());
        assert_eq!(members.demanded_elsewhere(Service::Tts), Some(0), "there are no others");
        members.hear(says(&second, work(1, 7)), now);
        let mut unread = work(2, 30);
        unread.values_mut().for_each(|work| work.reading = true);
        members.hear(says(&third, unread), now);
        assert_eq!(members.demanded_elsewhere(Service::Tts), None);
        assert_eq!(members.demanded_elsewhere(Service::Ai), Some(0), "nobody spoke of it");
        members.hear(says(&third, work(2, 40)), now);
        assert_eq!(members.demanded_elsewhere(Service::Tts), Some(47));
        members.hear(Announcement { leaving: true, ..says(&third, BTreeMap::new()) }, now);
        assert_eq!(members.demanded_elsewhere(Service::Tts), Some(7));
    }

    #[test]
    fn one_that_has_left_is_not_among_those_that_live() {
        let random = SeededRandom::new(4);
        let [me, second] = std::array::from_fn(|_| GatewayId::random(&random));
        let (mut members, now) = (Members::new(me.clone()), Instant::now());
        members.hear(says(&second, BTreeMap::new()), now);
        members.set_left(true);
        assert_eq!(members.live(now), BTreeSet::from([second.clone()]));
        members.set_left(false);
        assert_eq!(members.live(now), BTreeSet::from([me, second]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_lives_until_it_leaves_or_is_silent_for_four_seconds() {
        let random = SeededRandom::new(1);
        let [me, second, third] = std::array::from_fn(|_| GatewayId::random(&random));
        let mut members = Members::new(me.clone());
        let new = News { members: true, shares: vec![Service::Tts] };
        assert_eq!(members.hear(says(&second, work(1, 1)), Instant::now()), new);
        assert_eq!(members.hear(says(&second, work(1, 1)), Instant::now()), News::default());
        assert!(members.hear(says(&third, BTreeMap::new()), Instant::now()).members);
        assert_eq!(members.hear(says(&me, work(9, 9)), Instant::now()), News::default(), "what it said itself");
        assert_eq!(members.live(Instant::now()), BTreeSet::from([me.clone(), second.clone(), third.clone()]));
        let leaving = Announcement { leaving: true, ..says(&third, BTreeMap::new()) };
        assert!(members.hear(leaving.clone(), Instant::now()).members);
        assert!(!members.hear(leaving, Instant::now()).members);
        tokio::time::sleep(HEARD_WITHIN).await;
        assert_eq!(members.live(Instant::now()), BTreeSet::from([me.clone(), second]));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(members.live(Instant::now()), BTreeSet::from([me]));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_know_the_same_announcements_divide_all_there_is() {
        let random = SeededRandom::new(2);
        let ids: Vec<GatewayId> = (0..5).map(|_| GatewayId::random(&random)).collect();
        let ownership = Ownership::of(&ids.iter().cloned().collect(), 100);
        let mut total = 0;
        for me in &ids {
            let mut members = Members::new(me.clone());
            for (place, other) in (1..).zip(&ids) {
                if other == me {
                    members.announce(work(place, place * 7));
                } else {
                    members.hear(says(other, work(place, place * 7)), Instant::now());
                }
            }
            let share = members.share(Service::Tts, 100, &ownership);
            assert_eq!(share > 0, ownership.dispatchers().contains(me));
            total += share;
        }
        assert_eq!(total, 100);
    }

    /// Else as many steps too many would be granted as have gone round since the longest of them
    /// began.
    #[tokio::test(start_paused = true)]
    async fn a_step_that_comes_round_is_granted_when_another_gateway_has_let_go_of_it() {
        let random = SeededRandom::new(6);
        let ownership = Ownership::of(&(0..2).map(|_| GatewayId::random(&random)).collect(), 64);
        let [me, other] = [0, 1].map(|place| ownership.dispatchers()[place].clone());
        // 16 1/2 are due to each of the two; in the eighth round the half comes to the first.
        let (mut members, now) = (Members::new(me), Instant::now());
        let round = |count: usize| (0..count).fold(Rotation::default(), |rotation, _| rotation.next());
        members.announce(work(1, 99));
        let mut share_in = |round: Rotation, elsewhere: usize| {
            let mut work = work(1, 99);
            work.values_mut().for_each(|work| work.working = elsewhere);
            members.hear(Announcement { rotation: round, ..says(&other, work) }, now);
            members.share(Service::Tts, 33, &ownership)
        };
        assert_eq!(share_in(round(7), 16), 16);
        assert_eq!(share_in(round(8), 17), 16, "the other one has it still");
        assert_eq!(share_in(round(8), 16), 17);
        assert_eq!(share_in(round(9), 17), 17, "from here on it is its own");
        assert_eq!(share_in(round(16), 16), 16, "it has gone on");
        assert_eq!(share_in(round(3), 16), 16, "news of an earlier round is late");
        assert_eq!(members.rotation(), round(16));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_dispatcher_begins_a_round_and_the_others_follow() {
        let random = SeededRandom::new(7);
        let ownership = Ownership::of(&(0..2).map(|_| GatewayId::random(&random)).collect(), 64);
        let [first, second] = [0, 1].map(|place| ownership.dispatchers()[place].clone());
        let (mut of_first, mut of_second) = (Members::new(first.clone()), Members::new(second.clone()));
        assert!(!of_first.rotate(&ownership, Instant::now()));
        tokio::time::sleep(ROUND).await;
        assert!(!of_second.rotate(&ownership, Instant::now()), "it is not the first");
        assert!(of_first.rotate(&ownership, Instant::now()));
        assert!(!of_first.rotate(&ownership, Instant::now()), "one after the other");
        let said = Announcement { rotation: of_first.rotation(), ..says(&first, work(1, 1)) };
        let news = News { members: true, shares: Service::ALL.to_vec() };
        assert_eq!(of_second.hear(said.clone(), Instant::now()), news);
        assert_eq!(
            (of_second.rotation(), of_second.hear(said, Instant::now())),
            (of_first.rotation(), News::default())
        );
        // One alone has everything in every round.
        let alone = Ownership::of(&[second].into(), 64);
        tokio::time::sleep(ROUND).await;
        assert!(!of_second.rotate(&alone, Instant::now()));
    }
}
