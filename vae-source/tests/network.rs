//! The networks against PyTorch: every operation, then encoder and decoder with the same weights on both sides.

use std::cell::RefCell;
use std::rc::Rc;

use ppl_core::autodiff::{Dims, Shape, Tape, Value, check};
use ppl_core::handler::{Handler, Recorder, Trace, replay};
use ppl_core::message::{Kind as Statement, Message};
use ppl_core::{Array, Ctx, Outside, Var};
use serde::Deserialize;
use vae_source::network::{
    Arrays, Decoder, Encoded, Kind, MOMENTUM, Mode, Precision, WeightSet, WeightSpec, decode, decoder_weights, encode,
    encoder_weights, follow, op,
};
use vae_source::training::{guide, model};

/// What scripts/golden/network.py wrote.
#[derive(Deserialize)]
struct Table {
    operations: Vec<Operation>,
    encoder: Vec<Network>,
    decoder: Vec<Network>,
}

#[derive(Deserialize)]
struct Operation {
    name: String,
    kernel: Option<KernelSides>,
    slope: Option<f32>,
    inputs: Vec<Input>,
    value: Summary,
    dims: Vec<usize>,
}

#[derive(Deserialize)]
struct KernelSides {
    side: usize,
    stride: usize,
    padding: usize,
}

#[derive(Deserialize)]
struct Input {
    shape: Vec<usize>,
    gradient: Summary,
}

#[derive(Deserialize)]
struct Network {
    training: bool,
    weights: Vec<String>,
    shape: Vec<usize>,
    outputs: Vec<Summary>,
    input_gradient: Summary,
    gradients: indexmap::IndexMap<String, Summary>,
    running: indexmap::IndexMap<String, Summary>,
}

/// Every so-manieth number of a result, and the Euclidean norm of all.
#[derive(Deserialize)]
struct Summary {
    norm: f64,
    sample: Vec<f64>,
}

impl Summary {
    /// Asserts that `got` is the same to `tolerance` of the root mean square of its numbers.
    fn assert_is(&self, got: &[f64], tolerance: f64, what: &str) {
        let step = got.len().div_ceil(self.sample.len());
        let scale = self.norm / (got.len() as f64).sqrt();
        let norm = got.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((norm - self.norm).abs() <= tolerance * self.norm, "{what}: norm {norm}, PyTorch {}", self.norm);
        assert_eq!(got.iter().step_by(step).count(), self.sample.len(), "{what}");
        for (i, (got, expected)) in got.iter().step_by(step).zip(&self.sample).enumerate() {
            let allowed = tolerance * scale.max(expected.abs());
            assert!((got - expected).abs() <= allowed, "{what}: number {} is {got}, PyTorch {expected}", i * step);
        }
    }
}

fn table() -> Table {
    serde_json::from_str(include_str!("data/network.json")).unwrap()
}

/// Numbers between -1 and 1, each a hash of its index and the salt, as the script has them.
fn uniform(count: usize, salt: u32) -> impl Iterator<Item = f64> {
    (0..count as u32).map(move |i| {
        let mut h = i.wrapping_mul(0x9E37_79B1) ^ salt.wrapping_mul(0x85EB_CA77);
        for (shift, factor) in [(16, 0x7FEB_352D), (15, 0x846C_A68B)] {
            h = (h ^ (h >> shift)).wrapping_mul(factor);
        }
        h ^= h >> 16;
        2.0 * (f64::from(h) + 0.5) / 2.0_f64.powi(32) - 1.0
    })
}

fn numbers(count: usize, salt: u32, centre: f64, spread: f64) -> Vec<f32> {
    uniform(count, salt).map(|u| (centre + spread * u) as f32).collect()
}

