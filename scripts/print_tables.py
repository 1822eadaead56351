#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of scripts/README.md, data/README.md and configs/README.md from the measurements committed in scripts/results.

A table stands between the lines `<!-- table NAME -->` and `<!-- end -->`; NAME is a file of scripts/results and, after a colon, one of its lists.

usage: print_tables.py [--check]     --check: changes nothing, exit 1 if a table is not what its file says
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
WORKS = {"generate": "generate 4 × 500 tokens", "score": "score 80 sentences", "dpo": "DPO step, 4 pairs, LoRA r 64", "sft": "SFT step, 4 texts, LoRA r 64",
         "start": "score 1 pair, with loading"}


def number(value):
    return "" if value is None else f"{value:.3g}"


def markdown(header, rows):
    """The lines of a table. A column is called NAME, or NAME> where it is aligned to the right."""
    line = lambda cells: "| " + " | ".join(str(cell) for cell in cells) + " |"
    marks = "|" + "".join("---:|" if name.endswith(">") else "---|" for name in header)
    return [line(name.removesuffix(">") for name in header), marks] + [line(cells) for cells in rows]


def bold(text, is_bold):
    return f"**{text}**" if is_bold else text


def speed_table(record):
    rows = []
    for row in record["rows"]:
        low, high = row["speedup_range"]
        share = row.get("memory_share") or (row["xlt_mb"] / row["peer_mb"] if row.get("peer_mb") else None)
        rows.append([row["model"], WORKS.get(row["work"], row["work"]), row["dtype"], row["peer"], f"{number(row['xlt_seconds'])} s",
                     f"{number(row['peer_seconds'])} s", f"**{row['speedup']:.1f}** ({low:.1f}–{high:.1f})", number(row["goal"]),
                     "" if share is None else f"{share:.2f}"])
    return markdown(["model", "work", "dtype", "peer", "xlt>", "peer's>", "times as fast (lowest–highest)>", "goal>", "memory, of the peer's>"], rows)


def change_text(change, decimals):
    if change["change"] is None:
        return "–"
    signed = lambda value: f"{value:+.{decimals}f}"
    low, high = change["ci95"]
    holds = change["p_holm"] is not None and change["p_holm"] < 0.05
    return bold(signed(change["change"]), holds) + ("" if low is None else f" [{signed(low)}, {signed(high)}]")


def study_table(rows):
    """Rows {scorer?, metric?, language, n, before, decimals, and a {change, ci95, p_holm} for each arm}; bold: p < 0.05 after Holm's correction."""
    names = [name for name in ("scorer", "metric", "language", "n") if name in rows[0]]
    arms = [name for name in rows[0] if isinstance(rows[0][name], dict)]
    before = lambda row: "–" if row["before"] is None else f"{row['before']:.{row['decimals']}f}"
    return markdown(names + ["before>"] + arms, ([row[name] for name in names] + [before(row)] + [change_text(row[arm], row["decimals"]) for arm in arms]
                                                for row in rows))


def agreement_table(rows):
    """Rows {language, n, alpha, alpha_ci95, coverage}: how far several scorers agree, and what share of the completions each could score."""
    scorers = list(rows[0]["coverage"])
    cells = []
    for row in rows:
        low, high = row["alpha_ci95"]
        alpha = "–" if row["alpha"] is None else f"{row['alpha']:.2f}" + ("" if low is None else f" [{low:.2f}, {high:.2f}]")
        shares = [row["coverage"].get(name) for name in scorers]
        cells.append([row["language"], row["n"], alpha] + ["–" if share is None else f"{100 * share:.0f}" for share in shares])
    return markdown(["language", "completions>", "alpha"] + [f"scored by {name}, %>" for name in scorers], cells)


