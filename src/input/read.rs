use super::open::{Input, Kind, open};
use super::split::{Piece, Splitter};
use super::{Event, InputError, InputFile, Options, Place, Reject, Report, table};
use crate::source::{Catalog, DateOrder, FieldType, ShapeId, Source, SourceId, TABLE, parse_time};
use crate::value::{Json, Keys, Value};
use std::io::Read;
use std::sync::Arc;
use uuid::Uuid;

/// Members that hold a record as text: as Splunk and Cribl keep it, and as CloudTrail's `LookupEvents` gives it.
const TEXT_KEYS: [&str; 2] = ["_raw", "CloudTrailEvent"];

/// The same, looked into only where the record itself is not known: CloudWatch, Elastic agents.
const LATE_TEXT_KEYS: [&str; 1] = ["message"];

/// Identifiers made from content live in their own space.
const CONTENT: Uuid = Uuid::from_u128(0x5b0b_6a5e_57c4_4a3c_9a0e_6c1d_8f2b_7d41);

/// Reads one file and hands its events to `sink`, in the order of the file. Files may be read at the same time.
///
/// # Errors
/// When the file cannot be opened, or is a table export whose dates can be read in two ways. Whatever is wrong inside
/// a file is counted and located in the report.
pub fn read(
    file: &InputFile,
    catalog: &Catalog,
    options: &Options,
    sink: &mut dyn FnMut(Event),
) -> Result<Report, InputError> {
    let mut input = open(file, options.progress.clone())?;
    let mut reader = Reader {
        file,
        catalog,
        options: options.clone(),
        report: Report::default(),
        record: 0,
        keys: Keys::default(),
        sink,
    };
    match input.kind(catalog) {
        Kind::Json => reader.json(&mut input),
        Kind::Table(layout) => table::read(&mut reader, &mut input, layout)?,
        Kind::Unreadable(reason) => reader.reject_file(reason),
    }
    reader.report.bytes = input.taken();
    Ok(reader.report)
}

/// One file being read.
pub(super) struct Reader<'a> {
    pub(super) file: &'a InputFile,
    pub(super) catalog: &'a Catalog,
    pub(super) options: Options,
    report: Report,
    record: u64,
    keys: Keys,
    sink: &'a mut dyn FnMut(Event),
}