/// The weights of the script.
fn weights(specs: &[WeightSpec]) -> WeightSet {
    let mut set = WeightSet::default();
    for (salt, WeightSpec { name, dims, kind }) in specs.iter().enumerate() {
        let fan = match name.as_str() {
            "decoder.0.weight" => dims[0],
            name if name.starts_with("decoder") => 4 * dims[0],
            _ => 16 * dims.get(1).unwrap_or(&1),
        };
        let (centre, spread) = match kind {
            Kind::Kernel => (0.0, (6.0 / fan as f64).sqrt()),
            Kind::Factor => (1.0, 0.2),
            Kind::Bias | Kind::RunningMean => (0.0, 0.1),
            Kind::RunningVariance => (1.0, 0.3),
        };
        let count = dims.iter().product();
        set.insert(name, dims, numbers(count, salt as u32, centre, spread)).unwrap();
    }
    set
}

/// sum_i cos(1 + 0.7 i) y_i.
fn weighed(y: &Var<(usize, usize)>) -> Var {
    let [rows, columns] = [0, 1].map(|axis| y.as_value().dims().sizes()[axis]);
    let cosines: Vec<f64> = (0..rows * columns).map(|i| (1.0 + 0.7 * i as f64).cos()).collect();
    (y * &Var::matrix(rows, columns, cosines).unwrap()).sum()
}

/// The same of pixels.
fn weighed_pixels(y: &Array) -> Var {
    weighed(&op::to_numbers(&op::reshaped(y, &[1, y.dims().len()]).unwrap()).unwrap())
}

fn pixels(array: &Array) -> Vec<f64> {
    array.as_value().data().to_f64()
}

fn gradient(value: &Value) -> Vec<f64> {
    value.take_gradient().unwrap().to_f64()
}

#[test]
fn every_operation_has_the_values_and_gradients_of_pytorch() {
    let table = table();
    assert_eq!(table.operations.len(), 19);
    for case in &table.operations {
        let tape = Tape::recording();
        let leaf = |(salt, input): (usize, &Input)| {
            let count = input.shape.iter().product();
            Array::leaf(&tape, 1, &input.shape, numbers(count, salt as u32, 0.0, 1.0))
        };
        let inputs: Vec<Array> = case.inputs.iter().enumerate().map(leaf).collect();
        let kernel = case.kernel.as_ref();
        let kernel = kernel.map(|k| op::Kernel { side: k.side, stride: k.stride, padding: k.padding });
        let y = match (case.name.as_str(), inputs.as_slice()) {
            ("conv2d", [x, weight]) => op::conv2d(x, weight, kernel.unwrap()),
            ("conv_transpose2d", [x, weight]) => op::conv_transpose2d(x, weight, kernel.unwrap()),
            ("batch_norm", [x, weight, bias]) => {
                let statistics = op::batch_statistics(x).unwrap();
                op::normalised(x, &statistics, weight, bias, case.slope.unwrap())
            }
            ("leaky_relu", [x]) => op::leaky_relu(x, case.slope.unwrap()),
            ("tanh", [x]) => op::tanh(x),
            ("linear", [x, weight, bias]) => op::linear(x, weight, bias),
            (name, _) => panic!("{name}"),
        };
        let y = y.unwrap();
        assert_eq!(y.dims().sizes(), case.dims, "{}", case.name);
        tape.backward(weighed_pixels(&y).as_value()).unwrap();
        // Sums of at most a few hundred f32 products against f64: 1e-6.
        case.value.assert_is(&pixels(&y), 3e-6, &case.name);
        for (i, (input, expected)) in inputs.iter().zip(&case.inputs).enumerate() {
            expected.gradient.assert_is(&gradient(input.as_value()), 3e-6, &format!("{}, input {i}", case.name));
        }
    }
}

