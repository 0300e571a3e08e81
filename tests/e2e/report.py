# SPDX-License-Identifier: MIT
"""Promise: `oddline report` makes one page of a real incident: what the daemon and people said is in it, and the same input gives the same bytes.
A browser finds in it only what is ours, whatever stood in the log: hostile text stays text, nothing is run, loaded or complained about, and it prints.

  report.py BUILD_DIR
"""
import datetime
import html.parser
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
ODDLINE = os.path.join(os.path.abspath(sys.argv[1]), "oddline")
BEGIN = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
MINUTE = datetime.timedelta(minutes=1)
EVIL = ['<script>document.title="pwned"</script>', '<img src=x onerror=\'document.title="pwned"\'>',
        '</pre></main><iframe srcdoc="<script>parent.document.title=1</script>"></iframe>',
        "user\u202egpj.exe \u2066x\u2069", "\x1b]0;pwned\x07 &lt;b&gt; ``` [x](javascript:alert(1))"]
CONFIG = """state_dir: state
isolation: none
resource: {service.name: checkout}
streams:
  - name: web
    paths: web.log
    start: begin
    window: 1m
    detectors: [{use: pattern, on: [errors]}]
    annotations:
      runbook_url: 'https://runbooks.example/checkout?a=1&b=2'
      dashboard: 'javascript:document.title="pwned"'
slos:
  - name: availability
    stream: web
    good: {where: 'status < 500'}
    total: {match: 'order'}
    objective: 99
sinks: {jsonl: {path: findings.jsonl}}
"""


def check(holds, text, *shown):
    if not holds:
        sys.exit(f"report.py: {text}: {' '.join(str(s)[:2000] for s in shown)}")


def oddline(*arguments, code=0, stdin=None):
    done = subprocess.run([ODDLINE, *map(str, arguments)], capture_output=True, timeout=60, input=stdin)
    check(done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}", done.stderr.decode())
    return done.stderr.decode() if code else done.stdout.decode()


def report(*arguments, **more):
    return oddline("report", *arguments, **more)


