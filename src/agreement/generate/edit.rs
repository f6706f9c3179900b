//! Values below a path of a JSON value: read, put, taken away. The value itself stays as it is; what comes out shares
//! with it what is not on the path.

use crate::plan::Segment;
use crate::value::Json;
use std::sync::Arc;

/// Lists do not grow beyond this.
const LONGEST: usize = 1000;

/// The value at a path.
pub(super) fn get<'j>(json: &'j Json, path: &[Segment]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, segment| match segment {
        Segment::Name(name) | Segment::Key(name) => json.get(name),
        Segment::Index(index) => json.at(*index),
    })
}

/// With a value at the path; what is in its way gives way.
pub(super) fn put(json: &Json, path: &[Segment], value: Json) -> Json {
    let Some((first, rest)) = path.split_first() else {
        return value;
    };
    match first {
        Segment::Name(name) | Segment::Key(name) => {
            let mut members = match json {
                Json::Object(members) => members.to_vec(),
                _ => Vec::new(),
            };
            match members.iter_mut().find(|(own, _)| **own == **name) {
                Some((_, place)) => *place = put(place, rest, value),
                None => members.push((name.as_str().into(), put(&Json::Null, rest, value))),
            }
            Json::Object(members.into())
        }
        Segment::Index(index) => {
            let mut elements = match json {
                Json::Array(elements) => elements.to_vec(),
                _ => Vec::new(),
            };
            let at = match usize::try_from(*index) {
                Ok(at) if at < LONGEST => at,
                // From the end.
                Err(_) if !elements.is_empty() => {
                    let back = usize::try_from(index.unsigned_abs()).unwrap_or(1);
                    elements.len().saturating_sub(back)
                }
                _ => 0,
            };
            while elements.len() <= at {
                elements.push(Json::Null);
            }
            if let Some(place) = elements.get_mut(at) {
                *place = put(place, rest, value);
            }
            Json::Array(elements.into())
        }
    }
}

/// Without what stands at the path.
pub(super) fn remove(json: &Json, path: &[Segment]) -> Json {
    let Some((first, rest)) = path.split_first() else {
        return Json::Null;
    };
    match (first, json) {
        (Segment::Name(name) | Segment::Key(name), Json::Object(members)) => {
            let mut kept: Vec<(Arc<str>, Json)> = Vec::with_capacity(members.len());
            for (own, value) in members.iter() {
                if **own != **name {
                    kept.push((Arc::clone(own), value.clone()));
                } else if !rest.is_empty() {
                    kept.push((Arc::clone(own), remove(value, rest)));
                }
            }
            Json::Object(kept.into())
        }
        (Segment::Index(index), Json::Array(elements)) => {
            let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
            let at = if *index < 0 {
                index.saturating_add(length)
            } else {
                *index
            };
            let mut kept = Vec::with_capacity(elements.len());
            for (n, element) in (0..).zip(elements.iter()) {
                if n != at {
                    kept.push(element.clone());
                } else if !rest.is_empty() {
                    kept.push(remove(element, rest));
                }
            }
            Json::Array(kept.into())
        }
        _ => json.clone(),
    }
}

/// A value with what both have: members of both objects, one text behind the other, what both texts spell as JSON.
pub(super) fn merged(a: &Json, b: &Json) -> Json {
    match (a, b) {
        (Json::Object(members), Json::Object(others)) => {
            let mut all = members.to_vec();
            for (name, value) in others.iter() {
                match all.iter_mut().find(|(own, _)| own == name) {
                    Some((_, own)) => *own = merged(own, value),
                    None => all.push((Arc::clone(name), value.clone())),
                }
            }
            Json::Object(all.into())
        }
        (Json::Array(elements), Json::Array(others)) => match (&**elements, &**others) {
            ([one], [other]) => Json::Array([merged(one, other)].into()),
            _ => a.clone(),
        },
        (Json::Text(one), Json::Text(other)) => {
            let spelled = |text: &str| {
                Json::parse(text)
                    .ok()
                    .filter(|json| matches!(json, Json::Object(_) | Json::Array(_)))
            };
            match (spelled(one), spelled(other)) {
                (Some(one), Some(other)) => {
                    let text = serde_json::to_string(&merged(&one, &other)).unwrap_or_default();
                    Json::Text(text.into())
                }
                _ if one == other => a.clone(),
                _ => Json::Text(format!("{one} {other}").into()),
            }
        }
        _ => a.clone(),
    }
}

/// The path of a field's name: its words at the dots.
pub(super) fn words(name: &str) -> Vec<Segment> {
    name.split('.').map(|word| Segment::Name(word.to_owned())).collect()
}