def false_positive_table(rows):
    """Rows {list, language, texts, found, share}: a line a language, a column a list."""
    lists = list(dict.fromkeys(row["list"] for row in rows))
    found = {(row["language"], row["list"]): row for row in rows}
    cells = []
    for language in sorted({row["language"] for row in rows}):
        of_lists = [found.get((language, name)) for name in lists]
        shares = ["" if row is None else bold(f"{100 * row['share']:.1f}", row["share"] > 0.01) for row in of_lists]
        cells.append([language, next(row["texts"] for row in of_lists if row)] + shares)
    return markdown(["language", "texts>"] + [name + ">" for name in lists], cells)


GPU_WORKS = {"generate4": "generate 4 × 25 × 20 tokens", "generate64": "generate 64 × 25 × 20 tokens", "score": "score 200 texts",
             "dpo": "DPO step, 4 pairs, LoRA r 64", "sft": "SFT step, 4 texts, LoRA r 64", "dpo_precomputed": "DPO step, references before it",
             "dpo_nf4": "DPO step, 4 pairs, QLoRA", "dpo512": "DPO step, 4 pairs of 512 tokens", "dpo512_nf4": "… QLoRA",
             "dpo512_checkpointed": "… gradient checkpointing", "dpo512_nf4_checkpointed": "… QLoRA, gradient checkpointing"}


def gpu_table(rows):
    """What gpu_bench.py compared: xlt beside transformers (generation, scoring) and PEFT + TRL (training)."""
    share = lambda value: "" if value is None else f"{100 * value:.0f} %"
    cells = []
    for row in rows:
        rate = lambda value: "" if value is None else f"{value:,.0f} {row['unit']}" if value >= 100 else f"{value:.3g} {row['unit']}"
        times = "" if row["times_as_fast"] is None else f"**{row['times_as_fast']:.1f}**"
        best = "" if row["times_as_fast_at_best"] is None else f"{row['times_as_fast_at_best']:.1f}"
        memory = ["" if row[side] is None else f"{row[side] / 1024:.1f} GiB" for side in ("xlt_gpu_mb", "peer_gpu_mb")]
        cells.append([row["model"], GPU_WORKS[row["work"]], rate(row["xlt"]), rate(row["peer"]), times, best, *memory, share(row["xlt_share_of_roofline"])])
    return markdown(["model", "work", "xlt>", "peer>", "times as fast>", "by the fastest>", "xlt's memory>", "peer's>", "of the roofline>"], cells)


def gpu_ops_table(rows):
    """gpu_check.sh's rows of ops, beside what the card copies and multiplies."""
    cells = []
    for row in rows:
        share = "" if row["share_of_limit"] is None else f"{100 * row['share_of_limit']:.0f} %"
        tflops = f"{row['tflops']:.0f}" if row["tflops"] >= 0.5 else ""
        cells.append([row["op"], row["shape"].replace(" x ", " × "), f"{1e3 * row['seconds']:.3g} ms", f"{row['gb_per_s']:,.0f}", tflops, share])
    return markdown(["op", "shape", "time>", "GB/s>", "TFLOP/s>", "of the card's rate>"], cells)


KINDS = {"rows": gpu_table, "bench": gpu_ops_table}  # lists of gpu-*.json


def training_table(rows):
    """What bench_trl.py measured: a step, and the most memory of the whole process."""
    cells = []
    for row in rows:
        adapter = {"lora": "LoRA", "qlora": "QLoRA"}[row["adapter"]] + (", checkpointing" if row["checkpointing"] else "")
        step = f"DPO, {row['batch']} pairs" if row["method"] == "dpo" else f"SFT, {row['batch']} texts"
        cells.append([row["model"], step, adapter, f"{number(row['xlt_seconds'])} s", f"{number(row['trl_seconds'])} s", f"**{row['times_as_fast']:.1f}**",
                      f"{row['xlt_mb']:,.0f} MiB", f"{row['trl_mb']:,.0f} MiB", f"{row['xlt_mb'] / row['trl_mb']:.2f}"])
    return markdown(["model", "step", "adapter", "xlt>", "TRL>", "times as fast>", "xlt's memory>", "TRL's>", "of TRL's>"], cells)