def stamp(minute):
    return (BEGIN + minute * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- a real incident ------------------------------------------------------------


def a_real_incident():
    """Three brokers of Kafka, one of which is shut down; nothing is known but the findings."""
    found = oddline("scan", "--quiet", "--json", "--timezone=+01:00", TREE / "samples/logs/kafka-3brokers")
    pathlib.Path("kafka.jsonl").write_text(found)
    report("--since", "5h", "kafka.jsonl", "-o", "kafka.html")
    page = pathlib.Path("kafka.html").read_text()
    for text in ("What fired first", "Timeline", "<svg ", "Root cause", "What went badly", "Action items", "Owner",
                 "kafka-3brokers/kafka1/server.log"):
        check(text in page, "the page of the brokers lacks", text)
    lines = found.splitlines(True)
    pathlib.Path("backwards.jsonl").write_text("".join(reversed(lines)))
    report("--since", "5h", "backwards.jsonl", "-o", "backwards.html")
    check(pathlib.Path("backwards.html").read_text() == page, "the order of lines changes the page")
    facts = json.loads(report("--since", "5h", "kafka.jsonl", "-o", "kafka.json") or pathlib.Path("kafka.json").read_text())
    ids = {json.loads(line)["id"]: json.loads(line)["route"] for line in lines}
    counts = {route: list(ids.values()).count(route) for route in ("page", "ticket", "log")}
    check({k: facts["counts"][k] for k in counts} == counts, "the counts are wrong", facts["counts"], counts)
    times = [m["time"] for m in facts["timeline"]]
    check(times == sorted(times), "the timeline is in disorder")
    check(report("--since", "5h", "-", stdin=found.encode()).startswith("# Incident of 2016-12-19 17:02Z\n"), "Markdown to stdout")
    one = json.loads(report("--since", "5h", "--stream", "*kafka1*", "kafka.jsonl", "-o", "one.json") or pathlib.Path("one.json").read_text())
    check(all("kafka1" in f["stream"] for f in one["findings"]) and one["findings"], "--stream lets others in")
    print(f"kafka: {len(page)} bytes, {counts}, {len(facts['series'])} charts")


# ---- a hostile one, from a daemon --------------------------------------------------


def write_log():
    with open("web.log", "w", encoding="utf-8") as out:
        for minute in range(200):
            at = BEGIN + minute * MINUTE
            for i in range(12):
                out.write(f"{at + datetime.timedelta(seconds=5 * i):%Y-%m-%d %H:%M:%S} INFO app: order {minute}{i} done status=200\n")
            for i in range(100 if 150 <= minute < 155 else 0):
                out.write(f"{at + datetime.timedelta(seconds=59):%Y-%m-%d %H:%M:%S} ERROR app: order {i} status=500 "
                          f"{' '.join(EVIL)}\n")


def settled():
    try:
        lines = [json.loads(line) for line in open("findings.jsonl")]
    except (OSError, ValueError):
        return False
    return {"firing", "resolved"} <= {f["status"] for f in lines if f["series"] == "errors"}


def run_daemon():
    """It reads the log from its beginning; people speak meanwhile."""
    pathlib.Path("oddline.yaml").write_text(CONFIG)
    write_log()
    oddline("mark", "deploy", "--state-dir", "state", "--service", "checkout", "--version", "v2<b>", "--author", "ann.example",
            "--time", stamp(148), "--url", "https://ci.example/2")
    daemon = subprocess.Popen([ODDLINE, "run", "-c", "oddline.yaml"], stderr=open("daemon.log", "w"))
    try:
        for _ in range(300):
            if settled() or daemon.poll() is not None:
                break
            time.sleep(0.1)
        check(settled(), "the daemon finds nothing", open("daemon.log").read())
        time.sleep(1.5)  # its status is written every second
    finally:
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(20) == 0, "the daemon ends badly", open("daemon.log").read())


def what_people_said():
    found = [json.loads(line) for line in open("findings.jsonl")]
    page = next(f for f in found if f["series"] == "errors" and f["route"] == "page")
    oddline("mark", "postmortem", "-c", "oddline.yaml", "--author", "ann.example", page["id"], "https://wiki.example/pm/7")
    silences = {"v": 1, "next": 2, "silences": [{"id": 1, "stream": "web", "series": "", "detector": "", "reason": "repairs <i>",
                                                 "author": "ann.example", "from": stamp(152), "until": stamp(154)}]}
    pathlib.Path("state/silences.json").write_text(json.dumps(silences))


