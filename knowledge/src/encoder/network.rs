//! The encoder's network: word pieces become vectors, their neighbours are looked at in windows of two, three and five,
//! all of it is summed up and led through five small layers.

use super::npz::Npz;

/// Numbers in a vector.
pub(super) const WIDTH: usize = 512;
/// Numbers in a branch of a window.
const BRANCH: usize = 256;
/// Numbers in the two inner layers.
const INNER: usize = 320;
/// The windows: pieces they show, and how many of them lie before the one in question.
const WINDOWS: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];
/// Numbers of a piece with what its windows show.
const FEATURES: usize = WIDTH + WINDOWS.len() * BRANCH;
/// The table of pieces lies in so many parts: piece `n` in part `n % PARTS`.
const PARTS: usize = 17;
const PART_ROWS: usize = 7_530;
/// Rows and columns of a product that are added up at a time: as many as a processor holds in its registers.
const ROWS: usize = 6;
const COLUMNS: usize = 8;

/// The weights.
#[derive(Debug)]
pub(super) struct Network {
    /// For each part its rows, a byte a number.
    table: Vec<Vec<u8>>,
    /// What a byte of each part stands for: `byte * scale + lowest`.
    scale: Vec<f32>,
    lowest: Vec<f32>,
    projection: Layer,
    projected: Norm,
    windows: Vec<Window>,
    seen: Norm,
    summed: Layer,
    first: Layer,
    first_again: Layer,
    past_first: Layer,
    second: Layer,
    past_second: Layer,
    last: Layer,
}

/// A matrix and what is added.
#[derive(Debug)]
struct Layer {
    /// Strips of [`COLUMNS`] columns, each row by row, one after another.
    strips: Vec<f32>,
    bias: Vec<f32>,
    /// Numbers that go in.
    inputs: usize,
}

#[derive(Debug)]
struct Window {
    before: usize,
    shown: usize,
    inner: Layer,
    outer: Layer,
}

