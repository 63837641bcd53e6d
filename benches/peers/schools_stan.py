"""Stan's own C++ for eight schools, non-centred, beside `arclet bench schools --json`: the time of one value and gradient.

pystan talks to Stan through a local server, which costs more than the gradient; so the C++ that its `stanc` writes is compiled here
with a loop around `stan::model::log_prob_grad`, with the flags that pystan uses, and with -march=native too.

needs: pip install pystan; g++
usage: schools_stan.py [--arclet target/release/arclet] [--rounds N]
prints: one JSON line for each program and round, in turn.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import httpstan
import httpstan.compile

MODEL = """
data { int J; vector[J] y; vector<lower=0>[J] sigma; }
parameters { real mu; real<lower=0> tau; vector[J] z; }
model {
  mu ~ normal(0, 5);
  tau ~ cauchy(0, 5);
  z ~ normal(0, 1);
  y ~ normal(mu + tau * z, sigma);
}
"""

MAIN = r"""
#include <stan/io/array_var_context.hpp>
#include <stan/model/log_prob_grad.hpp>
#include <chrono>
#include <cstdio>
#include <algorithm>
int main() {
  std::vector<std::string> names_r{"y", "sigma"}, names_i{"J"};
  std::vector<double> values{28, 8, -3, 7, -1, 1, 18, 12, 15, 10, 16, 11, 9, 11, 10, 18};
  std::vector<std::vector<size_t>> dims_r{{8}, {8}}, dims_i{{}};
  std::vector<int> ints{8};
  stan::io::array_var_context data(names_r, values, dims_r, names_i, ints, dims_i);
  model_schools_namespace::model_schools model(data, 0, nullptr);
  Eigen::VectorXd at(10), grad(10);
  for (int i = 0; i < 10; ++i) at[i] = 0.5 * std::sin(1.3 * i);
  double sum = 0;
  auto now = [] { return std::chrono::steady_clock::now(); };
  std::vector<double> times;
  for (int round = 0; round < 200; ++round) {
    auto start = now();
    for (int i = 0; i < 5000; ++i) sum += stan::model::log_prob_grad<true, true>(model, at, grad, nullptr);
    times.push_back(std::chrono::duration<double, std::milli>(now() - start).count() / 5000);
  }
  std::sort(times.begin(), times.end());
  std::printf("%.9f %.17g\n", times[times.size() / 2], sum / 1e6);
}
"""


def build(folder, flags):
    package = pathlib.Path(httpstan.__file__).parent
    code, _ = httpstan.compile.compile(MODEL, "model_schools")
    source, program = folder / "schools.cpp", folder / ("schools" + "".join(flags))
    source.write_text(code + MAIN)
    command = ["g++", "-O3", "-std=c++14", "-Wno-sign-compare", "-w", *flags]
    command += ["-D" + m for m in ("BOOST_DISABLE_ASSERTS", "BOOST_PHOENIX_NO_VARIADIC_EXPRESSION", "_REENTRANT")]
    command += ["-D_GLIBCXX_USE_CXX11_ABI=0", "-I", package / "include", source, "-o", program, "-L", package / "lib"]
    command += ["-lsundials_cvodes", "-lsundials_idas", "-lsundials_nvecserial", "-ltbb", f"-Wl,-rpath,{package / 'lib'}"]
    subprocess.run(list(map(str, command)), check=True)
    return program


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--arclet", default="target/release/arclet")
    ap.add_argument("--rounds", type=int, default=3)
    a = ap.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        programs = {"stan": build(folder, []), "stan -march=native": build(folder, ["-march=native"])}
        for _ in range(a.rounds):
            for name, program in programs.items():
                median = float(subprocess.run([program], check=True, capture_output=True, text=True).stdout.split()[0])
                print(json.dumps({"name": name, "us_per_gradient": 1e3 * median, "lanes": 1}), flush=True)
            for lanes in (1, 4, 64):
                command = [a.arclet, "bench", "schools", "--lanes", str(lanes), "--json"]
                line = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                print(json.dumps({"name": "arclet", "us_per_gradient": 1e3 * line["ms_per_gradient"], "lanes": lanes}), flush=True)


if __name__ == "__main__":
    main()
