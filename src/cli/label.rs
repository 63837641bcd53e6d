//! Labels: sites as a paper writes them.

use std::collections::BTreeMap;

/// The symbol of a parameter: `theta_E` is θ_E. What has none keeps its name.
fn symbol(parameter: &str) -> &str {
    match parameter {
        "theta_E" => "θ_E",
        "gamma" => "γ",
        "gamma1" => "γ₁",
        "gamma2" => "γ₂",
        "e1" => "e₁",
        "e2" => "e₂",
        "q" => "q",
        "phi" => "φ",
        "r_Ein" => "r_Ein",
        "center_x" => "x",
        "center_y" => "y",
        "amp" => "I_e",
        "R_sersic" => "R_e",
        "n_sersic" => "n",
        "H0" => "H₀",
        "Om0" => "Ω_m",
        "Ok0" => "Ω_k",
        "w0" => "w₀",
        "wa" => "w_a",
        "offset_x" => "Δx",
        "offset_y" => "Δy",
        "rotation" => "Δφ",
        "log10_m200" => "lg M₂₀₀",
        "tau" => "τ",
        "concentration" => "c",
        "delta_log10_c" => "Δ lg c",
        other => other,
    }
}

/// The most elements of a vector that a person wants to read one by one: as many as a component may have copies.
const LONG: usize = 20;

/// The flat names that a table or a picture shows, in their order: all but the elements of long vectors, such as the latent numbers
/// of a decoder.
pub fn shown<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    let site = |name: &'a str| name.split_once('[').map_or(name, |(site, _)| site);
    let mut elements: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().for_each(|name| *elements.entry(site(name)).or_default() += 1);
    names.retain(|name| elements[site(name)] <= LONG);
    names
}

/// One label for each flat name (`source.e1`, `light.amp[2]`): the symbol, with its component where two share it.
pub fn labels<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let parts = |name: &'a str| {
        let (site, index) = name.strip_suffix(']').and_then(|n| n.split_once('[')).unwrap_or((name, ""));
        let (component, parameter) = site.rsplit_once('.').unwrap_or(("", site));
        (component, symbol(parameter), index)
    };
    let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (component, symbol, _) in names.clone().map(parts) {
        let owners = owners.entry(symbol).or_default();
        if !owners.contains(&component) {
            owners.push(component);
        }
    }
    let label = |(component, symbol, index): (&str, &str, &str)| {
        let shared = owners.get(symbol).is_some_and(|owners| owners.len() > 1);
        let component = if shared { component } else { "" };
        let owner: Vec<&str> = [component, index].into_iter().filter(|part| !part.is_empty()).collect();
        if owner.is_empty() { symbol.to_owned() } else { format!("{symbol} ({})", owner.join(" ")) }
    };
    names.map(parts).map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_of_a_long_vector_are_not_shown() {
        let z: Vec<String> = (0..64).map(|i| format!("source.z[{i}]")).collect();
        let names = ["lens.q", "light.amp[0]", "light.amp[1]"].into_iter().chain(z.iter().map(String::as_str));
        assert_eq!(shown(names), ["lens.q", "light.amp[0]", "light.amp[1]"]);
    }

    #[test]
    fn a_label_names_its_component_only_where_it_must() {
        let names = ["lens.theta_E", "lens.e1", "shear.gamma1", "source.e1", "light.amp[2]", "odd"];
        assert_eq!(labels(names.into_iter()), ["θ_E", "e₁ (lens)", "γ₁", "e₁ (source)", "I_e (2)", "odd"]);
    }
}
