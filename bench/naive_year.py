"""The yardstick of the benchmark: one school year the way an analyst writes it in a week, with the usual tools.

pandas.read_excel with openpyxl, row loops, DataFrame.to_sql, groupby, pyplot, python-docx cell by cell. It does the
same work on the same inbox as `oko run 2020-2021` and gives the same numbers; it is neither slowed down nor tuned. It
does less than the project: no cell addresses, no Great Expectations, no history, no cache, no refused files.

    python bench/naive_year.py INBOX OUT
"""
# The habits below are what the project's own rules forbid; showing their price is the purpose of this file.
# ruff: noqa: TID251, TID253, C901, PLR0913, PLR0917, PERF401

import hashlib
import hmac
import json
import math
import re
import sys
import time
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from docx import Document
from docx.shared import Cm
from sqlalchemy import create_engine

mpl.use("Agg")
import matplotlib.pyplot as plt

KEY = b"naive-benchmark-key"
DPI = 150
SUBJECTS = {
    "русскому языку": "Русский язык",
    "математике": "Математика",
    "окружающему миру": "Окружающий мир",
    "биологии": "Биология",
    "истории": "История",
    "географии": "География",
    "обществознанию": "Обществознание",
    "физике": "Физика",
    "химии": "Химия",
    "английскому языку": "Английский язык",
    "немецкому языку": "Немецкий язык",
    "французскому языку": "Французский язык",
}
CAMPAIGNS = {2020: "ВПР, осень 2020 года (за предыдущий класс)", 2021: "ВПР, весна 2021 года"}
LEVEL_NAMES = {"Б": "Базовый", "П": "Повышенный", "В": "Высокий"}
HIDE, CLAIM, DETAIL, MOST_DETAILED = 5, 10, 20, 8
MARKS_A_CHART, JOURNAL_A_CHART = 5, 18
RED, GREEN, YELLOW, BLUE = "#c0392b", "#27ae60", "#f1c40f", "#2980b9"


# ---------------------------------------------------------------- reading and cleaning


def clean_score(value):
    """One cell of a task: (score, code)."""
    if pd.isna(value):
        return 0, "blank"
    text = str(value).strip().replace("\xa0", "")
    if text.upper() in ("X", "Х"):
        return 0, "not_attempted"
    if text.startswith("не пройд"):
        return 0, "not_taught"
    try:
        return int(float(text)), "score"
    except ValueError:
        return 0, "bad"


def clean_number(value):
    """A number in a text cell, None when there is none."""
    if pd.isna(value):
        return None
    match = re.search(r"-?\d+", str(value).replace("\xa0", ""))
    return int(match.group()) if match else None


def clean_mark(value):
    """A journal mark 2-5."""
    number = clean_number(value)
    return number if number in (2, 3, 4, 5) else None


def school_code(login):
    """sch990404 and edu990404 are one school, ksh990404 is another."""
    login = str(login).strip().lower()
    return login.replace("sch", "edu")


def municipality_2020(groups):
    """The municipality is one of the tags: reg99_vpr_m101."""
    for tag in str(groups).split(","):
        match = re.fullmatch(r"reg\d+_vpr_(m\d+)", tag.strip())
        if match:
            return match.group(1)
    return None


def pseudonym(school, grade, code, year):
    """The pupil's id."""
    return hmac.new(KEY, f"{school}|{grade}|{code}|{year}".encode(), hashlib.sha256).hexdigest()[:32]


def read_protocol(path, year, grade, subject):
    """Read one raw dump and clean it row by row."""
    raw = pd.read_excel(path, engine="openpyxl", dtype=str)
    if year == 2020:
        names = {
            "groups": "municipality", "user": "login", "code": "code", "otc": "journal", "gender": "sex",
            "klass": "class", "var-1": "variant", "sum": "total",
        }  # fmt: skip
        book = list(raw.columns).index("Учебник")
        tasks = [c for c in raw.columns[:book] if re.fullmatch(r"a-\d+-grade", str(c))]
    else:
        names = {
            "регион": "municipality", "логин школы": "login", "код обучающегося": "code",
            "отметка за предыдущую четверть/триместр": "journal", "пол": "sex", "класс": "class", "вариант": "variant",
            "всего баллов": "total",
        }  # fmt: skip
        tasks = [c for c in raw.columns if str(c).startswith("балл за ")]
    raw = raw.rename(columns=names | {column: f"task_{i}" for i, column in enumerate(tasks, start=1)})
    if year == 2020:
        raw["municipality"] = raw["municipality"].apply(municipality_2020)
    raw["school"] = raw["login"].apply(school_code)
    records = []
    for number, row in raw.iterrows():
        total = clean_number(row["total"])
        absent = str(row["variant"]).strip() == "отсутствовал"
        record = {
            "file": f"{path.parent.parent.name}/{path.parent.name}/{path.name}",
            "row": number + 2,
            "year": year,
            "grade": grade,
            "subject": subject,
            "school": row["school"],
            "municipality": str(row["municipality"]).strip(),
            "class": "" if pd.isna(row["class"]) else str(row["class"]).strip().upper(),
            "sex": None if pd.isna(row["sex"]) else str(row["sex"]).strip().lower(),
            "pupil_id": pseudonym(row["school"], grade, row["code"], year),
            "variant": row["variant"],
            "absent": absent,
            "total": None if absent else total,
            "journal": clean_mark(row["journal"]),
        }
        for i in range(1, len(tasks) + 1):
            score, code = clean_score(row[f"task_{i}"])
            record[f"task_{i}"] = score
            record[f"code_{i}"] = code
        records.append(record)
    return pd.DataFrame(records), len(tasks)


