use super::MAX_RECORD;
use super::read::tidy;
use super::split::Splitter;
use crate::value::Json;

/// The records of a text in any layout of JSON that logs come in, as sources see them, at most so many; and how many pieces
/// are no record.
pub fn records(text: &str, most: usize) -> (Vec<Json>, usize) {
    let (mut records, mut bad) = (Vec::new(), 0);
    let mut splitter = Splitter::with_limit(MAX_RECORD);
    let mut take = |piece: &super::split::Piece<'_>| {
        let json = piece.content.ok().and_then(|bytes| Json::parse_counting(bytes).ok());
        match json {
            Some((json @ Json::Object(_), _)) if records.len() < most => records.push(tidy(&json).unwrap_or(json)),
            Some((Json::Object(_), _)) => {}
            _ => bad += 1,
        }
    };
    splitter.feed(text.as_bytes(), &mut |piece| take(&piece));
    splitter.finish(&mut |piece| take(&piece));
    (records, bad)
}
