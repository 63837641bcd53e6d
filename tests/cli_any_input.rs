//! Any input: spoilt systems, priors, FITS and NPY files. The program ends with 0 or with 2 and one line, never otherwise, and in time.
//!
//! `ARCLET_INPUTS=2000 cargo test --release --test cli_any_input -- --nocapture` tries so many, and prints the counts.
#![cfg(unix)]

mod program;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value as Json, json};

use program::{empty, mock};

/// Inputs of an ordinary run; tries of a spoilt fit take a third of a second.
const INPUTS: usize = 80;
/// No input may take longer, seconds of one core: what a wall clock says hangs on who else is at work.
const SECONDS: u64 = 20;
/// Nor wait so long.
const PATIENCE: Duration = Duration::from_secs(10 * SECONDS);
/// The signal of a program that has had its seconds.
const SIGXCPU: i32 = 24;
/// Bytes of address space; what asks for more has not looked at a size before it took it.
const ROOM_KB: u64 = 6 << 20;

/// One way to spoil something that was good.
#[derive(Clone, Debug)]
enum Spoil {
    /// Puts a value in the place of one of the system's.
    Value(Index, Json),
    /// Changes a number of the system by a factor.
    Scale(Index, f64),
    /// Takes an entry of the system away.
    Remove(Index),
    /// Gives a key of the system another name.
    Rename(Index, String),
    /// A prior for one of its parameters.
    Prior(Index, Json),
    /// A value for one of its parameters.
    Parameter(Index, Json),
    /// An entry under `data`.
    Data(&'static str, Json),
    /// Characters of the text of the system.
    Text(Index, String),
    /// Bytes of a file.
    Bytes(&'static str, Vec<(Index, u8)>),
    /// The header of a file, where most of what is believed stands.
    Header(&'static str, Index, &'static str),
    /// The end of a file.
    Cut(&'static str, Index),
    /// A NumPy file in the place of the image, with this header and so many bytes.
    Npy(String, usize),
}

fn odd_number() -> impl Strategy<Value = f64> {
    let odd = [0.0, -0.0, -1.0, 1e-300, 1e300, -1e300, 5e-324, 1e17, 0.5, 3.0, 1e-12, 1e6];
    prop_oneof![select(odd.to_vec()), any::<f64>().prop_filter("JSON has no others", |v| v.is_finite()), -5.0..5.0]
}

fn odd_value() -> impl Strategy<Value = Json> {
    let odd = vec![
        json!(null),
        json!(true),
        json!(""),
        json!("x"),
        json!("\u{1b}[31m\u{7}"),
        json!([]),
        json!({}),
        json!([1, 100_000]),
        json!([100_000, 100_000]),
        json!([0, 5]),
        json!([[1]]),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("image.fits[7]"),
        json!("/dev/null"),
        json!("."),
        json!("vae"),
        json!("sple_table"),
        json!("uniform"),
        json!(20),
        json!(f64::MAX),
    ];
    prop_oneof![2 => select(odd), 1 => odd_number().prop_map(|v| json!(v)), 1 => any::<i32>().prop_map(|v| json!(v))]
}

fn odd_prior() -> impl Strategy<Value = Json> {
    let two = |name: &'static str, first: &'static str, second: &'static str| {
        (odd_number(), odd_number()).prop_map(move |(a, b)| json!({ name: { first: a, second: b } }))
    };
    let four = (odd_number(), odd_number(), odd_number(), odd_number()).prop_map(|(loc, scale, low, high)| {
        json!({ "truncated_normal": { "loc": loc, "scale": scale.abs(), "low": low.min(high), "high": low.max(high) } })
    });
    prop_oneof![
        two("normal", "loc", "scale"),
        two("log_normal", "loc", "scale"),
        two("uniform", "low", "high"),
        two("beta", "concentration1", "concentration0"),
        two("gamma", "concentration", "rate"),
        two("improper_uniform", "low", "high"),
        (odd_number(), odd_number()).prop_map(|(a, b)| json!({ "uniform": { "low": a.min(b), "high": a.max(b) } })),
        four,
        odd_value(),
    ]
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let file = || select(vec!["image.fits", "noise.fits", "psf.fits"]);
    let cards = select(vec![
        "NAXIS1  =               100000",
        "NAXIS1  =                    0",
        "NAXIS2  =                   -1",
        "NAXIS   =                    3",
        "BITPIX  =                   17",
        "BITPIX  =                   64",
        "BSCALE  =                  0.0",
        "BZERO   =               1.E300",
        "EXTEND  =                    F",
        "XTENSION= 'BINTABLE'          ",
        "PCOUNT  =           4294967296",
        "GCOUNT  =                    0",
        "END                           ",
        "CD1_1   =                  0.0",
        "CTYPE1  = 'RA---TAN'          ",
        "\u{1}\u{2}AB    =          'x\u{1b}[31m",
    ]);
    let kind = select(vec!["<f4", "<f8", ">f4", "|b1", "<i8", "<c8", "<U7", "|O", "<f2"]);
    let axes = prop_oneof![
        Just("(30, 30)".to_owned()),
        Just("(1, 100000)".to_owned()),
        Just("(30, 30, 1)".to_owned()),
        Just("()".to_owned()),
        (any::<u64>(), any::<u64>()).prop_map(|(a, b)| format!("({a}, {b})"))
    ];
    let header = (kind, any::<bool>(), axes).prop_map(|(kind, order, axes)| {
        format!("{{'descr': '{kind}', 'fortran_order': {}, 'shape': {axes}, }}", if order { "True" } else { "False" })
    });
    prop_oneof![
        3 => (any::<Index>(), odd_value()).prop_map(|(at, value)| Spoil::Value(at, value)),
        2 => (any::<Index>(), odd_number()).prop_map(|(at, by)| Spoil::Scale(at, by)),
        1 => any::<Index>().prop_map(Spoil::Remove),
        1 => (any::<Index>(), "[a-z\\x00-\\x1f_]{0,6}").prop_map(|(at, name)| Spoil::Rename(at, name)),
        4 => (any::<Index>(), odd_prior()).prop_map(|(at, prior)| Spoil::Prior(at, prior)),
        3 => (any::<Index>(), prop_oneof![odd_value(), odd_number().prop_map(|v| json!(v))]).prop_map(|(at, v)| Spoil::Parameter(at, v)),
        3 => (select(arclet::lens::data::DataFiles::KEYS.to_vec()), odd_value()).prop_map(|(key, v)| Spoil::Data(key, v)),
        1 => (any::<Index>(), ".{0,3}").prop_map(|(at, text)| Spoil::Text(at, text)),
        2 => (file(), prop::collection::vec((any::<Index>(), any::<u8>()), 1..20)).prop_map(|(file, at)| Spoil::Bytes(file, at)),
        3 => (file(), any::<Index>(), cards).prop_map(|(file, at, card)| Spoil::Header(file, at, card)),
        1 => (file(), any::<Index>()).prop_map(|(file, at)| Spoil::Cut(file, at)),
        1 => (header, 0..8000_usize).prop_map(|(header, bytes)| Spoil::Npy(header, bytes)),
    ]
}

/// Paths to every entry of a JSON value, as keys and numbers.
fn paths(json: &Json) -> Vec<String> {
    let mut all = vec![];
    let entries: Vec<(String, &Json)> = match json {
        Json::Object(map) => {
            map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Json::Array(list) => list.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => vec![],
    };
    for (key, value) in entries {
        all.push(format!("/{key}"));
        all.extend(paths(value).into_iter().map(|below| format!("/{key}{below}")));
    }
    all
}

fn parent<'a>(json: &'a mut Json, path: &'a str) -> Option<(&'a mut Map<String, Json>, &'a str)> {
    let (above, key) = path.rsplit_once('/')?;
    json.pointer_mut(above)?.as_object_mut().map(|map| (map, key))
}

/// The component and the parameter that an index names.
const PARAMETERS: [(&str, &str); 8] = [
    ("lens", "theta_E"),
    ("lens", "e1"),
    ("lens", "e2"),
    ("lens", "center_x"),
    ("source", "amp"),
    ("source", "R_sersic"),
    ("source", "n_sersic"),
    ("source", "e1"),
];

fn apply(spoil: &Spoil, json: &mut Json, root: &Path) {
    let all = paths(json);
    let at = |index: &Index| if all.is_empty() { String::new() } else { index.get(&all).clone() };
    let bytes = |name: &str| fs::read(root.join(name)).expect("a file of the mock");
    let write = |name: &str, bytes: Vec<u8>| fs::write(root.join(name), bytes).expect("a temporary folder");
    match spoil {
        Spoil::Value(index, value) => {
            if let Some(there) = json.pointer_mut(&at(index)) {
                *there = value.clone();
            }
        }
        Spoil::Scale(index, by) => {
            let numbers: Vec<&String> =
                all.iter().filter(|path| json.pointer(path).is_some_and(Json::is_number)).collect();
            if let Some(path) = (!numbers.is_empty()).then(|| (*index.get(&numbers)).clone())
                && let Some(there) = json.pointer_mut(&path)
            {
                *there = json!(there.as_f64().unwrap_or(0.0) * by);
            }
        }
        Spoil::Remove(index) => {
            let path = at(index);
            if let Some((map, key)) = parent(json, &path) {
                map.shift_remove(key);
            }
        }
        Spoil::Rename(index, name) => {
            let path = at(index);
            if let Some((map, key)) = parent(json, &path)
                && let Some(value) = map.shift_remove(key)
            {
                map.insert(name.clone(), value);
            }
        }
        Spoil::Prior(index, prior) => {
            let (component, parameter) = index.get(&PARAMETERS);
            if json["priors"].is_object() || json["priors"].is_null() {
                json["priors"][format!("{component}.{parameter}")] = prior.clone();
            }
        }
        Spoil::Parameter(index, value) => {
            let (component, parameter) = index.get(&PARAMETERS);
            let first = json.get_mut(component).and_then(|all| all.get_mut(0)).and_then(Json::as_object_mut);
            let parameters = first.map(|first| first.entry("parameters").or_insert_with(|| json!({})));
            if let Some(parameters) = parameters.and_then(Json::as_object_mut) {
                parameters.insert((*parameter).to_owned(), json!({ "value": value }));
            }
        }
        Spoil::Data(key, value) => {
            if json["data"].is_object() {
                json["data"][key] = value.clone();
            }
        }
        Spoil::Bytes(name, changes) => {
            let mut all = bytes(name);
            for (index, byte) in changes {
                if !all.is_empty() {
                    let place = index.index(all.len());
                    all[place] = *byte;
                }
            }
            write(name, all);
        }
        Spoil::Header(name, index, card) => {
            let mut all = bytes(name);
            let place = 80 * index.index(12);
            if all.len() >= place + card.len() {
                all[place..place + card.len()].copy_from_slice(card.as_bytes());
            }
            write(name, all);
        }
        Spoil::Cut(name, index) => {
            let mut all = bytes(name);
            all.truncate(index.index(all.len().max(1)));
            write(name, all);
        }
        Spoil::Npy(header, count) => {
            let padded = format!("{header:<117}\n");
            let head =
                [b"\x93NUMPY\x01\x00".as_slice(), &(padded.len() as u16).to_le_bytes(), padded.as_bytes()].concat();
            write("image.npy", [head, (0..*count).map(|i| (i * 37 % 251) as u8).collect()].concat());
            if json["data"].is_object() {
                json["data"]["image"] = json!("image.npy");
            }
        }
        Spoil::Text(..) => {}
    }
}

/// What became of one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Done,
    Refused,
    ExitOne,
    Aborted,
    Hung,
    /// Exit code 2, but not in one line, or with what a terminal would obey.
    Ugly,
}

fn command(which: usize) -> &'static [&'static str] {
    const FIT: &[&str] = &["fit", "system.json", "--out", "out", "--method", "map", "--draws", "5", "--chains", "1"];
    const NUTS: &[&str] =
        &["fit", "system.json", "--out", "out", "--warmup", "5", "--draws", "5", "--chains", "1", "--seed", "1"];
    [FIT, NUTS, FIT, &["simulate", "system.json", "--out", "out"], &["priors", "system.json"]][which % 5]
}