def read_all_protocols(inbox):
    """Read the dumps of autumn 2020 and spring 2021."""
    parts, papers, sources = [], {}, []
    for path in sorted(inbox.glob("**/2020/*/*.xlsx")):
        work = (2020, int(path.parent.name), path.stem)
        frame, papers[work] = read_protocol(path, *work)
        parts.append(frame)
        sources.append((work, path))
        print(path.name, len(frame))
    for path in sorted(inbox.glob("**/2021/*/*.xlsx")):
        match = re.match(r"Проведение работы по (.+?), (\d+) класс", path.stem)
        if not match:
            continue
        work = (2021, int(match.group(2)), SUBJECTS[match.group(1)])
        frame, papers[work] = read_protocol(path, *work)
        parts.append(frame)
        sources.append((work, path))
        print(path.name, len(frame))
    return pd.concat(parts, ignore_index=True), papers, sources


def name_municipalities(works):
    """Autumn has codes, spring has names: join them through the schools."""
    codes = works[works["year"] == 2020].groupby("school")["municipality"].first()
    names = works[works["year"] == 2021].groupby("school")["municipality"].first()
    both = pd.DataFrame({"code": codes, "name": names}).dropna()
    name_of = both.groupby("code")["name"].agg(lambda values: values.mode().iloc[0]).to_dict()
    works["municipality"] = works["municipality"].apply(lambda value: name_of.get(value, value))
    return works


def read_scales(inbox):
    """Official scales; a scale whose printed ranges overlap is left out."""
    scales = {}
    for path in sorted(inbox.rglob("*.csv")):
        table = pd.read_csv(path)
        if "min3" not in table.columns:
            continue
        for _, row in table.iterrows():
            ranges = [tuple(map(int, part.split("-"))) for part in str(row["raw"]).split()]
            if any(ranges[i + 1][0] != ranges[i][1] + 1 for i in range(len(ranges) - 1)):
                print("scale refused:", row["grade"], row["subject"])
                continue
            scales[(int(row["grade"]), row["subject"])] = (row["min3"], row["min4"], row["min5"], row["max"])
    return scales


def read_benchmarks(inbox):
    """The region's published shares."""
    benchmarks = {}
    for path in sorted(inbox.rglob("*.csv")):
        table = pd.read_csv(path)
        if "percent_2" not in table.columns:
            continue
        for _, row in table.iterrows():
            benchmarks[(int(row["paper_grade"]), row["subject"])] = row
    return benchmarks


def read_descriptions(inbox):
    """Task descriptions: what each task checks, its level, codes and maximum; titles of the codes."""
    tasks, titles = [], {}
    for path in sorted(inbox.glob("**/task_descriptions/*/*/ALL.xlsx")):
        grade, subject = int(path.parent.parent.name), path.parent.name
        table = pd.read_excel(path, engine="openpyxl", dtype=str).iloc[:, :8]
        table.columns = ["kim", "number", "skill", "block", "level", "kes", "kt", "maximum"]
        table = table.dropna(subset=["number"])
        for _, row in table.iterrows():
            position = clean_number(row["number"])
            if position is None:
                continue
            tasks.append(
                {
                    "grade": grade,
                    "subject": subject,
                    "position": position,
                    "kim": row["kim"],
                    "skill": " ".join(str(row["skill"]).split()),
                    "level": str(row["level"]).strip(),
                    "kes": row["kes"],
                    "kt": row["kt"],
                    "maximum": clean_number(row["maximum"]),
                }
            )
        for kind, name in (("kes", "KS.xlsx"), ("kt", "KT.xlsx")):
            codes = path.parent / name
            if codes.exists():
                table = pd.read_excel(codes, engine="openpyxl", dtype=str)
                for _, row in table.iterrows():
                    titles[(grade, subject, kind, str(row.iloc[0]).strip())] = str(row.iloc[1]).strip()
    return pd.DataFrame(tasks), titles


# ---------------------------------------------------------------- marks and checks


def add_marks(works, scales):
    """Mark of spring works by the scale."""

    def mark(row):
        scale = scales.get((row["grade"], row["subject"])) if row["year"] == 2021 else None
        if scale is None or pd.isna(row["total"]) or row["total"] > scale[3]:
            return None
        return 2 + (row["total"] >= scale[0]) + (row["total"] >= scale[1]) + (row["total"] >= scale[2])

    works["mark"] = works.apply(mark, axis=1)
    return works