impl Reader<'_> {
    fn json(&mut self, input: &mut Input) {
        let mut splitter = Splitter::new();
        let mut chunk = vec![0; 64 * 1024];
        loop {
            match input.read(&mut chunk) {
                Ok(0) => break splitter.finish(&mut |piece| self.piece(&piece)),
                Ok(count) => splitter.feed(chunk.get(..count).unwrap_or_default(), &mut |piece| self.piece(&piece)),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break self.reject_rest(splitter.line(), &error),
            }
        }
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        self.next_record();
        match piece.content {
            Ok(bytes) => match Json::parse_with(bytes, &mut self.keys) {
                Ok((json, repeated)) => self.deliver(json, piece.line, repeated, 0),
                Err(error) => {
                    let below = u64::try_from(error.line.saturating_sub(1)).unwrap_or(0);
                    let what = if below == 0 { "record" } else { "line" };
                    let reason = format!("not JSON: {} at byte {} of the {what}", error.message, error.column);
                    self.reject(piece.line + below, reason);
                }
            },
            Err(bad) => self.reject(piece.line, bad.reason()),
        }
    }

    /// Finds out what a record is, looking through what may be wrapped around it.
    fn deliver(&mut self, json: Json, line: u64, repeated: u32, depth: u8) {
        // A record in text, in text, is more than anybody writes.
        let inner = |keys: &[&str]| {
            let mut texts = keys.iter().filter_map(|key| match json.get(key) {
                Some(Json::Text(text)) if text.trim_start().starts_with('{') => {
                    Some((key.to_string(), Arc::clone(text)))
                }
                _ => None,
            });
            if depth < 2 { texts.next() } else { None }
        };
        if let Some(inner) = inner(&TEXT_KEYS) {
            return self.text(inner, line, repeated, depth);
        }
        let json = tidy(&json).unwrap_or(json.clone());
        match self.catalog.recognise(&json) {
            Some((source, shape)) => self.event(source, shape, json, line, repeated),
            None => match inner(&LATE_TEXT_KEYS) {
                Some(inner) => self.text(inner, line, repeated, depth),
                None => self.unrecognised(line),
            },
        }
    }

    fn text(&mut self, (key, text): (String, Arc<str>), line: u64, repeated: u32, depth: u8) {
        match Json::parse_with(text.as_bytes(), &mut self.keys) {
            Ok((json, more)) => self.deliver(json, line, repeated.saturating_add(more), depth + 1),
            Err(error) => self.reject(line, format!("the text in `{key}` is not JSON: {error}")),
        }
    }

    /// A record of a known source.
    pub(super) fn event(&mut self, source: SourceId, shape: ShapeId, body: Json, line: u64, repeated: u32) {
        let owner = if shape == TABLE {
            self.catalog.of_row(source, &body)
        } else {
            Some(source)
        };
        let Some(source) = owner else {
            return self.unrecognised(line);
        };
        let known = self.catalog.get(source);
        let row = (shape == TABLE).then(|| self.row(known, &body));
        let (read, dropped) = row.as_ref().map_or((&body, 0), |(row, dropped)| (row, *dropped));
        let Value::Time(time) = known.read(shape, known.time, read).value else {
            self.report.without_time += 1;
            return self.reject(line, no_time(known, shape, &body, self.options.date_order));
        };
        let body = row.map_or(body, |(row, _)| row);
        let id = known.id.map(|id| known.read(shape, id, &body).value);
        let id = match id {
            Some(Value::Text(id)) => id,
            // Key order does not matter here: serde_json sorts.
            _ => Arc::from(Uuid::new_v5(&CONTENT, body.to_serde().to_string().as_bytes()).to_string()),
        };
        self.report.read += 1;
        *self.report.events.entry(source).or_default() += 1;
        self.report.unconverted += dropped + known.unconverted(shape, &body);
        self.report.repeated_keys += u64::from(repeated);
        (self.sink)(Event {
            source,
            shape,
            body,
            time: Some(time),
            id,
            place: Place {
                file: self.file.number,
                record: self.record,
                line,
            },
        });
    }

    /// A row of a table with its JSON texts parsed and its times in one spelling, once instead of at every reading.
    /// Dates with slashes that do not fit the order of the file are left out, and counted.
    fn row(&mut self, source: &Source, body: &Json) -> (Json, u64) {
        let Json::Object(members) = body else {
            return (body.clone(), 0);
        };
        let mut dropped = 0;
        let mut row = Vec::with_capacity(members.len());
        for (column, json) in members.iter() {
            let ty = source.by_column(column).map(|field| source.get(field).ty);
            let value = match (ty, json) {
                (Some(FieldType::Json), Json::Text(text)) if text.trim_start().starts_with(['{', '[']) => {
                    Json::parse_with(text.as_bytes(), &mut self.keys).map_or_else(|_| json.clone(), |(inner, _)| inner)
                }
                (Some(FieldType::Time), Json::Text(text)) if text.contains('/') => {
                    let Ok(time) = parse_time(text, self.options.date_order) else {
                        dropped += 1;
                        continue;
                    };
                    Json::Text(Arc::from(time.to_string()))
                }
                _ => json.clone(),
            };
            row.push((Arc::clone(column), value));
        }
        (Json::Object(row.into()), dropped)
    }

    pub(super) fn next_record(&mut self) {
        self.record += 1;
    }

    pub(super) fn unrecognised(&mut self, line: u64) {
        self.report.unrecognised += 1;
        self.reject(line, "not a record of a known source");
    }

    pub(super) fn reject(&mut self, line: u64, reason: impl Into<String>) {
        let (path, record) = (&self.file.path, self.record);
        self.report.reject(|| Reject {
            path: path.clone(),
            line,
            record,
            reason: reason.into(),
        });
    }

    /// The rest of the file cannot be read.
    pub(super) fn reject_rest(&mut self, line: u64, error: &std::io::Error) {
        self.next_record();
        self.reject(line, format!("reading stopped here: {error}"));
    }

    fn reject_file(&mut self, reason: String) {
        self.reject(0, reason);
    }
}

/// Keys as sources know them: dotted ones nested, the portal's mark for UTC taken off. None where nothing changes.
pub(super) fn tidy(json: &Json) -> Option<Json> {
    let Json::Object(members) = json else { return None };
    let marked = |key: &str| key.ends_with(" [UTC]");
    let dotted = |key: &str| key.contains('.');
    let mut tidied = None;
    if members.iter().any(|(key, _)| marked(key)) {
        let plain = |(key, json): &(Arc<str>, Json)| (Arc::from(key.trim_end_matches(" [UTC]")), json.clone());
        tidied = Some(Json::Object(members.iter().map(plain).collect()));
    }
    if members.iter().any(|(key, _)| dotted(key)) {
        tidied = Some(tidied.as_ref().unwrap_or(json).nested());
    }
    tidied
}

fn no_time(source: &Source, shape: ShapeId, body: &Json, order: Option<DateOrder>) -> String {
    let name = &source.get(source.time).name;
    let Some(raw) = source.raw(shape, source.time, body) else {
        return format!("no time: `{name}` is missing");
    };
    let text = raw.as_text().unwrap_or_default();
    let short: String = text.chars().take(60).collect();
    match &*raw {
        Json::Text(text) => match parse_time(text, order) {
            Err(error) => format!("no time: `{name}` is `{short}`, {error}"),
            Ok(_) => format!("no time: `{name}` is `{short}`"),
        },
        _ => format!("no time: `{name}` is `{short}`, which is no text"),
    }
}