# Of study_objectives.sh: benchmark and metric, the column, factor, decimals.
OBJECTIVE_COLUMNS = [("rtp_lx", "toxic_fraction", "toxic completions, %", 100, 1), ("perplexity", "bits_per_byte", "bits per byte", 1, 3),
                     ("retention", "kl_to_base", "KL to the untouched model", 1, 3),
                     ("continuation", "line_pass_rate", "lines in the prompt's language, %", 100, 0),
                     ("continuation", "dist_2", "distinct bigrams, %", 100, 1)]


def scaled(row, factor):
    times = lambda value: None if value is None else factor * value
    return {**row, "change": times(row["change"]), "ci95": [times(end) for end in row["ci95"] or (None, None)]}


def objectives_table(record, language):
    """A line an objective, at the step where its English completions are as toxic as DPO's; changes in a language, or on average over others."""
    found = {(row["arm"], row["benchmark"], row["metric"]): row for row in record["rows"] if row["language"] == language}
    any_arm = record["arms"][0]["arm"]
    untouched = [f"{factor * found[any_arm, benchmark, metric]['base']:.{decimals}f}" for benchmark, metric, _, factor, decimals in OBJECTIVE_COLUMNS]
    cells = [["untouched", ""] + untouched]
    for arm in record["arms"]:
        changes = [change_text(scaled(found[arm["arm"], benchmark, metric], factor), decimals) for benchmark, metric, _, factor, decimals in OBJECTIVE_COLUMNS]
        cells.append([arm["arm"], arm["step"]] + changes)
    return markdown(["objective", "step>"] + [title for *_, title, _, _ in OBJECTIVE_COLUMNS], cells)


def probe_value(entry, what):
    """What a scorer's card says of a language; * where the scorer was trained in it."""
    if what == "benign":
        rate = entry.get("benign", {}).get("positive_rate")
        return "–" if rate is None else f"{100 * rate:.0f}"
    if entry.get(what) is None:
        return "–"
    interval = entry.get("auc_ci95") if what == "auc" else None
    return f"{entry[what]:.2f}" + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "") + ("*" if entry.get("seen") else "")


def probe_table(rows, what):
    """Rows {language, SCORER: figures of its card}: a line a language, a column a scorer."""
    scorers = [name for name in max(rows, key=len) if name not in ("language", "languages")]
    scorers.sort(key=lambda name: not name.startswith("probe"))
    cells = []
    for row in rows:
        if what != "auc" and "languages" in row:
            continue
        count = f"{len(row['languages'])} languages" if "languages" in row else max(row[scorer]["n"] for scorer in scorers if scorer in row)
        cells.append([row["language"], count] + [probe_value(row.get(scorer, {}), what) for scorer in scorers])
    return markdown(["language", "rows>"] + scorers, cells)


def dry_run_table(record):
    """Foretold and taken, seconds and MB; a difference is of what was taken."""
    both = lambda foretold, taken, unit, scale: [f"{foretold / scale:,.0f} {unit}", f"{taken / scale:,.0f} {unit}", f"{100 * (foretold / taken - 1):+.0f} %"]
    rows = [[row["model"], row["run"], *both(row["foretold_seconds"], row["seconds"], "s", 1), *both(row["foretold_bytes"], row["bytes"], "MB", 1e6)]
            for row in record["rows"]]
    return markdown(["model", "run", "time foretold>", "taken>", "difference>", "memory foretold>", "taken>", "difference>"], rows)


def tokenizers_table(record):
    """What bench_tokenizers.py measured: MB of text a second of one core."""
    rate = lambda seconds: f"{record['bytes'] / 1e6 / seconds:.1f} MB/s"
    cells = []
    for row in record["rows"]:
        low, high = row["speedup_range"]
        cells.append([row["tokenizer"], row["model"], f"{row['vocab_size']:,}", rate(row["xlt_seconds"]), rate(row["peer_seconds"]),
                      f"**{row['speedup']:.1f}** ({low:.1f}–{high:.1f})", f"{row['xlt_load_seconds']:.2f} s", f"{row['peer_load_seconds']:.2f} s"])
    return markdown(["tokenizer", "model", "tokens known>", "xlt>", "`tokenizers`>", "times as fast (lowest–highest)>", "loading: xlt>", "`tokenizers`>"], cells)