/// A layer normalisation.
#[derive(Debug)]
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl Network {
    /// Reads the weights.
    ///
    /// # Errors
    /// What is missing or has another shape.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Network, String> {
        let mut npz = Npz::open(bytes)?;
        let epsilon = npz.number("eps")?;
        let table = (1..=PARTS).map(|part| npz.bytes(&format!("q{part}"), PART_ROWS * WIDTH));
        let table = table.collect::<Result<Vec<_>, _>>()?;
        let mut branches = |name: &str, count: usize| {
            let parts = WINDOWS.iter().map(|(shown, _)| npz.floats(&format!("{name}{shown}"), count));
            parts.collect::<Result<Vec<_>, String>>()
        };
        let projections = branches("proj", WIDTH * BRANCH)?;
        let [bias, gain, shift] = ["proj_b", "ln_g", "ln_b"].map(|name| branches(name, BRANCH).map(|b| b.concat()));
        let plain = |npz: &mut Npz, name: &str, rows: usize, columns: usize| {
            let weights = npz.floats(name, rows * columns)?;
            Ok::<_, String>(Layer::new(&weights, vec![0.0; columns]))
        };
        Ok(Network {
            table,
            scale: npz.floats("scale", PARTS)?,
            lowest: npz.floats("lo", PARTS)?,
            projection: Layer::new(&side_by_side(&projections), bias?),
            projected: Norm { gain: gain?, bias: shift?, epsilon },
            windows: WINDOWS.iter().map(|window| Window::read(&mut npz, *window)).collect::<Result<_, _>>()?,
            seen: Norm { gain: npz.floats("ln_g", FEATURES)?, bias: npz.floats("ln_b", FEATURES)?, epsilon },
            summed: Layer::new(&npz.floats("cnn_W", FEATURES * WIDTH)?, npz.floats("cnn_b", WIDTH)?),
            first: plain(&mut npz, "d0", WIDTH, INNER)?,
            first_again: plain(&mut npz, "d1", INNER, INNER)?,
            past_first: plain(&mut npz, "p1", WIDTH, INNER)?,
            second: plain(&mut npz, "d2", INNER, WIDTH)?,
            past_second: plain(&mut npz, "p3", INNER, WIDTH)?,
            last: plain(&mut npz, "d3", WIDTH, WIDTH)?,
        })
    }

    /// Pieces there are rows for.
    pub(super) fn rows(&self) -> usize {
        PARTS * PART_ROWS
    }

    /// The direction of a text of these pieces.
    pub(super) fn encode(&self, pieces: &[u32]) -> Vec<f32> {
        let count = pieces.len() as f32;
        let mut sum = vec![0.0; FEATURES];
        for row in self.features(pieces).chunks_exact(FEATURES) {
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        let mut mean = self.summed.times(&sum);
        let added = self.summed.bias.iter().map(|bias| bias * (count - 1.0));
        mean.iter_mut().zip(added).for_each(|(value, added)| *value = (*value + added) / count.sqrt());
        self.led_on(&mean)
    }

    /// Every piece with what its windows show.
    fn features(&self, pieces: &[u32]) -> Vec<f32> {
        let embedded: Vec<f32> = pieces.iter().flat_map(|piece| self.embedding(*piece)).collect();
        let mut projected = self.projection.times(&embedded);
        projected.chunks_exact_mut(self.projection.bias.len()).for_each(|row| self.projected.apply(row));
        let branch = |number: usize| -> Vec<f32> {
            let from = number * BRANCH;
            projected
                .chunks_exact(self.projection.bias.len())
                .flat_map(|row| row[from..from + BRANCH].to_vec())
                .collect()
        };
        let seen: Vec<Vec<f32>> =
            self.windows.iter().enumerate().map(|(number, window)| window.look(&branch(number))).collect();
        let mut features = Vec::with_capacity(pieces.len() * FEATURES);
        for place in 0..pieces.len() {
            features.extend_from_slice(&embedded[place * WIDTH..(place + 1) * WIDTH]);
            seen.iter().for_each(|seen| features.extend_from_slice(&seen[place * BRANCH..(place + 1) * BRANCH]));
        }
        features.chunks_exact_mut(FEATURES).for_each(|row| self.seen.apply(row));
        features
    }

    fn embedding(&self, piece: u32) -> impl Iterator<Item = f32> {
        let (part, row) = (piece as usize % PARTS, piece as usize / PARTS);
        let (scale, lowest) = (self.scale[part], self.lowest[part]);
        self.table[part][row * WIDTH..(row + 1) * WIDTH].iter().map(move |byte| f32::from(*byte) * scale + lowest)
    }

    fn led_on(&self, mean: &[f32]) -> Vec<f32> {
        let first = positive(self.first.times(mean));
        let inner = positive(sum(self.past_first.times(mean), &self.first_again.times(&first)));
        let second = positive(self.second.times(&inner));
        let mut out = sum(self.past_second.times(&inner), &self.last.times(&second));
        out.iter_mut().for_each(|value| *value = value.tanh());
        let length = out.iter().map(|value| value * value).sum::<f32>().max(self.seen.epsilon).sqrt();
        out.iter_mut().for_each(|value| *value /= length);
        out
    }
}

/// Matrices of as many rows, beside each other.
fn side_by_side(parts: &[Vec<f32>]) -> Vec<f32> {
    (0..WIDTH)
        .flat_map(|row| parts.iter().flat_map(move |part| part[row * BRANCH..(row + 1) * BRANCH].to_vec()))
        .collect()
}

fn positive(mut values: Vec<f32>) -> Vec<f32> {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
    values
}

fn sum(mut values: Vec<f32>, others: &[f32]) -> Vec<f32> {
    values.iter_mut().zip(others).for_each(|(value, other)| *value += other);
    values
}

impl Window {
    fn read(npz: &mut Npz, (shown, before): (usize, usize)) -> Result<Window, String> {
        let mut layer = |weights: &str, bias: &str| {
            let weights = npz.floats(&format!("{weights}_{shown}"), shown * BRANCH * BRANCH)?;
            Ok::<_, String>(Layer::new(&weights, npz.floats(&format!("{bias}_{shown}"), BRANCH)?))
        };
        Ok(Window { before, shown, inner: layer("w1", "b1")?, outer: layer("w2", "b2")? })
    }

    /// Two looks through the window, each added to what was there.
    fn look(&self, pieces: &[f32]) -> Vec<f32> {
        let inner = sum(positive(self.inner.times(&self.neighbours(pieces))), pieces);
        sum(positive(self.outer.times(&self.neighbours(&inner))), &inner)
    }