/// Weights of a network as leaves, the batch that goes in, and how far f32 may be off.
fn assert_network(
    network: &Network,
    specs: &[WeightSpec],
    run: impl Fn(&mut vae_source::network::Arrays, Mode, Value) -> (Vec<Vec<f64>>, Var),
    input: impl Fn(&Tape, Vec<f32>) -> Value,
) {
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, network.weights);
    let (mode, what) = if network.training { (Mode::Training, "training") } else { (Mode::Evaluation, "evaluation") };
    let tape = Tape::recording();
    let set = weights(specs);
    // In evaluation weights are constants.
    let mut arrays = set.arrays(network.training.then_some(&tape));
    let x = input(&tape, numbers(network.shape.iter().product(), 1000, 0.0, 1.0));
    let (outputs, total) = run(&mut arrays, mode, x.clone());
    tape.backward(total.as_value()).unwrap();
    // Five layers of sums of thousands of f32 products against f64; values to 1e-5, gradients, twice as deep, to 3e-5 of their
    // root mean square.
    for (i, (got, expected)) in outputs.iter().zip(&network.outputs).enumerate() {
        expected.assert_is(got, 1e-5, &format!("{what}, output {i}"));
    }
    network.input_gradient.assert_is(&gradient(&x), 3e-5, &format!("{what}, input"));
    for (name, expected) in network.gradients.iter().filter(|_| network.training) {
        let got = gradient(arrays.get(name).unwrap().as_value());
        expected.assert_is(&got, 3e-5, &format!("{what}, {name}"));
    }
    assert_eq!(arrays.observed.len(), if network.training { network.running.len() / 2 } else { 0 });
    for (layer, statistics, count) in &arrays.observed {
        let [mean, variance] = ["running_mean", "running_var"].map(|what| format!("{layer}.{what}"));
        let channels = [statistics.dims().sizes()[1]];
        let running = |name: &str| set.get(name, &channels).unwrap().to_vec();
        let (mut means, mut variances) = (running(&mean), running(&variance));
        follow(&mut means, &mut variances, statistics.lane(0), *count, MOMENTUM);
        for (name, got) in [(mean, means), (variance, variances)] {
            let got: Vec<f64> = got.into_iter().map(f64::from).collect();
            network.running[&name].assert_is(&got, 1e-5, &name);
        }
    }
}

#[test]
fn the_encoder_has_the_values_and_gradients_of_pytorch_in_both_modes() {
    for network in &table().encoder {
        assert_network(
            network,
            &encoder_weights(),
            |arrays, mode, x| {
                let Encoded { mean, std } = encode(arrays, mode, &Array::from_value(x)).unwrap();
                let total = weighed(&mean) + weighed(&std);
                ([&mean, &std].map(|y| y.as_value().data().to_f64()).to_vec(), total)
            },
            |tape, x| Value::leaf(tape, Shape::new(1, Dims::new(&[3, 64, 64])), x),
        );
    }
}

#[test]
fn the_decoder_has_the_values_and_gradients_of_pytorch_in_both_modes() {
    for network in &table().decoder {
        assert_network(
            network,
            &decoder_weights(),
            |arrays, mode, z| {
                let images = decode(arrays, mode, &Var::from_value(z)).unwrap();
                (vec![pixels(&images)], weighed_pixels(&images))
            },
            |tape, z| {
                let z: Vec<f64> = z.into_iter().map(f64::from).collect();
                Value::leaf(tape, Shape::new(1, Dims::new(&[3, 64])), z)
            },
        );
    }
}

/// Image and gradient of the decoder for lanes of latent numbers, in training mode, computed with so many threads.
fn decoded(threads: usize, lanes: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let tape = Tape::recording();
        let mut arrays = weights(&decoder_weights()).arrays(Some(&tape));
        let z: Vec<f64> = uniform(lanes * 5 * 64, 7).collect();
        let z = Value::leaf(&tape, Shape::new(lanes, Dims::new(&[5, 64])), z);
        let images = decode(&mut arrays, Mode::Training, &Var::from_value(z.clone())).unwrap();
        tape.backward(weighed_pixels(&images).as_value()).unwrap();
        let weight = arrays.get("decoder.6.weight").unwrap().as_value();
        (pixels(&images), gradient(&z), gradient(weight))
    })
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    assert_eq!(decoded(1, 2), decoded(3, 2));
}

#[test]
fn a_lane_has_the_same_bits_whatever_lanes_are_beside_it() {
    let ((alone, by_alone, _), (beside, by_beside, _)) = (decoded(2, 1), decoded(2, 3));
    assert_eq!(alone, beside[..alone.len()]);
    assert_eq!(by_alone, by_beside[..by_alone.len()]);
}

fn decoder() -> Decoder {
    Decoder::new(&weights(&decoder_weights())).unwrap()
}

