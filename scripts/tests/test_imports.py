"""imports.py finds circles and upward arrows, and follows re-exports to the file that defines the item."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import imports


class Imports(unittest.TestCase):
    def run_on(self, files, allow="", arguments=("--check",)):
        """(exit code, what is printed) for crates `top` and `low`, of which `top -> low`."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            files = {"top/lib.rs": "", "low/lib.rs": "", "ARCHITECTURE.md": "top -> low", "scripts/imports.allow": allow, **files}
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            said = io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                code = imports.main(root, {"top": "top", "low": "low"}, list(arguments))
            return code, said.getvalue()

    def test_two_files_that_use_each_other_are_a_circle(self):
        circle = {"low/a.rs": "use crate::b::B; pub struct A(B);", "low/b.rs": "pub struct B; fn f() -> crate::a::A { todo() }"}
        code, said = self.run_on(circle)
        self.assertEqual(code, 1)
        self.assertIn("circle in low: a.rs b.rs\n  it would be open without\n    low/a.rs -> low/b.rs\n", said)
        self.assertEqual(self.run_on(circle, "low: a.rs b.rs c.rs  # known")[0], 0)
        self.assertEqual(self.run_on(circle, "low: a.rs c.rs")[0], 1)

    def test_the_fewest_arrows_that_open_a_circle_are_named(self):
        files = {"low/f/mod.rs": "", "low/f/one.rs": "use crate::e::E;", "low/f/two.rs": "use crate::e::E; pub struct Two;",
                 "low/e.rs": "pub struct E; use crate::f::two::Two;"}
        _, said = self.run_on(files)
        self.assertIn("circle in low: e.rs f\n  it would be open without\n    low/e.rs -> low/f/two.rs\n", said)
        self.assertNotIn("one.rs", said)

    def test_an_allowed_circle_that_is_gone_is_said(self):
        code, said = self.run_on({}, "low: a.rs b.rs")
        self.assertEqual(code, 0)
        self.assertIn("`low: a.rs b.rs` is no circle any more", said)

    def test_what_tests_and_comments_and_strings_name_does_not_count(self):
        files = {
            "low/a.rs": "pub struct A; // crate::b::B\n/* crate::b::B */ #[cfg(test)] mod tests { use crate::b::B; fn f() { } }",
            "low/b.rs": "use super::a::A; pub struct B; const S: &str = \"crate::c::C\";",
            "low/c.rs": "use crate::b::B; pub struct C;",
            "low/checks.rs": "use crate::c::C; use crate::deep::D;",
            "low/deep/mod.rs": "#[cfg(test)]\nmod checks; pub struct D;",
            "low/deep/checks.rs": "use crate::d::E;",
            "low/d.rs": "use crate::deep::D; pub struct E;",
        }
        self.assertEqual(self.run_on(files)[0], 0)

    def test_a_path_through_re_exports_leads_to_the_file_that_defines_the_item(self):
        # b's imports stand in a list of the crate and in one of the folder; only the item's own file is imported.
        files = {
            "low/lib.rs": "mod folder; mod b; pub use folder::{item::Thing as Known, other};",
            "low/folder/mod.rs": "mod item; pub mod other; pub use item::Thing; pub use other::*;",
            "low/folder/item.rs": "pub struct Thing;",
            "low/folder/other.rs": "pub struct Glob; use super::Thing;",
            "low/b.rs": "use crate::{Known, folder::Glob}; fn f(_: other::Glob) {}",
        }
        self.assertEqual(self.run_on(files)[0], 0)
        _, said = self.run_on({**files, "low/folder/item.rs": "pub struct Thing; use super::Glob;"})
        self.assertIn("circle in low/folder: item.rs other.rs", said)

    def test_folders_that_use_each_other_are_a_circle_though_no_files_do(self):
        files = {
            "low/one/mod.rs": "mod a; mod b;", "low/one/a.rs": "use crate::two::c::C;", "low/one/b.rs": "pub struct B;",
            "low/two/mod.rs": "pub mod c; pub mod d;", "low/two/c.rs": "pub struct C;", "low/two/d.rs": "use crate::one::b::B;",
        }
        _, said = self.run_on(files)
        self.assertIn("circle in low: one two", said)

    def test_a_file_and_the_folder_of_its_parts_are_one_for_those_beside_them(self):
        files = {"low/a.rs": "mod part; pub struct A; use part::P;", "low/a/part.rs": "pub struct P; use crate::b::B;",
                 "low/b.rs": "pub struct B;"}
        self.assertEqual(self.run_on(files)[0], 0)
        _, said = self.run_on({**files, "low/a/part.rs": "pub struct P; use super::A;"})
        self.assertIn("circle in low/a: a.rs part.rs", said)
        _, said = self.run_on({**files, "low/b.rs": "pub struct B; use crate::a::A;"})
        self.assertIn("circle in low: a b.rs", said)

    def test_a_crate_uses_only_those_below_it(self):
        self.assertEqual(self.run_on({"top/lib.rs": "pub use low::Thing;"})[0], 0)
        code, said = self.run_on({"low/lib.rs": "fn f(_: top::Thing) {}"})
        self.assertEqual(code, 1)
        self.assertIn("low/lib.rs uses top, but no arrow", said)

    def test_it_draws(self):
        files = {"low/a.rs": "use crate::b::B;", "low/b.rs": "pub struct B;"}
        self.assertIn("a.rs    -> b.rs", self.run_on(files, arguments=())[1])
        self.assertIn('"low/a.rs" -> "low/b.rs";', self.run_on(files, arguments=("--dot",))[1])


if __name__ == "__main__":
    unittest.main()