def the_state_directory_tells_all():
    shutil.rmtree("state", ignore_errors=True)
    os.mkdir("state")
    run_daemon()
    what_people_said()
    os.remove("web.log")  # the report needs no log
    span = ("--since", stamp(120), "--until", stamp(180), "-c", "oddline.yaml", "--title", 'Orders <failed> & "lost"')
    report(*span, "-o", "hostile.html")
    page = pathlib.Path("hostile.html").read_text()
    report(*span, "-o", "again.html")
    check(page == pathlib.Path("again.html").read_text(), "the same input gives other bytes")
    for text in ("Orders &lt;failed&gt; &amp; &quot;lost&quot;", "v2&lt;b&gt;", "repairs &lt;i&gt;", "https://wiki.example/pm/7",
                 "availability", "silence begins", "deployed", "\\u202e", "\\x1b]0;pwned\\x07", "2m before it began"):
        check(text in page, "the page lacks", text)
    check("ann.example" not in page, "somebody is named")
    markdown = report(*span)
    check("ann.example" not in markdown and "<script" not in re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", markdown), "the Markdown runs something")
    check("| Action | Kind | Owner | Due | Done |" in markdown, "no action items")
    report(*span, "-o", "hostile.json")
    facts = json.loads(pathlib.Path("hostile.json").read_text())
    check(facts["slos"] and facts["slos"][0]["burning_s"] > 0 and facts["slos"][0]["budget_used"] > 0, "no budget was used", facts["slos"])
    kinds = {m["what"] for m in facts["timeline"]}
    check({"deployed", "firing", "resolved", "silence begins", "silence ends"} <= kinds, "the timeline lacks some", kinds)
    check(facts["timeline"][0]["what"] == "deployed", "the deployment is not first", facts["timeline"][0])


# ---- a browser ------------------------------------------------------------------------


def chromium(page, *options):
    profile = tempfile.mkdtemp(dir=".")
    browser = subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--enable-logging=stderr", f"--user-data-dir={profile}",
         *options, pathlib.Path(page).resolve().as_uri()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = browser.communicate(timeout=60)
    finally:
        try:
            os.killpg(browser.pid, signal.SIGKILL)  # what it has begun ends with it
        except ProcessLookupError:
            pass
    check(browser.returncode == 0, f"chromium {options} ended with {browser.returncode}", err.decode(errors="replace"))
    said = [line for line in err.decode(errors="replace").splitlines() if "CONSOLE" in line]
    check(not said, "the console says", *said)
    return out.decode()


class Dom(html.parser.HTMLParser):
    """What a browser made of it, as it wrote it down."""
    FORBIDDEN = {"script", "iframe", "img", "object", "embed", "form", "input", "base", "link", "template"}

    def __init__(self, text):
        super().__init__()
        self.title, self.said, self.links, self.inside = "", [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        check(tag not in self.FORBIDDEN, "an element that is not ours", tag, attrs)
        self.inside = tag
        for name, value in attrs:
            check(not name.startswith("on") and name not in ("src", "srcdoc", "style", "action"), "an attribute that is not ours", tag, name)
            if name == "href":
                self.links.append(value)

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        self.said.append(data)
        if self.inside == "title" and not self.title:
            self.title = data


def a_browser_finds_only_what_is_ours():
    dom = Dom(chromium("hostile.html", "--dump-dom"))
    check(dom.title == 'Orders <failed> & "lost"', "the title is another", dom.title)
    said = "".join(dom.said)
    for text in EVIL[:3]:
        check(text in said, "hostile text is not shown as it stood", text)
    check("user\\u202egpj.exe" in said and "\u202e" not in said, "marks of direction are not shown")
    check("https://runbooks.example/checkout?a=1&b=2" in dom.links and "https://wiki.example/pm/7" in dom.links, "links are missing", dom.links)
    check(all(re.match("https?://", link) for link in dom.links), "a link goes elsewhere", dom.links)
    check('javascript:document.title="pwned"' in said, "what is no link is not shown as text")
    Dom(chromium("kafka.html", "--dump-dom"))


def a_browser_would_have_noticed():
    """The same page without escaping: else this test proves nothing."""
    page = pathlib.Path("hostile.html").read_text()
    for taken, given in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'")):
        page = page.replace(taken, given)
    page = re.sub(r"<meta http-equiv[^>]*>", "", page)
    pathlib.Path("broken.html").write_text(page)
    text = chromium("broken.html", "--dump-dom")
    check(re.search("<title>(pwned|1)</title>", text), "the browser ran nothing of an unescaped page")


def it_prints_and_is_seen():
    chromium("hostile.html", "--print-to-pdf=page.pdf", "--no-pdf-header-footer")
    pdf = pathlib.Path("page.pdf").read_bytes()
    check(pdf.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 2, "it does not print", len(pdf))
    chromium("hostile.html", "--window-size=1100,1600", "--hide-scrollbars", "--screenshot=page.png")
    check(pathlib.Path("page.png").stat().st_size > 20000, "the picture is empty")


# ---- the file ----------------------------------------------------------------------------


def a_report_is_whole_or_what_was_there_stays():
    page, span = pathlib.Path("kept.html"), ("--since", "5h", "kafka.jsonl", "-o")
    page.write_text("yesterday's")
    page.chmod(0o600)
    full = subprocess.run([ODDLINE, "report", *span, "kept.html"], capture_output=True, text=True, timeout=60,
                          preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                              resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))))
    check(full.returncode == 74 and "kept.html: cannot be written" in full.stderr, "a full disk is answered with", full.stderr)
    check(page.read_text() == "yesterday's", "what stood there is gone", page.read_text()[:80])
    check(not list(pathlib.Path(".").glob("kept.html.*")), "half a report lies about")
    report(*span, "kept.html")
    check(page.read_text().endswith("</html>\n") and page.stat().st_mode & 0o777 == 0o600, "it is not replaced as it was", page.stat())
    os.symlink("kept.html", "link.html")
    report(*span, "link.html")
    check(os.path.islink("link.html"), "the symlink is gone")
    os.umask(0o027)
    report(*span, "new.html")
    check(os.stat("new.html").st_mode & 0o777 == 0o640, "the umask does not count", oct(os.stat("new.html").st_mode))
    os.umask(0o022)
    os.mkfifo("pipe.html")
    reader = subprocess.Popen(["cat", "pipe.html"], stdout=subprocess.PIPE)
    report(*span, "pipe.html")
    check(reader.communicate(timeout=20)[0].endswith(b"</html>\n"), "a pipe is not written to")


