"""ece-check.exe under Wine does what ece-check does on Linux.

In: the Windows program and the Linux program. It is copied alone into a folder with blanks and letters outside ASCII,
as administrators have them, and every test starts it from there. Loopback only; what may ask the system's resolver runs
without a network.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from os import environ

UNDER_WINE = str(pathlib.Path(__file__).resolve().parent / "under-wine")
EXE, LINUX = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
FORMATS = ["text", "json", "markdown", "csv"]

# What Windows Server 2016 and later have by themselves; anything else would have to be copied too.
OF_WINDOWS = re.compile(
    r"(api-ms-win-core-[a-z0-9-]+|advapi32|bcrypt|bcryptprimitives|crypt32|iphlpapi|kernel32|ktmw32|msvcrt|ncrypt|ntdll"
    r"|oleaut32|ole32|secur32|shell32|user32|userenv|ws2_32)\.dll", re.IGNORECASE)


class Program(unittest.TestCase):
    """One folder for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="ECE 12.6 Prüfung – ")
        cls.folder = pathlib.Path(cls.place.name)
        shutil.copy(EXE, cls.folder / "ece-check.exe")

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def windows(self, *arguments, before=()):
        """Runs the program from its folder: exit code, stdout, stderr, each as bytes."""
        return self.ran([*before, UNDER_WINE, "./ece-check.exe", *arguments])

    def linux(self, *arguments):
        """Runs the other program from the same folder."""
        return self.ran([LINUX, *arguments])

    def ran(self, command):
        bounded = {**environ, "ECE_CHECK_WINE_LIMIT": "120"}
        done = subprocess.run(command, cwd=self.folder, env=bounded, capture_output=True, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr

    def agree(self, *arguments):
        """Both programs end with the same code, and every finding has the same id, subject and status."""
        patient = ["--timeout", "20s", "--output", "json"]  # on a busy machine Wine may take longer than the usual 10 s
        with ThreadPoolExecutor(2) as at_once:  # most of the time is spent waiting for what never comes
            windows = at_once.submit(self.windows, "run", *arguments, *patient)
            linux = at_once.submit(self.linux, "run", *arguments, *patient)
        code, out, err = windows.result()
        linux_code, linux_out, _ = linux.result()
        self.assertTrue(out, err)
        self.assertEqual(findings(out), findings(linux_out))
        self.assertEqual(code, linux_code)
        return code


def findings(report):
    return [(found["check"], found["subject"], found["status"]) for found in json.loads(report)["findings"]]


class Lab(Program):
    """The walk through the built-in tenant."""

    def test_healthy(self):
        self.assertEqual(self.agree("--lab"), 0)

    def test_expired_certificate(self):
        self.assertEqual(self.agree("--lab=cert-expired"), 1)

    def test_every_fault(self):
        """Each that a run shows by itself: without files or Graph, the others are healthy."""
        _, listed, _ = self.linux("lab", "--list")
        faults = [line.split()[0] for line in listed.decode().splitlines() if "(with" not in line]
        self.assertGreater(len(faults), 80)
        with ThreadPoolExecutor(8) as at_once:
            agreed = {fault: at_once.submit(self.agree, f"--lab={fault}") for fault in faults}
        for fault, outcome in agreed.items():
            with self.subTest(fault):
                outcome.result()

    def test_files_in_the_folder(self):
        """Also below a path outside ASCII; files are UTF-8 whatever the console is."""
        code, _, err = self.windows(
            "run", "--lab=port-refused", "--report", "json=Bericht é.json", "--report", "text=Bericht é.txt",
            "--transcript", "Gespräch.txt")
        self.assertEqual(code, 1, err)
        report = json.loads((self.folder / "Bericht é.json").read_text("utf-8"))
        self.assertEqual(report["summary"]["exit_code"], 1)
        self.assertIn("\u00d7 ", (self.folder / "Bericht é.txt").read_text("utf-8"))
        self.assertTrue((self.folder / "Gespräch.txt").read_text("utf-8"))

    def test_host(self):
        _, out, _ = self.windows("run", "--lab", "--output", "json")
        run = json.loads(out)["run"]
        self.assertRegex(run["os"], r"^Windows .*\d")
        self.assertTrue(run["host"])
        self.assertIsInstance(run["utc_offset_minutes"], int)
        self.assertIn(run["ipv6"], (True, False))
        self.assertTrue(run["source_addresses"])
        self.assertTrue(run["dns_servers"])
        self.assertIsInstance(run["clock_offset_ms"], int)


class Registry(Program):
    """What Windows has stored is read where Windows stores it."""

    CONNECTIONS = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
    SETTINGS = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings"
    FIREWALL = r"HKLM\System\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
    POLICY = r"HKLM\Software\Policies\Microsoft\WindowsFirewall"

    def put(self, key, name, kind, data):
        """Until the end of the test."""
        code, _, err = self.ran([UNDER_WINE, "reg", "add", key, "/v", name, "/t", kind, "/d", data, "/f"])
        self.assertEqual(code, 0, err)
        self.addCleanup(self.ran, [UNDER_WINE, "reg", "delete", key, "/v", name, "/f"])

    def run_of(self, *arguments):
        """The header of a run that opens no connection."""
        _, out, err = self.windows("run", "--only", "version,url", "--output", "json", *arguments)
        self.assertTrue(out, err)
        return json.loads(out)["run"]

    def test_nothing_stored(self):
        run = self.run_of()
        self.assertEqual((run["proxy"], run["proxy_script"]), (None, None))
        self.assertEqual(run["ece_home"], None)

    def test_proxy_of_the_machine_goes_before_the_users(self):
        self.put(self.SETTINGS, "ProxyServer", "REG_SZ", "http=a.test:80;https=user.test:8080")
        self.put(self.SETTINGS, "ProxyEnable", "REG_DWORD", "1")
        self.assertEqual(self.run_of()["proxy"], "user.test:8080 (Windows, Internet settings)")
        server = b"machine.test:3128"
        blob = b"\x18\0\0\0\0\0\0\0\3\0\0\0" + len(server).to_bytes(4, "little") + server + b"\0\0\0\0"
        self.put(self.CONNECTIONS, "WinHttpSettings", "REG_BINARY", blob.hex())
        self.assertEqual(self.run_of()["proxy"], "machine.test:3128 (Windows, WinHTTP)")
        self.assertEqual(self.run_of("--no-proxy")["proxy"], None)

    def test_script_is_named(self):
        self.put(self.SETTINGS, "AutoConfigURL", "REG_SZ", "http://wpad.test/wpad.dat")
        self.assertEqual(self.run_of()["proxy_script"], "http://wpad.test/wpad.dat")
        self.assertEqual(self.run_of("--proxy", "http://p.test:80")["proxy_script"], None)

    def test_rules_of_the_firewall(self):
        rule = "v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort={}|Name={}|"
        self.put(self.FIREWALL + r"\FirewallRules", "{1}", "REG_SZ", rule.format(587, "Keine Post"))
        self.put(self.POLICY + r"\FirewallRules", "{2}", "REG_SZ", rule.format(995, "No POP3"))
        self.put(self.FIREWALL + r"\DomainProfile", "EnableFirewall", "REG_DWORD", "0")
        of = " (profiles Private, Public)"
        self.assertEqual(
            self.run_of()["firewall"], [f'port 587: rule "Keine Post"{of}', f'port 995: rule "No POP3"{of}'])
        self.put(self.POLICY + r"\PublicProfile", "DefaultOutboundAction", "REG_DWORD", "1")
        self.assertEqual(len(self.run_of()["firewall"]), 4)  # now 443 and 993 too, in the public profile

    def test_folder_of_ece(self):
        (self.folder / "ECE").mkdir()
        (self.folder / "home.toml").write_text('[ece]\nhome = "ECE"\n')
        self.assertEqual(self.run_of("--config", "home.toml")["ece_home"], "ECE")


class Saved(Program):
    """A report that was saved."""

    def setUp(self):
        _, self.json, _ = self.windows("run", "--lab=cert-expired", "--case", "Fall “é” √", "--output", "json")

    def test_every_format_is_ascii_in_a_pipe(self):
        (self.folder / "r.json").write_bytes(self.json)
        self.assertTrue(self.json.isascii())
        for form in FORMATS:
            with self.subTest(form):
                code, out, err = self.windows("report", "r.json", "--output", form)
                self.assertEqual((code, err), (1, b""))
                self.assertTrue(out and out.isascii(), out)
                self.assertNotIn(b"\x1b", out)

    def test_as_powershell_saves_it(self):
        """`>` of Windows PowerShell writes UTF-16 with a mark and Windows line ends."""
        (self.folder / "ps.json").write_text(self.json.decode("ascii"), "utf-16", newline="\r\n")
        code, out, err = self.windows("report", "ps.json", "--output", "json")
        self.assertEqual((code, err), (1, b""))
        self.assertEqual(out, self.json)


class Offline(Program):
    """What needs no network."""

    def test_catalogue(self):
        for command in (["list"], ["list", "--causes"], ["list", "--output", "json"], ["plan"], ["plan", "--output", "csv"],
                        ["explain", "smtp.starttls"], ["explain", "port-blocked", "--output", "json"], ["lab", "--list"],
                        ["--help"], ["run", "--help"], ["--version"], ["completions", "powershell"]):
            with self.subTest(command):
                code, out, err = self.windows(*command)
                self.assertEqual((code, err), (0, b""))
                self.assertTrue(out and out.isascii(), out)

    def test_mistake_in_the_file(self):
        (self.folder / "Größe.toml").write_text("[ece]\r\n\r\nrole = \"boss\"\r\n", newline="")
        code, out, err = self.windows("run", "--config", "Größe.toml")
        self.assertEqual((code, out), (2, b""))
        self.assertIn(b".toml, line 3:", err)
        self.assertTrue(err.isascii(), err)

    def test_unknown_flag(self):
        code, out, err = self.windows("run", "--größe")
        self.assertEqual((code, out), (2, b""))
        self.assertTrue(err and err.isascii(), err)

    def test_without_a_network(self):
        """Whatever the system says of its resolvers: findings, no fault of the program."""
        code, out, err = self.windows("run", "--deadline", "20s", "--output", "json", before=["unshare", "--net"])
        self.assertIn(code, (1, 3), err)
        self.assertTrue(findings(out))
        self.assertNotIn(b"fault of the program", err)

    def test_resolver_that_refuses(self):
        code, out, err = self.windows("run", "--dns-server", "127.0.0.1:1", "--only", "dns.resolves", "--output", "json")
        self.assertEqual(code, 1, err)
        self.assertEqual({found["status"] for found in json.loads(out)["findings"]}, {"fail"})


class Alone(unittest.TestCase):
    """One file is all that is copied."""

    def test_only_libraries_of_windows(self):
        headers = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", EXE], capture_output=True, text=True, check=True)
        needed = set(re.findall(r"DLL Name: (\S+)", headers.stdout))
        self.assertTrue(needed)
        self.assertEqual([name for name in needed if not OF_WINDOWS.fullmatch(name)], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
