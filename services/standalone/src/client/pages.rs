//! Lists of a server, fetched page by page.

use lectern_core::Failure;

use super::out::Out;

/// Fetches at most `limit` items of a list, and hands each to `take` as its page comes; no more
/// once nobody reads what is printed. `page` fetches at most so many by the token of a page, with
/// the token of the next. Whether there are more.
///
/// # Errors
/// What the server answers. What came before was handed over.
pub(super) async fn up_to<T, F>(
    limit: usize,
    out: &Out,
    page: impl Fn(i32, String) -> F,
    mut take: impl FnMut(T),
) -> Result<bool, Failure>
where
    F: Future<Output = Result<(Vec<T>, String), Failure>>,
{
    let (mut left, mut token) = (limit, String::new());
    while left > 0 {
        // The server shortens it to what it gives at once.
        let (mut items, next) = Box::pin(page(i32::try_from(left).unwrap_or(i32::MAX), token)).await?;
        items.truncate(left);
        left -= items.len();
        items.into_iter().for_each(&mut take);
        token = next;
        if token.is_empty() || out.gone() {
            break;
        }
    }
    Ok(!token.is_empty())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use lectern_core::{Kind, Reason};

    use super::*;
    use crate::client::out::Mode;

    /// Pages of a list of nine, of at most four each; the last of them fails where `fails`.
    async fn fetch(limit: usize, fails: bool) -> (Result<bool, Failure>, Vec<usize>, Vec<i32>) {
        let (mut taken, asked) = (Vec::new(), RefCell::new(Vec::new()));
        let page = |most: i32, token: String| {
            asked.borrow_mut().push(most);
            let from = token.parse().unwrap_or(0_usize);
            let to = (from + 4).min(9);
            let next = if to < 9 { to.to_string() } else { String::new() };
            let failure = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "it is away");
            let answer = if fails && from == 8 { Err(failure) } else { Ok(((from..to).collect::<Vec<usize>>(), next)) };
            std::future::ready(answer)
        };
        let more = up_to(limit, &Out::new(Mode::Quiet), page, |item| taken.push(item)).await;
        (more, taken, asked.into_inner())
    }

    #[tokio::test]
    async fn no_more_items_come_than_are_wanted_and_it_is_known_whether_there_are_any() {
        assert_eq!(fetch(6, false).await, (Ok(true), (0..6).collect(), vec![6, 2]));
        assert_eq!(fetch(9, false).await, (Ok(false), (0..9).collect(), vec![9, 5, 1]));
        assert_eq!(fetch(usize::MAX, false).await, (Ok(false), (0..9).collect(), vec![i32::MAX; 3]));
        assert_eq!(fetch(0, false).await, (Ok(false), Vec::new(), Vec::new()));
    }

    #[tokio::test]
    async fn what_came_before_a_failure_is_there() {
        let (ended, taken, _) = fetch(20, true).await;
        assert_eq!((ended.is_err(), taken.len()), (true, 8));
    }
}
