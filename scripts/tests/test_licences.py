"""licences.py reads SPDX expressions and names the crate that is not allowed."""

import contextlib
import io
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import licences


class Licences(unittest.TestCase):
    def test_expressions_bind_as_spdx_says(self):
        for expression, expected in [
            ("MIT", True),
            ("GPL-3.0-only", False),
            ("MIT OR GPL-3.0-only", True),
            ("GPL-3.0-only/MIT", True),
            ("MIT AND GPL-3.0-only", False),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
            ("GPL-3.0-only AND MIT OR Zlib", True),
            ("Zlib OR MIT AND GPL-3.0-only", True),
            ("(Zlib OR MIT) AND GPL-3.0-only", False),
            ("Apache-2.0 WITH LLVM-exception", True),
            # An exception is part of the licence: an allowed licence with another exception is another licence.
            ("MIT WITH LLVM-exception", False),
            ("GPL-2.0-or-later WITH Classpath-exception-2.0 OR MIT", True),
            ("mit", False),
        ]:
            self.assertEqual(licences.passes(expression), expected, expression)

    def test_what_is_no_expression_is_refused(self):
        for expression in ["", "MIT OR", "MIT Apache-2.0", "(MIT", "MIT)", "AND MIT", "MIT WITH", "MIT & Zlib", "OR", "MIT,Zlib"]:
            with self.assertRaises(licences.Unreadable, msg=expression):
                licences.passes(expression)

    def test_a_crate_that_is_not_allowed_is_named_with_its_way_in(self):
        def package(name, licence):
            return {"id": name, "name": name, "version": "1.0.0", "license": licence, "license_file": None}

        nodes = [("ours", ["good"]), ("good", ["bad", "none"]), ("bad", []), ("none", [])]
        found = {
            "packages": [package("ours", "MIT"), package("good", "MIT"), package("bad", "AGPL-3.0-only"), package("none", None)],
            "workspace_members": ["ours"],
            "resolve": {"nodes": [{"id": name, "dependencies": below} for name, below in nodes]},
        }
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(licences.main(found), 1)
        self.assertIn("bad 1.0.0: `AGPL-3.0-only` is not allowed\n    by ours 1.0.0 -> good 1.0.0 -> bad 1.0.0", said.getvalue())
        self.assertIn("none 1.0.0: no SPDX licence", said.getvalue())
        self.assertIn("4 packages, 2 with", said.getvalue())


if __name__ == "__main__":
    unittest.main()