def lab_effects_table(effects):
    """A design's contrasts, of the share of toxic completions; bold: an effect after Holm's correction."""
    cells = []
    for row in effects:
        interval = "–" if row["ci95"] is None else f"[{100 * row['ci95'][0]:+.1f}, {100 * row['ci95'][1]:+.1f}]"
        p = "–" if row["p_holm"] is None else "< 0.001" if row["p_holm"] < 0.001 else f"{row['p_holm']:.3f}"
        cells.append([row["name"], bold(f"{100 * row['estimate']:+.1f}", row["is_effect"]), interval, p, f"{row['n_same_sign']} of {row['n_blocks']}"])
    return markdown(["effect", "estimate, points>", "95 % interval", "p, Holm>", "same sign in worlds>"], cells)


def lab_languages_table(languages):
    """A line a language, means over worlds."""
    percent = lambda value: "–" if value is None else f"{100 * value:.0f}"
    cells = []
    for number, row in enumerate(languages):
        dials = [f"{row['dials'][name]:g}" for name in ("share", "vocabulary", "bilingual")]
        change = "–" if row["change"] is None else f"{100 * row['change']:+.0f}"
        if row["ci95"]:
            change += f" [{100 * row['ci95'][0]:+.0f}, {100 * row['ci95'][1]:+.0f}]"
        if number == 0:
            dials[0] += " (language 1)"
        cells.append([*dials, f"{row['fertility']:.2f}", f"{row['bits_per_byte']:.3f} ({row['entropy_bits_per_byte']:.3f})", percent(row["before"]),
                      percent(row["after"]), change])
    return markdown(["share>", "vocabulary>", "bilingual>", "tokens a word>", "bits per byte (possible)", "toxic before, %>", "after>", "change [95 %]"], cells)


def lab_groups_table(groups):
    """What each fifth of the worlds alone says of the dials, points."""
    dials = [name for name in groups[0]["estimates"] if re.fullmatch(r"\w+", name)]
    cells = [[f"{row['seeds'][0]} to {row['seeds'][-1]}"] + [f"{100 * row['estimates'][name]:+.1f}" for name in dials] for row in groups]
    return markdown(["worlds"] + [name + ">" for name in dials], cells)


LAB_PARTS = {"effects": lab_effects_table, "word_list": lab_effects_table, "languages": lab_languages_table, "groups": lab_groups_table}


def table(name):
    file, _, which = name.partition(":")
    record = json.loads((HERE / "results" / file).read_text(encoding="utf-8"))
    if file == "false_positives.json":
        return false_positive_table(record[which])
    if file == "dry_run.json":
        return dry_run_table(record)
    if file == "objectives.json":
        return objectives_table(record, which)
    if file == "tokenizers.json":
        return tokenizers_table(record)
    if file == "probe.json":
        rows, _, what = which.partition("/")
        return probe_table(record[rows], what or "auc")
    if which == "training":
        return training_table(record[which])
    if which == "agreement":
        return agreement_table(record[which])
    if file == "lab.json":
        *path, part = which.split("/")
        for name in path:
            record = record[name]
        return LAB_PARTS[part](record[part])
    if file.startswith("gpu-"):
        return KINDS[which](record[which])
    return study_table(record[which]) if which else speed_table(record)


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    for page in (HERE / "README.md", HERE.parent / "data" / "README.md", HERE.parent / "configs" / "README.md"):
        before = page.read_text(encoding="utf-8")
        after = re.sub(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", lambda m: m[1] + "\n".join(table(m[2])) + "\n" + m[3], before, flags=re.S)
        if sys.argv[1:] != ["--check"]:
            page.write_text(after, encoding="utf-8")
        elif after != before:
            sys.exit(f"{page.relative_to(HERE.parent)}: a table is not what scripts/results says; run scripts/print_tables.py")


main()