    /// Every piece as the window shows it; there is nothing before the text and after it.
    fn neighbours(&self, pieces: &[f32]) -> Vec<f32> {
        let count = pieces.len() / BRANCH;
        let mut shown = vec![0.0; count * self.shown * BRANCH];
        for (place, row) in shown.chunks_exact_mut(self.shown * BRANCH).enumerate() {
            for (slot, to) in row.chunks_exact_mut(BRANCH).enumerate() {
                let from = (place + slot).checked_sub(self.before).filter(|from| *from < count);
                if let Some(from) = from {
                    to.copy_from_slice(&pieces[from * BRANCH..(from + 1) * BRANCH]);
                }
            }
        }
        shown
    }
}

impl Norm {
    fn apply(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = row.iter().sum::<f32>() / count;
        let variance = row.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
        let scale = 1.0 / (variance + self.epsilon).sqrt();
        for ((value, gain), bias) in row.iter_mut().zip(&self.gain).zip(&self.bias) {
            *value = (*value - mean) * scale * gain + bias;
        }
    }
}

impl Layer {
    /// A layer of `weights`, row by row.
    fn new(weights: &[f32], bias: Vec<f32>) -> Layer {
        let columns = bias.len();
        let strip =
            |first: usize| weights.chunks_exact(columns).flat_map(move |row| row[first..first + COLUMNS].to_vec());
        let strips = (0..columns).step_by(COLUMNS).flat_map(strip).collect();
        Layer { strips, bias, inputs: weights.len() / columns }
    }

    /// Every row of `input` led through the layer.
    fn times(&self, input: &[f32]) -> Vec<f32> {
        let rows = input.len() / self.inputs;
        let mut out: Vec<f32> = (0..rows).flat_map(|_| self.bias.iter().copied()).collect();
        let whole = rows - rows % ROWS;
        for (number, strip) in self.strips.chunks_exact(self.inputs * COLUMNS).enumerate() {
            let column = number * COLUMNS;
            (0..whole).step_by(ROWS).for_each(|row| self.tile::<ROWS>(strip, input, &mut out, (row, column)));
            (whole..rows).for_each(|row| self.tile::<1>(strip, input, &mut out, (row, column)));
        }
        out
    }

    /// Adds up a tile of the product: `R` rows of [`COLUMNS`] numbers each.
    fn tile<const R: usize>(&self, strip: &[f32], input: &[f32], out: &mut [f32], (row, column): (usize, usize)) {
        let mut sums = [[0.0f32; COLUMNS]; R];
        let inputs: [&[f32]; R] = std::array::from_fn(|r| &input[(row + r) * self.inputs..(row + r + 1) * self.inputs]);
        for (place, weights) in strip.chunks_exact(COLUMNS).enumerate() {
            for (sums, input) in sums.iter_mut().zip(inputs) {
                let value = input[place];
                sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let from = (row + r) * self.bias.len() + column;
            out[from..from + COLUMNS].iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_a_matrix_and_what_is_added() {
        for rows in [1, 3, 6, 13] {
            let weights: Vec<f32> = (0..5 * 32).map(|n| (n % 7) as f32 - 3.0).collect();
            let layer = Layer::new(&weights, (0..32).map(|n| n as f32).collect());
            let input: Vec<f32> = (0..rows * 5).map(|n| (n % 3) as f32).collect();
            let expected = |row: usize, column: usize| {
                let dot = (0..5).map(|k| input[row * 5 + k] * weights[k * 32 + column]).sum::<f32>();
                dot + column as f32
            };
            let out = layer.times(&input);
            assert_eq!(out.len(), rows * 32);
            assert!(out.iter().enumerate().all(|(n, value)| (value - expected(n / 32, n % 32)).abs() < 1e-3), "{rows}");
        }
    }

    #[test]
    fn a_window_shows_nothing_beyond_the_text() {
        let empty = || Layer::new(&vec![0.0; 3 * BRANCH * BRANCH], vec![0.0; BRANCH]);
        let window = Window { before: 1, shown: 3, inner: empty(), outer: empty() };
        let pieces: Vec<f32> = [1.0, 2.0].iter().flat_map(|value| vec![*value; BRANCH]).collect();
        let shown = window.neighbours(&pieces);
        let firsts: Vec<f32> = shown.chunks_exact(BRANCH).map(|slot| slot[0]).collect();
        assert_eq!(firsts, [0.0, 1.0, 2.0, 1.0, 2.0, 0.0]);
    }
}