/// Latent numbers `[lanes][dims]`.
fn latent(tape: &Tape, lanes: usize, dims: &[usize]) -> Value {
    let shape = Shape::new(lanes, Dims::new(dims));
    Value::leaf(tape, shape, numbers(shape.len(), 1000, 0.0, 1.0).into_iter().map(f64::from).collect::<Vec<f64>>())
}

#[test]
fn the_packed_decoder_has_the_values_and_gradients_of_pytorch() {
    let table = table();
    let network = table.decoder.iter().find(|network| !network.training).unwrap();
    // As for the decoder above; and with numbers of seventeen bits, where the processor has them: more of those are taken across the kink of
    // ReLU, with their gradients.
    for (decoder, [of_images, of_gradients]) in
        [(decoder().in_single_precision(), [1e-5, 3e-5]), (decoder(), [1e-4, 5e-3])]
    {
        let tape = Tape::recording();
        let z = latent(&tape, 1, &[3, 64]);
        let images = decoder.decode_batch(&Var::from_value(z.clone())).unwrap();
        tape.backward(weighed_pixels(&images).as_value()).unwrap();
        network.outputs[0].assert_is(&pixels(&images), of_images, "images");
        network.input_gradient.assert_is(&gradient(&z), of_gradients, "latent numbers");
    }
}

#[test]
fn the_vjp_of_the_packed_decoder_is_right_for_lanes() {
    let mut set = weights(&decoder_weights());
    // Channels that are on and channels that are off, by five standard deviations: no ReLU switches within a step.
    for (layer, channels) in [(1, 512), (4, 256), (7, 128), (10, 64)] {
        set.insert(format!("decoder.{layer}.weight"), &[channels], vec![0.2; channels]).unwrap();
        let biases = (0..channels).map(|channel| if channel % 2 == 0 { 2.0 } else { -2.0 }).collect();
        set.insert(format!("decoder.{layer}.bias"), &[channels], biases).unwrap();
    }
    let decoder = Decoder::new(&set).unwrap().in_single_precision();
    // Four numbers that move all of the latent ones, as a difference takes two evaluations each.
    let along = Var::matrix(64, 4, uniform(256, 3).collect::<Vec<_>>()).unwrap();
    let f = |inputs: &[Value]| {
        let z = along.matvec(&Var::from_value(inputs[0].clone())).unwrap();
        decoder.decode(&z).unwrap().as_value().clone()
    };
    // f32 rounding of four thousand pixels, 1e-5 in their sum, over a step of 1e-2.
    check::function(f, &[latent(&Tape::default(), 2, &[4])], 1e-2, 3e-3);
}