def validate(works, papers, scales, maxima):
    """Sums, ranges, duplicates."""
    findings = []
    for work, count in papers.items():
        year, grade, subject = work
        own = works[(works["year"] == year) & (works["grade"] == grade) & (works["subject"] == subject)]
        scored = own[own["total"].notna() & ~own["absent"]]
        maximum = scales[(grade, subject)][3] if (grade, subject) in scales else None

        def add(row, rule, value, expected):
            findings.append(
                {
                    "year": row["year"], "grade": row["grade"], "subject": row["subject"], "school": row["school"],
                    "file": row["file"], "row": row["row"], "rule": rule, "value": str(value),
                    "expected": str(expected),
                }
            )  # fmt: skip

        for _, row in scored.iterrows():
            total = sum(row[f"task_{i}"] for i in range(1, count + 1))
            if total != row["total"]:
                add(row, "Сумма баллов за задания не равна итогу", row["total"], total)
            if maximum is not None and row["total"] > maximum:
                add(row, "Итог больше максимума", row["total"], maximum)
            for i in range(1, count + 1):
                top = maxima.get((work, i))
                if row[f"task_{i}"] < 0 or (top is not None and row[f"task_{i}"] > top):
                    add(row, "Балл за задание вне диапазона", row[f"task_{i}"], f"0-{top}")
                if row[f"code_{i}"] == "bad":
                    add(row, "Балл не прочитан", row[f"code_{i}"], "число или X")
        for _, row in own[own.duplicated("pupil_id", keep=False)].iterrows():
            add(row, "Повтор участника", row["pupil_id"][:8], "одна строка")
    columns = ["year", "grade", "subject", "school", "file", "row", "rule", "value", "expected"]
    return pd.DataFrame(findings, columns=columns)


# ---------------------------------------------------------------- tables


def wilson(count, n):
    """Share with the 95 % interval of Wilson."""
    if n == 0:
        return None, None, None
    z, p = 1.959964, count / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return p, max(centre - half, 0), min(centre + half, 1)


def unit_columns(level):
    """Columns that make a unit of a level."""
    return {"all": [], "municipality": ["municipality"], "school": ["school"], "class": ["school", "class"]}[level]


def summarise(group):
    """All figures of a group of works."""
    scored = group[~group["absent"] & group["total"].notna()]
    marked = scored[scored["mark"].notna()]
    pairs = marked[marked["journal"].notna()]
    n = len(scored)
    mean, sd = scored["total"].mean(), scored["total"].std()
    half = 1.96 * sd / math.sqrt(n) if n > 1 else None
    result = {
        "participants": n,
        "absent": int(group["absent"].sum()),
        "mean": mean,
        "sd": sd,
        "mean_low": mean - half if half is not None else None,
        "mean_high": mean + half if half is not None else None,
        "median": scored["total"].median(),
        "quartile_1": scored["total"].quantile(0.25),
        "quartile_3": scored["total"].quantile(0.75),
        "marked": len(marked),
        "pairs": len(pairs),
    }
    for mark in (2, 3, 4, 5):
        count = int((marked["mark"] == mark).sum())
        result[f"mark_{mark}"] = count
        result[f"share_{mark}"], result[f"low_{mark}"], result[f"high_{mark}"] = wilson(count, len(marked))
    for name, least in (("base", 3), ("good", 4)):
        count = int((marked["mark"] >= least).sum())
        result[f"share_{name}"], result[f"low_{name}"], result[f"high_{name}"] = wilson(count, len(marked))
    difference = pairs["mark"] - pairs["journal"]
    for name, count in (
        ("lower", int((difference < 0).sum())),
        ("same", int((difference == 0).sum())),
        ("higher", int((difference > 0).sum())),
    ):
        result[name] = count
        result[f"share_{name}"], result[f"low_{name}"], result[f"high_{name}"] = wilson(count, len(pairs))
    result["gaps"] = int((difference.abs() >= 2).sum())
    return result


def summary_table(works):
    """Summary of every work, unit and subgroup."""
    rows = []
    for level in ("all", "municipality", "school", "class"):
        keys = ["year", "grade", "subject", *unit_columns(level)]
        for subgroup in ("all", "м", "ж"):
            part = works if subgroup == "all" else works[works["sex"] == subgroup]
            for key, group in part.groupby(keys):
                row = {"year": key[0], "grade": key[1], "subject": key[2], "level": level}
                row |= {"unit": "|".join(key[3:]) or "all", "subgroup": subgroup}
                rows.append(row | summarise(group))
    return pd.DataFrame(rows)


def distribution_table(works):
    """How many got each score."""
    parts = []
    scored = works[~works["absent"] & works["total"].notna()]
    for level in ("all", "municipality", "school"):
        keys = ["year", "grade", "subject", *unit_columns(level)]
        counts = scored.groupby([*keys, "total"]).size().reset_index(name="participants")
        counts["level"] = level
        counts["unit"] = counts[unit_columns(level)[-1]] if unit_columns(level) else "all"
        counts["share"] = counts["participants"] / counts.groupby(keys)["participants"].transform("sum")
        parts.append(counts[["year", "grade", "subject", "level", "unit", "total", "participants", "share"]])
    return pd.concat(parts, ignore_index=True)


