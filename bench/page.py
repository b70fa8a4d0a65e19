"""The documents page under load: 50 signed-in people, a register of 10,000 documents, the page in its own process.

    python bench/page.py [seconds] [users] [pause]

People ask one thing after another, with `pause` seconds between on average (0: none, the page at its limit).
Prints requests per second, median and p95 by address, errors, and how long the list of 10,000 documents takes.
"""

import asyncio
import hashlib
import os
import random
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pandas as pd

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.tables import DOCUMENTS, MUNICIPALITIES, SCHOOLS
from oko_pipeline.page.accounts import AccountBook, Role
from oko_pipeline.page.store import PageStore
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database

YEAR, PLACES, SCHOOL_COUNT, DOCUMENT_COUNT = "2024-2025", 20, 500, 10_000
PASSWORD = "Bench horse 77 staple"
MIX = (("list", 5), ("filter", 3), ("document", 4), ("file", 3), ("school", 3), ("picture", 1), ("archive", 1))


def fill(settings):
    schools = [f"edu99{number:04d}" for number in range(SCHOOL_COUNT)]
    places = [f"reg99_m{number}" for number in range(101, 101 + PLACES)]
    school_rows = [
        {"school_year": YEAR, "school_code": code, "school_name": f"МБОУ «СОШ № {n}»", "is_name_known": True,
         "school_kind": "general", "municipality_code": places[n % PLACES], "region_code": "99"}
        for n, code in enumerate(schools)
    ]  # fmt: skip
    place_rows = [
        {"school_year": YEAR, "municipality_code": code, "municipality_name": f"Район {code}", "region_code": "99",
         "schools_count": SCHOOL_COUNT // PLACES}
        for code in places
    ]  # fmt: skip
    kinds = [kind for kind in document_kinds().values() if kind.unit_level == "school" and not kind.is_restricted]
    rows = []
    for number in range(DOCUMENT_COUNT):
        kind, code = kinds[number // SCHOOL_COUNT % len(kinds)], schools[number % SCHOOL_COUNT]
        path = f"{YEAR}/ОО/{code} {kind.kind} {number}.docx"
        content = os.urandom(8) * 5000
        target = settings.reports_folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        rows.append({
            "school_year": YEAR, "document_id": f"{kind.kind}:{number}:{code}", "kind": kind.kind,
            "unit_level": "school", "unit_code": code, "title_ru": kind.title_ru, "profile": kind.profile,
            "is_restricted": False,
            "issue_number": 1, "path": path, "context_sha256": "c", "file_sha256": hashlib.sha256(content).hexdigest(),
            "rendered_at": "2025-06-01T10:00:00Z", "code_version": "1", "inputs": "[]",
        })  # fmt: skip
    database = Database(settings.sqlalchemy_url)
    for table, given in ((SCHOOLS, school_rows), (MUNICIPALITIES, place_rows), (DOCUMENTS, rows)):
        database.append(table, pd.DataFrame(given, columns=list(table.column_names)))
    database.close()
    return schools, places, rows


def accounts(settings, schools, places, users):
    book = AccountBook(PageStore(settings.page_folder))
    made = [("engineer", Role.ENGINEER, None), ("analyst", Role.ANALYST, None)]
    made += [(code, Role.MUNICIPALITY, code) for code in places[:8]]
    made += [(code, Role.SCHOOL, code) for code in schools[: users - len(made)]]
    for login, role, unit in made:
        book.add(login, role, unit, PASSWORD)
    return made


async def signed_in(base, login):
    client = httpx.AsyncClient(base_url=base, timeout=60)
    page = await client.get("/sign-in")
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    answer = await client.post("/sign-in", data={"csrf": token, "login": login, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return client


def address(what, user, schools, rows, chance):
    _, role, unit = user
    own = [row for row in rows if row["unit_code"] == unit] if role is Role.SCHOOL else rows
    if role is Role.MUNICIPALITY:
        codes = {code for n, code in enumerate(schools) if f"reg99_m{101 + n % PLACES}" == unit}
        own = [row for row in rows if row["unit_code"] in codes]
    own = [row for row in own if row["profile"] != "internal"] or own
    row = chance.choice(own)
    document, school = f"/documents/{YEAR}/{row['document_id']}", f"/schools/{YEAR}/{row['unit_code']}"
    return {
        "list": "/documents", "filter": f"/documents?year={YEAR}&kind={row['kind']}", "document": document,
        "file": f"{document}/file", "school": school, "picture": f"{school}/marks.svg",
        "archive": f"/documents.zip?school={row['unit_code']}",
    }[what]  # fmt: skip


async def person(client, user, data, until, told):
    schools, rows, pause = data
    chance = random.Random(user[0])
    names, weights = zip(*MIX, strict=True)
    while time.perf_counter() < until:
        what = chance.choices(names, weights)[0]
        await asyncio.sleep(chance.uniform(0, 2 * pause))
        where = address(what, user, schools, rows, chance)
        began = time.perf_counter()
        answer = await client.get(where)
        told.append((what, time.perf_counter() - began, answer.status_code))


def processor_seconds(pid):
    """Return the processor time of a process: unlike the clock, it tells of the page alone on a busy machine."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(base, users, data, seconds, pid):
    clients = [await signed_in(base, user[0]) for user in users]
    began = time.perf_counter()
    for client, user in zip(clients[:13:3], users[:13:3], strict=True):
        times = []
        for _ in range(10):
            start = time.perf_counter()
            answer = await client.get("/documents")
            times.append(time.perf_counter() - start)
            assert answer.status_code == 200
        total = re.search(r"Найдено: ([\d\s\xa0]+)", answer.text)[1]
        cold = []
        for number in range(2, 8):
            start = time.perf_counter()
            await client.get(f"/documents?page={number}")
            cold.append(time.perf_counter() - start)
        print(
            f"list as {user[1].value}: {total.strip()} documents, a page for the first time "
            f"{statistics.median(cold) * 1000:.0f} ms, again median {statistics.median(times) * 1000:.0f} ms, "
            f"longest {max(times) * 1000:.0f} ms"
        )
    told = []
    before = processor_seconds(pid)
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(person(c, u, data, until, told) for c, u in zip(clients, users, strict=True)))
    spent = time.perf_counter() - began
    for client in clients:
        await client.aclose()
    print(f"processor: {(processor_seconds(pid) - before) / max(1, len(told)) * 1000:.1f} ms a request of the mix")
    return told, spent


def report(told, spent, users):
    times = sorted(duration for _, duration, _ in told)
    errors = [status for _, _, status in told if status != 200]
    print(
        f"{len(users)} people, {spent:.0f} s: {len(told)} requests, {len(told) / spent:.0f} a second, "
        f"median {statistics.median(times) * 1000:.0f} ms, p95 {times[int(len(times) * 0.95)] * 1000:.0f} ms, "
        f"errors {len(errors)}"
    )
    for what, _ in MIX:
        own = sorted(duration for name, duration, _ in told if name == what)
        if own:
            print(
                f"  {what}: {len(own)}, median {statistics.median(own) * 1000:.0f} ms, "
                f"p95 {own[int(len(own) * 0.95)] * 1000:.0f} ms"
            )


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(home=Path(folder))
        schools, places, rows = fill(settings)
        users = accounts(settings, schools, places, count)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "oko_pipeline.cli", "page", "--port", str(port), "--home", folder]
        served = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        base = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    httpx.get(f"{base}/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.2)
            told, spent = asyncio.run(load(base, users, (schools, rows, pause), seconds, served.pid))
        finally:
            served.terminate()
            served.wait(30)
    spent_cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    report(told, spent, users)
    print(
        f"the page's own processor time: {spent_cpu.ru_utime + spent_cpu.ru_stime:.1f} s, starting included; "
        f"load of the machine {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