/// Runs the program with little room and within its time.
fn run(root: &Path, arguments: &[&str]) -> (Option<Output>, Duration) {
    let limited = format!("ulimit -v {ROOM_KB}; ulimit -t {SECONDS}; exec \"$0\" --threads 1 \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &limited, env!("CARGO_BIN_EXE_arclet")]).args(arguments).current_dir(root);
    let files = ["stdout", "stderr"].map(|name| fs::File::create(root.join(name)).expect("a temporary folder"));
    let [out, err] = files;
    let begun = Instant::now();
    let mut child = shell.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("sh is there");
    loop {
        if let Some(status) = child.try_wait().expect("it was started") {
            let read = |name| fs::read(root.join(name)).expect("made above");
            return (Some(Output { status, stdout: read("stdout"), stderr: read("stderr") }), begun.elapsed());
        }
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return (None, begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Tries one input, and says what came of it.
fn attempt(which: usize, spoils: &[Spoil]) -> (End, String) {
    let folder = mock();
    let root = folder.path();
    let path = root.join("system.json");
    let text = match which % 5 {
        3 => program::SYSTEM.to_owned(),
        _ => fs::read_to_string(&path).expect("a file of the mock"),
    };
    let mut json: Json = serde_json::from_str(&text).expect("a good system");
    spoils.iter().for_each(|spoil| apply(spoil, &mut json, root));
    let mut text = json.to_string();
    for spoil in spoils {
        if let Spoil::Text(index, inserted) = spoil {
            let places: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
            text.insert_str(*index.get(&places), inserted);
        }
    }
    fs::write(&path, text).expect("a temporary folder");
    let (output, _) = run(root, command(which));
    let Some(output) = output else { return (End::Hung, String::new()) };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let obeyed = said.chars().any(|c| c.is_control() && c != '\n');
    let errors = said.lines().filter(|line| !line.starts_with("warning: ")).count();
    let end = match (output.status.code(), output.status.signal()) {
        (_, Some(SIGXCPU)) => End::Hung,
        (_, Some(_)) => End::Aborted,
        (Some(0), _) if !obeyed => End::Done,
        (Some(2), _) if !obeyed && errors == 1 => End::Refused,
        (Some(0 | 2), _) => End::Ugly,
        _ => End::ExitOne,
    };
    (end, said)
}

#[test]
fn whatever_is_read_ends_in_a_result_or_in_one_line() {
    let count = std::env::var("ARCLET_INPUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(INPUTS);
    let seed = [17; 32];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (0..5_usize, prop::collection::vec(spoil(), 1..3));
    let tree = |_| strategy.new_tree(&mut runner).expect("the strategy makes values").current();
    let inputs: Vec<(usize, Vec<Spoil>)> = (0..count).map(tree).collect();
    let (next, ends) = (AtomicUsize::new(0), Mutex::new(vec![]));
    let work = || {
        while let Some((which, spoils)) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (end, said) = attempt(*which, spoils);
            if !matches!(end, End::Done | End::Refused) {
                eprintln!("{end:?}: {} of {spoils:?}: {said}", command(*which)[0]);
            }
            ends.lock().expect("no thread panics with it").push(end);
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    let ends = ends.into_inner().expect("no thread panics with it");
    let of = |end: End| ends.iter().filter(|e| **e == end).count();
    let bad = [End::ExitOne, End::Aborted, End::Hung, End::Ugly].map(of);
    println!(
        "{} inputs: {} results, {} refused; exit 1, aborted, over 20 s, not one line: {bad:?}",
        ends.len(),
        of(End::Done),
        of(End::Refused)
    );
    assert_eq!((ends.len(), bad), (count, [0; 4]));
    // A test that only ever sees refusals sees little.
    assert!(of(End::Done) * 10 > count && of(End::Refused) * 10 > count);
}

#[test]
fn a_size_that_cannot_be_held_is_refused_before_it_is_taken() {
    for (size, refused) in [("[1, 100000]", false), ("[100000, 100000]", true), ("[18446744073709551615, 2]", true)] {
        let folder = empty();
        fs::write(folder.path().join("system.json"), program::SYSTEM.replace("[30, 30]", size))
            .expect("a temporary folder");
        let (output, took) = run(folder.path(), &["simulate", "system.json", "--out", "out"]);
        let output = output.unwrap_or_else(|| panic!("{size} took {took:?}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(if refused { 2 } else { 0 }), "{size}: {said}");
        assert!(!refused || said.contains("number of pixels"), "{size}: {said}");
    }
}

/// Priors that a run of thousands of inputs found: ends so far out that their distances are no numbers.
#[test]
fn priors_that_once_failed_end_in_one_line() {
    for prior in [
        json!({ "truncated_normal": { "loc": 5e-324, "scale": 1e-300, "low": 1.159, "high": 2.7e112 } }),
        json!({ "truncated_normal": { "loc": -1e300, "scale": 1.76, "low": 3.1e-151, "high": 1e17 } }),
    ] {
        let folder = mock();
        let path = folder.path().join("system.json");
        let text = fs::read_to_string(&path).expect("a file of the mock");
        let mut json: Json = serde_json::from_str(&text).expect("a good system");
        json["priors"]["source.R_sersic"] = prior.clone();
        fs::write(&path, json.to_string()).expect("a temporary folder");
        let output = run(folder.path(), command(0)).0.unwrap_or_else(|| panic!("{prior} hangs"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("source.R_sersic"), "{prior}: {said}");
    }
}