def task_scores(works, papers):
    """One row a pupil and task."""
    parts = []
    ids = ["year", "grade", "subject", "municipality", "school", "pupil_id"]
    scored = works[~works["absent"] & works["total"].notna()]
    for (year, grade, subject), count in papers.items():
        own = scored[(scored["year"] == year) & (scored["grade"] == grade) & (scored["subject"] == subject)]
        for i in range(1, count + 1):
            part = own[ids].copy()
            part["position"] = i
            part["score"] = own[f"task_{i}"]
            part["code"] = own[f"code_{i}"]
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def zone(share, level):
    """Colour of a task by the ФИОКО rule."""
    if share is None or level not in LEVEL_NAMES:
        return None
    green, red = (60, 57) if level == "Б" else (30, 28.5)
    percent = share * 100
    return "green" if percent >= green else "red" if percent < red else "yellow"


def task_table(scores, about):
    """How each task was done in every unit."""
    rows = []
    for level in ("all", "municipality", "school"):
        keys = ["year", "grade", "subject", *unit_columns(level), "position"]
        for key, group in scores.groupby(keys):
            work, position = (key[0], key[1], key[2]), key[-1]
            taught = group[group["code"] != "not_taught"]
            n, maximum = len(taught), about[(work, position)]["maximum"]
            mean, sd = taught["score"].mean(), taught["score"].std()
            share = mean / maximum if n and maximum else None
            half = 1.96 * sd / math.sqrt(n) / maximum if n > 1 and maximum else None
            rows.append(
                {
                    "year": key[0], "grade": key[1], "subject": key[2], "level": level,
                    "unit": key[3] if level != "all" else "all", "position": position,
                    "task": about[(work, position)]["kim"], "level_of_task": about[(work, position)]["level"],
                    "taught": n,
                    "not_attempted": int((taught["code"] == "not_attempted").sum()),
                    "not_taught": len(group) - n, "mean": mean, "share": share,
                    "low": max(share - half, 0) if half is not None else None,
                    "high": min(share + half, 1) if half is not None else None,
                    "zero_share": (taught["score"] == 0).mean() if n else None,
                    "full_share": (taught["score"] == maximum).mean() if n and maximum else None,
                    "not_attempted_share": (taught["code"] == "not_attempted").mean() if n else None,
                    "zone": zone(share, about[(work, position)]["level"]) if n >= HIDE else None,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def skill_table(scores, described, titles):
    """How skills, content elements, requirements and levels were done in every unit."""
    long = []
    for kind in ("skill", "kes", "kt", "level"):
        part = described.dropna(subset=[kind])[["year", "grade", "subject", "position", "maximum", kind]]
        for _, row in part.drop_duplicates().iterrows():
            for code in str(row[kind]).split(";") if kind in ("kes", "kt") else [row[kind]]:
                long.append(
                    {
                        "year": row["year"], "grade": row["grade"], "subject": row["subject"],
                        "position": row["position"], "kind": kind, "code": str(code).strip(), "maximum": row["maximum"],
                    }
                )  # fmt: skip
    groups = pd.DataFrame(long).drop_duplicates(["year", "grade", "subject", "position", "kind", "code"])
    merged = scores[scores["code"] != "not_taught"].rename(columns={"code": "cell"})
    merged = merged.merge(groups, on=["year", "grade", "subject", "position"])
    rows = []
    for level in ("all", "municipality", "school"):
        keys = ["year", "grade", "subject", *unit_columns(level), "kind", "code"]
        for key, group in merged.groupby(keys):
            rows.append(
                {
                    "year": key[0], "grade": key[1], "subject": key[2], "level": level,
                    "unit": key[3] if level != "all" else "all", "kind": key[-2], "code": key[-1],
                    "title": titles.get((key[1], key[2], key[-2], key[-1]), key[-1]),
                    "tasks": group["position"].nunique(), "participants": group["pupil_id"].nunique(),
                    "share": group["score"].sum() / group["maximum"].sum() if group["maximum"].sum() else None,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- documents


def percent(value):
    """12,3."""
    return "—" if value is None or pd.isna(value) else f"{value * 100:.1f}".replace(".", ",")


def with_interval(row, name):
    """12,3 (9,8–15,1)."""
    if row[f"share_{name}"] is None or pd.isna(row[f"share_{name}"]):
        return "—"
    low, high = percent(row[f"low_{name}"]), percent(row[f"high_{name}"])
    return f"{percent(row[f'share_{name}'])} ({low}–{high})"


class Note:
    """A document with counted contents."""

    def __init__(self, title, unit):
        self.document = Document()
        self.document.add_heading(title, 0)
        self.document.add_paragraph(unit)
        self.counts = {"tables": 0, "rows": 0, "cells": 0, "charts": 0}

    def heading(self, text, level=1):
        self.document.add_heading(text, level)

    def text(self, text):
        self.document.add_paragraph(text)

    def table(self, header, rows):
        if not rows:
            return
        table = self.document.add_table(rows=len(rows) + 1, cols=len(header))
        table.style = "Table Grid"
        for j, text in enumerate(header):
            table.cell(0, j).text = text
        for i, row in enumerate(rows, start=1):
            for j, value in enumerate(row):
                table.cell(i, j).text = str(value)
        self.counts["tables"] += 1
        self.counts["rows"] += len(rows) + 1
        self.counts["cells"] += (len(rows) + 1) * len(header)

    def chart(self, figure, path, caption):
        figure.tight_layout()
        figure.savefig(path, dpi=DPI)
        plt.close(figure)
        self.document.add_picture(str(path), width=Cm(16))
        self.document.add_paragraph(caption)
        self.counts["charts"] += 1

    def save(self, path):
        self.document.save(path)


def stacked(labels, series, colours):
    """Bars of 100 %."""
    figure, axes = plt.subplots(figsize=(6.3, 0.8 + 0.3 * len(labels)))
    left = [0] * len(labels)
    for (name, values), colour in zip(series.items(), colours, strict=True):
        axes.barh(range(len(labels)), values, left=left, label=name, color=colour)
        for i, value in enumerate(values):
            if value >= 5:
                axes.text(left[i] + value / 2, i, f"{value:.0f}", ha="center", va="center", fontsize=7)
        left = [a + b for a, b in zip(left, values, strict=True)]
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.legend(ncol=4, fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def work_title(row):
    """Математика, 5 класс."""
    return f"{row['subject']}, {'за ' if row['year'] == 2020 else ''}{row['grade']} класс"


def size(n):
    """A size; few are hidden."""
    return f"менее {HIDE}" if 0 < n < HIDE else str(n)


def levels_beside(row, year, tables, municipality, kind):
    """The unit's own row and its benchmarks: (label, row)."""
    summary, benchmarks = tables["summary"], tables["benchmarks"]
    found = [("школа" if kind == "school" else "муниципалитет", row)]
    if kind == "school":
        around = summary[
            (summary["year"] == year) & (summary["grade"] == row["grade"]) & (summary["subject"] == row["subject"])
            & (summary["level"] == "municipality") & (summary["unit"] == municipality) & (summary["subgroup"] == "all")
        ]  # fmt: skip
        found += [("муниципалитет", around.iloc[0])]
    published = benchmarks.get((row["grade"], row["subject"])) if year == 2021 else None
    if published is not None:
        n = int(published["participants"])
        region = {"participants": n, "marked": n, "pairs": n, "gaps": "—"}
        for mark in (2, 3, 4, 5):
            share, low, high = wilson(published[f"percent_{mark}"] / 100 * n, n)
            region |= {f"share_{mark}": share, f"low_{mark}": low, f"high_{mark}": high}
        for name, least in (("base", 3), ("good", 4)):
            total = sum(published[f"percent_{m}"] for m in range(least, 6))
            share, low, high = wilson(min(total / 100, 1) * n, n)
            region |= {f"share_{name}": share, f"low_{name}": low, f"high_{name}": high}
        for name, column in (
            ("lower", "percent_lower_than_journal"),
            ("same", "percent_same"),
            ("higher", "percent_higher"),
        ):
            share, low, high = wilson(published[column] / 100 * n, n)
            region |= {f"share_{name}": share, f"low_{name}": low, f"high_{name}": high}
        found.append(("регион", region))
    else:
        whole = summary[
            (summary["year"] == year) & (summary["grade"] == row["grade"]) & (summary["subject"] == row["subject"])
            & (summary["level"] == "all") & (summary["subgroup"] == "all")
        ].iloc[0]  # fmt: skip
        if whole["participants"] > max(other["participants"] for _, other in found):
            found.append(("регион (загруженные ОО)", whole))
    return found


def participation(note, kind, year, own, school_rows, schools):
    """Who took part."""
    note.heading("Участие")
    ratio = lambda n, absent: percent(n / (n + absent)) if n + absent >= CLAIM else "—"  # noqa: E731
    rows = []
    for (grade, subject), group in school_rows.groupby(["grade", "subject"]):
        n, absent = group["participants"].sum(), group["absent"].sum()
        title = work_title({"year": year, "grade": grade, "subject": subject})
        missing = len(schools) - len(group)
        classes = own.get((grade, subject), 0)
        last = classes if kind == "school" else missing
        rows.append([title, *([len(group)] if kind != "school" else []), size(n), absent, ratio(n, absent), last])
    if kind == "school":
        note.table(["Работа", "Участвовали", "Отсутствовали", "Доля участников, %", "Классов"], rows)
        return
    header = ["Работа", "ОО", "Участвовали", "Отсутствовали", "Доля участников, %", "ОО без результатов"]
    note.table(header, rows)
    works_count = school_rows.groupby(["grade", "subject"]).ngroups
    rows = []
    for school in schools:
        group = school_rows[school_rows["unit"] == school]
        n, absent = group["participants"].sum(), group["absent"].sum()
        rows.append([school, len(group), size(n), absent, ratio(n, absent), works_count - len(group)])
    header = ["Образовательная организация", "Работ выполнено", "Участий", "Отсутствий", "Доля участий, %", "Нет работ"]
    note.table(header, rows)


def marks_section(note, rows_beside, pictures, name):
    """Marks beside benchmarks: a table, a chart a grade."""
    note.heading("Отметки")
    rows = []
    for row, beside in rows_beside:
        for i, (label, level) in enumerate(beside):
            title = f"{work_title(row)}: {label}" if i == 0 else label
            if i and not level["marked"]:
                continue
            if level["participants"] < CLAIM:
                rows.append([title, size(level["participants"]), "недостаточно данных", "", "", "", "", ""])
            elif not level["marked"]:
                rows.append([title, level["participants"], "отметок нет: шкала не подтверждена", "", "", "", "", ""])
            else:
                shares = [with_interval(level, mark) for mark in (2, 3, 4, 5, "base", "good")]
                rows.append([title, level["marked"], *shares])
    header = ["Работа", "n", "«2», %", "«3», %", "«4», %", "«5», %", "Базовый уровень, %", "«4» и «5», %"]
    note.table(header, rows)
    shown = [(row, beside) for row, beside in rows_beside if row["marked"] >= CLAIM]
    if not shown:
        return
    groups = -(-len(shown) // MARKS_A_CHART)
    step = -(-len(shown) // groups)
    for start in range(0, len(shown), step):
        labels, series = [], {f"«{mark}»": [] for mark in (2, 3, 4, 5)}
        for row, beside in shown[start : start + step]:
            for i, (label, level) in enumerate(beside):
                if not level["marked"]:
                    continue
                labels.append(f"{work_title(row)}: {label}" if i == 0 else label)
                for mark in (2, 3, 4, 5):
                    series[f"«{mark}»"].append(level[f"share_{mark}"] * 100)
        figure = stacked(labels, series, [RED, YELLOW, "#a9dfbf", GREEN])
        note.chart(figure, pictures / f"{name}_marks_{start}.png", "Доли отметок рядом с ориентирами, %")


def journal_section(note, rows_beside, pictures, name):
    """Agreement with the journal."""
    note.heading("Соответствие отметок журналу")
    rows = []
    for row, beside in rows_beside:
        for i, (label, level) in enumerate(beside):
            title = f"{work_title(row)}: {label}" if i == 0 else label
            if i and not level["pairs"]:
                continue
            if level["pairs"] < CLAIM:
                rows.append([title, size(level["pairs"]), "недостаточно данных", "", "", ""])
            else:
                shares = [with_interval(level, part) for part in ("lower", "same", "higher")]
                rows.append([title, level["pairs"], *shares, level["gaps"]])
    header = ["Работа", "Пар отметок", "Ниже журнала, %", "Совпали, %", "Выше журнала, %", "Разница 2 и более"]
    note.table(header, rows)
    shown = [row for row, _ in rows_beside if row["pairs"] >= CLAIM]
    if not shown:
        return
    groups = -(-len(shown) // JOURNAL_A_CHART)
    step = -(-len(shown) // groups)
    for start in range(0, len(shown), step):
        part = shown[start : start + step]
        series = {
            title: [row[f"share_{column}"] * 100 for row in part]
            for title, column in (("ниже", "lower"), ("совпали", "same"), ("выше", "higher"))
        }
        figure = stacked([f"{work_title(row)} (n = {row['pairs']})" for row in part], series, [RED, "#d5d8dc", BLUE])
        note.chart(figure, pictures / f"{name}_journal_{start}.png", "Отметка за работу и отметка по журналу, %")


def surely_red(tasks):
    """The tasks of the red zone whose whole interval is below the threshold."""
    count = 0
    for _, task in tasks[tasks["zone"] == "red"].iterrows():
        if pd.notna(task["high"]) and task["high"] * 100 < (57 if task["level_of_task"] == "Б" else 28.5):
            count += 1
    return count


def tasks_section(note, rows, kind, tables):
    """How the tasks went, a row a work; returns the works to show in detail."""
    note.heading("Выполнение заданий")
    lines, need = [], {}
    for row in rows:
        tasks = tables["tasks"]
        own = tasks[
            (tasks["year"] == row["year"]) & (tasks["grade"] == row["grade"]) & (tasks["subject"] == row["subject"])
            & (tasks["level"] == kind) & (tasks["unit"] == row["unit"])
        ].sort_values("position")  # fmt: skip
        if row["participants"] >= DETAIL:
            need[(row["grade"], row["subject"])] = surely_red(own)
        if row["participants"] < CLAIM:
            lines.append([work_title(row), size(row["participants"]), "недостаточно данных", "", "", "", ""])
            continue
        levels = [percent(own.loc[own["level_of_task"] == level, "share"].mean()) for level in ("Б", "П", "В")]
        red = ", ".join(own.loc[own["zone"] == "red", "task"].astype(str))
        lines.append([work_title(row), row["participants"], percent(own["share"].mean()), *levels, red or "нет"])
    note.table(["Работа", "n", "Выполнение, %", "Б, %", "П, %", "В, %", "Задания красной зоны"], lines)
    return sorted(need, key=lambda work: -need[work])[:MOST_DETAILED]


def work_section(note, row, kind, municipality, tables, pictures, name):
    """One work in detail: histogram, tasks, red tasks, parts."""
    year, grade, subject, unit = row["year"], row["grade"], row["subject"], row["unit"]

    def own(table, level, code):
        return table[
            (table["year"] == year) & (table["grade"] == grade) & (table["subject"] == subject)
            & (table["level"] == level) & (table["unit"] == code)
        ]  # fmt: skip

    note.heading(work_title(row), 2)
    note.text(
        f"Участников: {row['participants']}, отсутствовали: {row['absent']}. Средний балл {row['mean']:.1f}. "
        f"Базовый уровень {percent(row['share_base'])} %, отметка «5» {percent(row['share_5'])} %."
    )
    scores = own(tables["distribution"], kind, unit)
    scale = tables["scales"].get((grade, subject)) if year == 2021 else None
    figure, axes = plt.subplots(figsize=(6.3, 2.2))
    axes.bar(scores["total"], scores["participants"], color=BLUE)
    if scale:
        for bound in scale[:3]:
            axes.axvline(bound - 0.5, color=RED, linestyle="--", linewidth=1)
    axes.set_xlabel("первичный балл")
    axes.set_ylabel("участников")
    path = pictures / f"{name}_{grade}_{subject}_scores.png"
    note.chart(figure, path, f"Распределение первичных баллов: {work_title(row)}")
    tasks = own(tables["tasks"], kind, unit).sort_values("position")
    around_level, around_unit = ("municipality", municipality) if kind == "school" else ("all", "all")
    around = own(tables["tasks"], around_level, around_unit).set_index("position")["share"]
    known = tasks[tasks["share"].notna()]
    if len(known):
        figure, axes = plt.subplots(figsize=(6.3, 2.5))
        colours = [{"red": RED, "yellow": YELLOW, "green": GREEN}.get(value, BLUE) for value in known["zone"]]
        axes.bar(range(len(known)), known["share"] * 100, color=colours)
        axes.plot(range(len(known)), [around.get(p, float("nan")) * 100 for p in known["position"]], "k_", markersize=9)
        axes.set_xticks(range(len(known)), known["task"], fontsize=6, rotation=45)
        axes.set_ylabel("выполнение, %")
        path = pictures / f"{name}_{grade}_{subject}_tasks.png"
        note.chart(figure, path, f"Выполнение заданий: {work_title(row)}")
    red = tasks[tasks["zone"] == "red"]
    rows = []
    for _, task in red.iterrows():
        about = tables["about"][((year, grade, subject), task["position"])]
        beside = around.get(task["position"])
        share = f"{percent(task['share'])} ({percent(task['low'])}–{percent(task['high'])})"
        skill = str(about["skill"])[:170]
        rows.append([task["task"], about["level"], skill, share, percent(beside), percent(task["not_attempted_share"])])
    note.table(["Задание", "Уровень", "Проверяемое умение", "Выполнение, %", "Вокруг, %", "Не приступали, %"], rows)
    summary = tables["summary"][tables["summary"]["subgroup"] == "all"]
    work = summary[(summary["year"] == year) & (summary["grade"] == grade) & (summary["subject"] == subject)]
    if kind == "school":
        parts = work[(work["level"] == "class") & work["unit"].str.startswith(f"{unit}|")]
        parts = parts if len(parts) > 1 else parts.iloc[:0]
    else:
        parts = work[(work["level"] == "school") & work["unit"].isin(tables["schools"][unit])]
    rows = []
    for _, part in parts.sort_values("unit").iterrows():
        label = part["unit"].split("|")[-1]
        if part["participants"] < CLAIM or not part["marked"]:
            few = "недостаточно данных" if part["participants"] < CLAIM else "отметок нет"
            rows.append([label, size(part["participants"]), few, "", "", ""])
        else:
            shares = [with_interval(part, value) for value in ("base", "good", "lower", "higher")]
            rows.append([label, part["participants"], *shares])
    header = ["Класс" if kind == "school" else "ОО", "n", "Базовый, %", "«4» и «5», %", "Ниже журнала, %", "Выше, %"]
    note.table(header, rows)


def quality_section(note, year, schools, tables):
    """What was found in the data, and the source files."""
    findings = tables["findings"]
    own = findings[(findings["year"] == year) & findings["school"].isin(schools)]
    note.heading("Качество данных")
    note.text(f"Замечаний к данным: {len(own)}.")
    note.table(["Что найдено", "Замечаний"], [[rule, len(group)] for rule, group in own.groupby("rule")])
    note.heading("Источники")
    rows = [[path.name, sha[:16], count] for work, path, sha, count in tables["sources"] if work[0] == year]
    note.table(["Файл", "SHA-256 (начало)", "Строк"], rows)


def write_document(kind, unit, year, municipality, tables, out):
    """The note of one unit in one campaign."""
    summary = tables["summary"]
    own = summary[
        (summary["year"] == year) & (summary["level"] == kind) & (summary["unit"] == unit)
        & (summary["subgroup"] == "all")
    ].sort_values(["grade", "subject"])  # fmt: skip
    if own.empty:
        return None
    title = "Справка по результатам ВПР" if kind == "school" else "Аналитическая справка по результатам ВПР"
    note = Note(title, f"{unit}. {CAMPAIGNS[year]}")
    schools = [unit] if kind == "school" else tables["schools"][unit]
    name = f"{year}_{kind}_{unit}".replace("/", "_")
    rows = [row for _, row in own.iterrows()]
    beside = [(row, levels_beside(row, year, tables, municipality, kind)) for row in rows]
    note.heading("Главное")
    for row, levels in beside:
        if row["marked"] >= CLAIM and len(levels) > 1:
            gap = (row["share_base"] - levels[-1][1]["share_base"]) * 100
            if abs(gap) >= 10:
                word = "ниже" if gap < 0 else "выше"
                note.text(f"{work_title(row)}: базовый уровень на {abs(gap):.0f} п. п. {word}, чем «{levels[-1][0]}».")
    school_rows = summary[
        (summary["year"] == year) & (summary["level"] == "school") & summary["unit"].isin(schools)
        & (summary["subgroup"] == "all")
    ]  # fmt: skip
    classes = summary[
        (summary["year"] == year) & (summary["level"] == "class") & summary["unit"].str.startswith(f"{unit}|")
        & (summary["subgroup"] == "all")
    ]  # fmt: skip
    class_counts = classes.groupby(["grade", "subject"]).size().to_dict()
    participation(note, kind, year, class_counts, school_rows, schools)
    marks_section(note, beside, tables["pictures"], name)
    journal_section(note, beside, tables["pictures"], name)
    detailed = tasks_section(note, rows, kind, tables)
    note.heading("Работы")
    for row in rows:
        if (row["grade"], row["subject"]) in detailed:
            work_section(note, row, kind, municipality, tables, tables["pictures"], name)
    quality_section(note, year, schools, tables)
    note.save(out / f"{name}.docx")
    return {"kind": kind, "unit": unit, "year": year} | note.counts


# ---------------------------------------------------------------- the year


def about_tasks(papers, described, works):
    """What is known of every task of every paper; a maximum that no description gives is the one seen."""
    about = {}
    for work, count in papers.items():
        year, grade, subject = work
        rows = described[(described["grade"] == grade) & (described["subject"] == subject)] if len(described) else None
        own = works[(works["year"] == year) & (works["grade"] == grade) & (works["subject"] == subject)]
        for i in range(1, count + 1):
            task = rows[rows["position"] == i] if rows is not None else ()
            seen = int(own[f"task_{i}"].quantile(0.99)) if len(own) else 0
            if len(task):
                first = task.iloc[0]
                # Some descriptions are of another version of the paper: then more than 1 % of pupils are above them.
                maximum = max(first["maximum"], seen) if pd.notna(first["maximum"]) else seen
                about[(work, i)] = {
                    "kim": first["kim"], "skill": first["skill"], "level": first["level"], "maximum": maximum or seen,
                }  # fmt: skip
            else:
                about[(work, i)] = {"kim": str(i), "skill": "описания нет", "level": None, "maximum": seen}
    return about


def run(inbox, out):
    """The whole year; returns stage seconds and the contents of the documents."""
    stages, started = {}, time.perf_counter()

    def stage(name):
        nonlocal started
        now = time.perf_counter()
        stages[name] = round(now - started, 3)
        started = now
        print(f"{name}: {stages[name]} s")

    out.mkdir(parents=True, exist_ok=True)
    pictures, documents = out / "pictures", out / "documents"
    pictures.mkdir(exist_ok=True)
    documents.mkdir(exist_ok=True)
    works, papers, paths = read_all_protocols(inbox)
    works = name_municipalities(works)
    scales, benchmarks = read_scales(inbox), read_benchmarks(inbox)
    described, titles = read_descriptions(inbox)
    stage("read and clean")
    works = add_marks(works, scales)
    about = about_tasks(papers, described, works)
    maxima = {key: value["maximum"] for key, value in about.items() if value["level"] is not None}
    findings = validate(works, papers, scales, maxima)
    stage("validate")
    summary = summary_table(works)
    distribution = distribution_table(works)
    scores = task_scores(works, papers)
    tasks = task_table(scores, about)
    skills = pd.DataFrame()
    if len(described):
        spring = [described.assign(year=year) for year in (2020, 2021)]
        skills = skill_table(scores, pd.concat(spring, ignore_index=True), titles)
    stage("tables")
    engine = create_engine(f"sqlite:///{out / 'naive.db'}")
    for name, table in (
        ("works", works), ("findings", findings), ("summary", summary), ("distribution", distribution),
        ("tasks", tasks), ("skills", skills),
    ):  # fmt: skip
        if len(table.columns):
            table.to_sql(name, engine, if_exists="replace", index=False)
    stage("database")
    sources = []
    for work, path in paths:
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
        name = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
        sources.append((work, path, sha, int((works["file"] == name).sum())))
    municipality_of = works.groupby("school")["municipality"].agg(lambda values: values.mode().iloc[0])
    schools = {name: sorted(group.index) for name, group in municipality_of.groupby(municipality_of)}
    tables = {
        "summary": summary, "distribution": distribution, "tasks": tasks, "findings": findings, "scales": scales,
        "benchmarks": benchmarks, "about": about, "sources": sources, "schools": schools, "pictures": pictures,
    }  # fmt: skip
    contents = []
    for year in CAMPAIGNS:
        for municipality in sorted(schools):
            contents.append(write_document("municipality", municipality, year, municipality, tables, documents))
            for school in schools[municipality]:
                contents.append(write_document("school", school, year, municipality, tables, documents))
    stage("documents")
    contents = [item for item in contents if item]
    result = {"stages": stages, "documents": contents, "works": len(works), "findings": len(findings)}
    (out / "result.json").write_text(json.dumps(result, ensure_ascii=False, indent=1, default=int), "utf-8")
    return result


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
