//! The posterior as a netCDF-4 file in ArviZ's InferenceData layout.

use super::attribute::Attribute;
use super::draws::Posterior;
use super::sample_stat::StatValues;
use crate::error::{Error, Result};
use netcdf_writer::{DimensionId, NcAttrValue, NcFileBuilder, NcWriteFormat, NcWriteOptions, NcWriteType, VariableId};
use ppl_core::atomic;
use std::io::Write;
use std::path::Path;

impl Posterior {
    /// Writes a netCDF-4 file that `arviz.from_netcdf` opens: groups `posterior`, `sample_stats`, `observed_data`.
    ///
    /// The file is written beside `path` and renamed over it at the end, so `path` is never half a file.
    /// A `/` in a name becomes `.` (netCDF has groups there); a variable with no entries is left out.
    ///
    /// # Errors
    /// Where there are no draws, two names coincide, or the file cannot be written.
    pub fn write_netcdf(&self, path: impl AsRef<Path>) -> Result<()> {
        let (path, chains, draws) = (path.as_ref(), self.chains(), self.draws());
        if chains == 0 || draws == 0 {
            return Err(Error::NoDraws { path: path.to_path_buf(), chains, draws });
        }
        let bytes = encode(self).map_err(|source| Error::Netcdf { path: path.to_path_buf(), source })?;
        atomic::replace(path, |out| out.write_all(&bytes))
            .map_err(|source| Error::Write { path: path.to_path_buf(), source })
    }
}

fn encode(posterior: &Posterior) -> netcdf_writer::Result<Vec<u8>> {
    let mut file = NcFileBuilder::new();
    for (name, value) in posterior.attributes() {
        file.add_attribute(name, attribute(value))?;
    }

    let mut group = Group::with_draws(&mut file, "posterior", posterior)?;
    for variable in posterior.variables().iter().filter(|variable| !variable.is_empty()) {
        group.array(variable.name(), variable.shape(), variable.values())?;
    }
    if !posterior.sample_stats().is_empty() {
        let mut group = Group::with_draws(&mut file, "sample_stats", posterior)?;
        for stat in posterior.sample_stats() {
            match stat.values() {
                StatValues::Real(values) => group.array(stat.name(), &[], values)?,
                StatValues::Count(values) => group.array(stat.name(), &[], values)?,
                StatValues::Flag(values) => {
                    let bytes: Vec<i8> = values.iter().map(|&flag| i8::from(flag)).collect();
                    let id = group.array(stat.name(), &[], &bytes)?;
                    // netCDF has no booleans; xarray reads bytes marked so as booleans.
                    group.file.add_variable_attribute(id, "dtype", NcAttrValue::Chars("bool".into()))?;
                    continue;
                }
            };
        }
    }
    if !posterior.observed().is_empty() {
        let mut group = Group::new(&mut file, "observed_data", posterior)?;
        for data in posterior.observed().iter().filter(|data| !data.values().is_empty()) {
            group.array(data.name(), data.shape(), data.values())?;
        }
    }
    Ok(file.to_vec(NcWriteOptions { format: NcWriteFormat::Nc4 })?.1)
}

/// One group of the file, with the dimensions that its arrays begin with.
struct Group<'f> {
    file: &'f mut NcFileBuilder,
    name: &'static str,
    leading: Vec<DimensionId>,
}

impl<'f> Group<'f> {
    fn new(file: &'f mut NcFileBuilder, name: &'static str, posterior: &Posterior) -> netcdf_writer::Result<Group<'f>> {
        for (key, value) in posterior.attributes() {
            file.add_group_attribute(name, key, attribute(value))?;
        }
        Ok(Group { file, name, leading: Vec::new() })
    }

    /// A group whose arrays are `[chain, draw, ..]`.
    fn with_draws(
        file: &'f mut NcFileBuilder,
        name: &'static str,
        posterior: &Posterior,
    ) -> netcdf_writer::Result<Group<'f>> {
        let mut group = Group::new(file, name, posterior)?;
        group.leading = vec![group.counted("chain", posterior.chains())?, group.counted("draw", posterior.draws())?];
        Ok(group)
    }

    /// Adds an array of `[..leading, ..shape]`, its own dimensions named `<name>_dim_<axis>` as ArviZ names them.
    fn array<T: NcWriteType>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) -> netcdf_writer::Result<VariableId> {
        let name = name.replace('/', ".");
        let mut dimensions = self.leading.clone();
        for (axis, &size) in shape.iter().enumerate() {
            dimensions.push(self.counted(&format!("{name}_dim_{axis}"), size)?);
        }
        let id = self.file.add_variable_path::<T>(self.path(&name), &dimensions)?;
        self.file.write_variable(id, values)?;
        Ok(id)
    }

    /// Adds a dimension with the coordinate 0, 1, 2, ..
    fn counted(&mut self, name: &str, size: usize) -> netcdf_writer::Result<DimensionId> {
        let dimension = self.file.add_dimension_path(self.path(name), size as u64)?;
        let coordinate = self.file.add_variable_path::<i64>(self.path(name), &[dimension])?;
        self.file.write_variable(coordinate, &(0..size as i64).collect::<Vec<_>>())?;
        Ok(dimension)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }
}

fn attribute(value: &Attribute) -> NcAttrValue {
    match value {
        Attribute::Text(text) => NcAttrValue::Chars(text.clone()),
        Attribute::Integer(integer) => NcAttrValue::Int64s(vec![*integer]),
        Attribute::Real(real) => NcAttrValue::Doubles(vec![*real]),
    }
}