/// The images of table D2 with another activation, layer by layer by the operations that are held against PyTorch.
fn decoded_with(activation: impl Fn(f64) -> f64, set: &WeightSet, z: &Value) -> Vec<f64> {
    let batch = z.dims().sizes()[0];
    let kernel = |layer: usize| if layer == 0 { [4, 1, 0] } else { [4, 2, 1] };
    let array = |name: String, dims: &[usize]| Array::constant(dims, set.get(&name, dims).unwrap().to_vec()).unwrap();
    let mut images = op::to_pixels(&Var::<(usize, usize)>::from_value(z.clone()), &[batch, 64, 1, 1]).unwrap();
    let channels = [64, 512, 256, 128, 64, 1];
    for layer in 0..5 {
        let ([from, to], [side, stride, padding]) = ([channels[layer], channels[layer + 1]], kernel(layer));
        let weight = array(format!("decoder.{}.weight", 3 * layer), &[from, to, 4, 4]);
        images = op::conv_transpose2d(&images, &weight, op::Kernel { side, stride, padding }).unwrap();
        if layer < 4 {
            let [factor, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
                .map(|what| array(format!("decoder.{}.{what}", 3 * layer + 1), &[to]));
            let statistics = op::stacked(&mean, &variance).unwrap();
            let normal = op::normalised(&images, &statistics, &factor, &bias, 1.0).unwrap();
            let side = 4 << layer;
            let activated = pixels(&normal).into_iter().map(|x| activation(x) as f32).collect::<Vec<f32>>();
            images = Array::constant(&[batch, to, side, side], activated).unwrap();
        }
    }
    pixels(&op::tanh(&images).unwrap())
}

#[test]
fn a_rounded_decoder_is_table_d2_with_a_parabola_for_the_kink() {
    let set = weights(&decoder_weights());
    let z = latent(&Tape::default(), 1, &[3, 64]);
    for h in [0.05, 0.2, 0.7] {
        let parabola = |x: f64| if x.abs() < h { (x + h) * (x + h) / (4.0 * h) } else { x.max(0.0) };
        let decoder = decoder().in_single_precision();
        let got = decoder.rounded(h).unwrap().decode_batch(&Var::from_value(z.clone())).unwrap();
        let (got, wanted) = (pixels(&got), decoded_with(parabola, &set, &z));
        let off = got.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let kinked = decoded_with(|x| x.max(0.0), &set, &z);
        let moved = wanted.iter().zip(&kinked).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Five layers in single precision, on images that the rounding changes by a thousand times that.
        assert!(off < 1e-5 && moved > 5e-3, "{h}: {off:e} of {moved:e}");
        let again = decoder.rounded(0.9).unwrap().rounded(h).unwrap();
        let again = pixels(&again.decode_batch(&Var::from_value(z.clone())).unwrap());
        assert!(again.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{h} after another");
    }
    for wrong in [-0.1, 1.1, f64::NAN] {
        let error = decoder().rounded(wrong).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("`rounding`") && error.contains("[0, 1]"), "{error}");
    }
}

#[test]
fn the_vjp_of_a_rounded_decoder_is_right_through_its_parabolas() {
    let decoder = decoder().rounded(0.5).unwrap().in_single_precision();
    let along = Var::matrix(64, 4, uniform(256, 3).collect::<Vec<_>>()).unwrap();
    let f = |inputs: &[Value]| {
        let z = along.matvec(&Var::from_value(inputs[0].clone())).unwrap();
        decoder.decode(&z).unwrap().as_value().clone()
    };
    // As for ReLU above, whose kinks had to be kept away from.
    check::function(f, &[latent(&Tape::default(), 2, &[4])], 1e-2, 3e-3);
}

/// Image and gradient of the packed decoder for lanes of latent numbers, computed with so many threads.
fn packed(threads: usize, lanes: usize) -> (Vec<f64>, Vec<f64>) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let tape = Tape::recording();
        let z = latent(&tape, lanes, &[64]);
        let images = decoder().decode(&Var::from_value(z.clone())).unwrap();
        tape.backward(weighed_pixels(&images).as_value()).unwrap();
        (pixels(&images), gradient(&z))
    })
}

#[test]
fn an_image_of_the_packed_decoder_has_the_same_bits_for_any_threads_and_any_lanes_beside_it() {
    let (images, gradients) = packed(1, 19);
    assert_eq!((images.clone(), gradients.clone()), packed(3, 19));
    let (image, gradient) = packed(2, 1);
    assert_eq!((&images[..image.len()], &gradients[..gradient.len()]), (&image[..], &gradient[..]));
}

#[test]
fn in_half_precision_the_decoder_is_below_8_mb_and_its_images_are_off_by_less_than_a_thousandth() {
    let mut set = weights(&decoder_weights());
    // Random images as bright as galaxies, a root mean square of 0.2 instead of 0.55.
    let name = "decoder.12.weight";
    let last: Vec<f32> = set.get(name, &[64, 1, 4, 4]).unwrap().iter().map(|weight| 0.25 * weight).collect();
    set.insert(name, &[64, 1, 4, 4], last).unwrap();
    let bytes = set.to_bytes(Precision::Half).unwrap();
    assert!(bytes.len() < 8_000_000, "{} bytes", bytes.len());
    let image = |decoder: &Decoder| pixels(&decoder.decode(&Var::vector(uniform(64, 5).collect::<Vec<_>>())).unwrap());
    let (single, half) = (image(&Decoder::new(&set).unwrap()), image(&Decoder::from_bytes(&bytes).unwrap()));
    let error = single.iter().zip(&half).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // Eleven bits a weight, five layers: 3e-4 of 0.2, the worst of 4096 pixels four times that.
    assert!(error > 0.0 && error < 1e-3, "{error}");
}