def a_clock_that_is_ahead_is_named():
    line = json.loads(pathlib.Path("kafka.jsonl").read_text().splitlines()[0])
    line.update(id="x-1", starts_at="2250-01-01T00:00:00.000Z")
    pathlib.Path("ahead.jsonl").write_text(pathlib.Path("kafka.jsonl").read_text() + json.dumps(line) + "\n")
    for options, said in (([], True), (["--until", "2016-12-20T00:00:00Z"], False)):
        done = subprocess.run([ODDLINE, "report", "--since", "2016-12-19T00:00:00Z", *options, "ahead.jsonl"], capture_output=True, text=True)
        check(done.returncode == 0 and ("yet to come; name --until" in done.stderr) == said, "a clock that is ahead", done.stderr)


# ---- mistakes ----------------------------------------------------------------------------


def errors_are_one_sentence():
    for arguments, code, text in [
            (["kafka.jsonl"], 64, "--since is missing"),
            (["--since", "soon", "kafka.jsonl"], 64, "--since: 'soon' is neither"),
            (["--since", "1h", "--until", "late", "kafka.jsonl"], 64, "--until: 'late' is no time"),
            (["--since", stamp(5), "--until", stamp(4), "kafka.jsonl"], 64, "is before --since"),
            (["--since", "1h", "kafka.jsonl", "-o", "page.docx"], 64, "ends with none of .html, .md, .json"),
            (["--since", "1h", "kafka.jsonl", "-o", "no/such/page.html"], 74, "no/such/page.html: cannot be written"),
            (["--since", "1h", "none.jsonl"], 66, "none.jsonl: cannot be read"),
            (["--since", "1h", "--state-dir", "nowhere"], 66, "no daemon has run"),
            (["--since", "1h", "oddline.yaml"], 65, "is no finding")]:
        said = report(*arguments, code=code)
        check(text in said and said.count("\n") == 1, f"{arguments} is answered with", said)
    check("Nothing was found" in report("--since", "2030-01-01T00:00:00Z", "kafka.jsonl"), "an empty span")


def main():
    check(shutil.which("chromium"), "chromium is missing: sh tests/run.sh installs it")
    with tempfile.TemporaryDirectory(prefix="oddline-e2e.") as directory:
        os.chdir(directory)
        a_real_incident()
        the_state_directory_tells_all()
        a_report_is_whole_or_what_was_there_stays()
        a_clock_that_is_ahead_is_named()
        errors_are_one_sentence()
        a_browser_finds_only_what_is_ours()
        a_browser_would_have_noticed()
        it_prints_and_is_seen()
        os.chdir("/")


main()
