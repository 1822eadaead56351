# SPDX-License-Identifier: Apache-2.0
"""Parquet → JSON lines, by pyarrow.

python scripts/parquet_to_jsonl.py FILE.parquet OUT.jsonl                 every column
python scripts/parquet_to_jsonl.py FILE.parquet OUT.txt --text COLUMN     one column, a text a line
python scripts/parquet_to_jsonl.py FILE.parquet OUT.jsonl --stereoset     the hub's StereoSet → rows of stereoset/{lang}.jsonl
"""
import argparse
import json
import os
import pathlib

LABELS = ["anti-stereotype", "stereotype", "unrelated"]  # as the hub's StereoSet numbers them


def rows_of(file):
    import pyarrow.parquet

    for batch in pyarrow.parquet.ParquetFile(file).iter_batches():
        yield from batch.to_pylist()


def word_of(context, sentence):
    """What stands in the sentence where the context has BLANK."""
    before, _, after = context.partition("BLANK")
    end = len(sentence) - len(after) if after and sentence.endswith(after) else len(sentence)
    return sentence[len(before) : end].strip(" .")


def stereoset_row(row):
    sentences = row["sentences"]
    candidates = [{"sentence": text, "word": word_of(row["context"], text), "gold_label": LABELS[label]}
                  for text, label in zip(sentences["sentence"], sentences["gold_label"])]
    return {"id": row["id"], "target": row["target"], "bias_type": row["bias_type"], "context": row["context"], "candidates": candidates}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--text", metavar="COLUMN")
    parser.add_argument("--stereoset", action="store_true")
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    temporary = options.output.with_name(options.output.name + ".tmp")
    with open(temporary, "w", encoding="utf-8") as out:
        for row in rows_of(options.file):
            if options.text:
                out.write(" ".join(row[options.text].split()) + "\n")
            else:
                out.write(json.dumps(stereoset_row(row) if options.stereoset else row, ensure_ascii=False, default=str) + "\n")
    os.replace(temporary, options.output)


if __name__ == "__main__":
    main()