/// What scripts/golden/elbo.py wrote.
#[derive(Deserialize)]
struct ElboTable {
    terms: indexmap::IndexMap<String, f64>,
    gradients: indexmap::IndexMap<String, Summary>,
}

/// Gives weights as leaves, and z by a noise that is known.
struct Known {
    weights: Arrays,
    noise: Vec<f64>,
}

impl Handler for Known {
    fn process(&mut self, message: &mut Message, _: &Outside<'_>) -> ppl_core::Result<()> {
        if matches!(message.kind, Statement::Param | Statement::Mutable) {
            message.value = self.weights.get(&message.name).map(|weight| weight.as_value().clone());
        } else if message.kind == Statement::Sample && message.value.is_none() {
            let dist = message.dist.as_ref().unwrap();
            let [loc, scale] =
                ["loc", "scale"].map(|name| Var::<(usize, usize)>::from_value(dist.parameter(name).unwrap()));
            let z = loc + scale * Var::matrix(3, 64, self.noise.clone())?;
            message.value = Some(z.as_value().clone());
        }
        Ok(())
    }
}

#[test]
fn the_elbo_and_its_gradient_are_those_of_pytorch_with_the_same_noise() {
    let table: ElboTable = serde_json::from_str(include_str!("data/elbo.json")).unwrap();
    let tape = Tape::recording();
    let mut all = weights(&encoder_weights());
    for (name, tensor) in weights(&decoder_weights()).iter() {
        all.insert(name, &tensor.dims, tensor.numbers.clone()).unwrap();
    }
    let images = Array::constant(&[3, 64, 64], numbers(3 * 64 * 64, 2000, 0.4, 0.4)).unwrap();
    let noise: Vec<f64> = numbers(3 * 64, 3000, 0.0, 1.0).into_iter().map(f64::from).collect();
    let leaves = all.arrays(Some(&tape));
    let kept: Vec<(String, Value)> =
        table.gradients.keys().map(|name| (name.clone(), leaves.get(name).unwrap().as_value().clone())).collect();
    let known = Rc::new(RefCell::new(Known { weights: leaves, noise }));
    let run = |program: &dyn Fn(&mut Ctx) -> ppl_core::Result<()>| -> Trace {
        let recorder = Recorder::default();
        let result =
            Ctx::on(1, tape.clone()).with(recorder.clone(), |ctx| ctx.with(Shared(known.clone()), |ctx| program(ctx)));
        result.unwrap();
        recorder.take()
    };
    let of_guide = run(&|ctx| guide(ctx, &images, Mode::Training, 0));
    let model = |ctx: &mut Ctx| model(ctx, &images, Mode::Training, 0);
    let of_model = run(&|ctx| replay(model, of_guide.clone())(ctx));
    let term = |trace: &Trace, site: &str| Var::<()>::from_value(trace.get(site).unwrap().term().unwrap().unwrap());
    let terms = [term(&of_model, "x"), term(&of_model, "z"), -term(&of_guide, "z")];
    for (term, (name, expected)) in terms.iter().zip(&table.terms) {
        let got = term.value().unwrap();
        // Single precision against double: the misfit of 12288 pixels at 1/50 is a sum of squares.
        assert!((got - expected).abs() < 2e-5 * expected.abs(), "{name}: {got}, PyTorch {expected}");
    }
    let [x, z, guide] = terms;
    tape.backward((x + z + guide).as_value()).unwrap();
    for (name, leaf) in kept {
        table.gradients[&name].assert_is(&gradient(&leaf), 1e-4, &name);
    }
}

/// One handler for two runs.
struct Shared(Rc<RefCell<Known>>);

impl Handler for Shared {
    fn process(&mut self, message: &mut Message, outside: &Outside<'_>) -> ppl_core::Result<()> {
        self.0.borrow_mut().process(message, outside)
    }
}
