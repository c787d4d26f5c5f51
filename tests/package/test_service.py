#!/usr/bin/env python3
"""The unit and its settings: systemd understands all of it, and every variable that the settings
name is one that `crayon serve` reads."""
import pathlib
import re
import shutil
import subprocess

import support

PACKAGE = support.SOURCE / "toolchains/package"


class Service(support.Case):
    def test_systemd_understands_the_unit(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        # The program is not installed here, so another one stands for it.
        unit = (PACKAGE / "crayon.service").read_text()
        path = self.dir / "crayon.service"
        path.write_text(unit.replace("/usr/bin/crayon", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                              capture_output=True, text=True, timeout=60)
        complaints = [line for line in done.stderr.splitlines() if "crayon.service" in line]
        self.assertEqual(complaints, [])
        path.write_text(unit.replace("/usr/bin/crayon", "/bin/true") + "Frobnicate=yes\n")
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                              capture_output=True, text=True, timeout=60)
        self.assertIn("Frobnicate", done.stderr)

    def test_the_unit_is_a_sandbox(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        # What a service may do by systemd's account, from 0 to 100. This one has 15, a third of it for
        # the network; without DynamicUser it would have 19, without a filter of system calls 30.
        path = self.dir / "sandbox.service"
        path.write_text((PACKAGE / "crayon.service").read_text()
                        .replace("/usr/bin/crayon", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                               "--threshold=16", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_unit_has_the_limits_that_the_documentation_names(self):
        unit = (PACKAGE / "crayon.service").read_text()
        page = (support.SOURCE / "docs/packages.md").read_text()
        table = page.split("| limit | why |")[1].split("\n\n")[0]
        limits = [limit for row in table.splitlines()[2:]
                  for limit in re.findall(r"`([A-Z][A-Za-z]+(?:=\S+)?)`", row.split(" | ")[0])]
        self.assertIn("DynamicUser", limits)
        self.assertIn("MemoryMax=75%", limits)
        for limit in limits:
            self.assertRegex(unit, rf"(?m)^{re.escape(limit)}{'$' if '=' in limit else '='}")

    def test_settings_are_variables_of_serve(self):
        page = self.crayon("manual", "serve").out
        settings = re.findall(r"^#(CRAYON_\w+)=", (PACKAGE / "crayon.default").read_text(),
                              re.MULTILINE)
        self.assertIn("CRAYON_PORT", settings)
        for name in settings:
            if name not in ("CRAYON_ROOT", "CRAYON_REMOTE_API_KEY"):  # which are no flag's twins
                self.assertIn(f"{name}.", page)

    def test_the_unit_reads_the_settings_and_the_store(self):
        unit = (PACKAGE / "crayon.service").read_text()
        self.assertIn("\nEnvironmentFile=-/etc/default/crayon\n", unit)
        conffiles = (PACKAGE / "conffiles").read_text().split()
        self.assertEqual(conffiles, ["/etc/default/crayon"])

    def test_the_unit_waits_for_the_first_activation(self):
        unit = (PACKAGE / "crayon.service").read_text()
        [condition] = re.findall("^ConditionPathExists=(.+)$", unit, re.MULTILINE)
        file = self.dir / "root" / pathlib.PurePath(condition).relative_to("/var/lib/crayon")
        store = ("--root", "root")
        self.pack_tiny("m.crayon")
        self.crayon("golden", "m.crayon", "-o", "golden", "-n", 4)
        self.crayon("install", "m.crayon", "--golden", "golden", "--allow-unsigned", *store)
        self.assertFalse(file.exists())
        self.crayon("activate", *store)
        self.assertTrue(file.exists())

    def test_the_server_can_read_all_that_it_needs(self):
        # It is another user than the one who installs.
        self.pack_tiny("n.crayon")
        self.crayon("golden", "n.crayon", "-o", "golden", "-n", 4)
        self.crayon("install", "n.crayon", "--golden", "golden", "--allow-unsigned", "--activate",
                    "--root", "other")
        for path in [self.dir / "other", *(self.dir / "other").rglob("*")]:
            mode = path.stat().st_mode
            wanted = 0o005 if path.is_dir() else 0o004
            if path.name != "lock":
                self.assertEqual(mode & wanted, wanted, path)

    def test_scripts_are_shell(self):
        for name in ("postinst", "prerm", "postrm"):
            path = PACKAGE / name
            self.assertTrue(path.stat().st_mode & 0o111, name)
            subprocess.run(["sh", "-n", path], check=True, timeout=60)


if __name__ == "__main__":
    support.main()
