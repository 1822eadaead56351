// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/embed.h"

#include "run/row_files.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"

namespace xlt {

namespace {

// Texts handed over at once: enough to fill every batch; all layers of a large model still fit in memory.
constexpr size_t kTextsAtOnce = 256;

struct EmbedRow {
  Json id;  // null where the row has none
  std::string text;
};

std::vector<EmbedRow> read_embed_rows(const EmbedOptions& options) {
  std::vector<EmbedRow> rows;
  RowReader reader(options.input, parse_row_format(options.input_format));
  while (const auto row = reader.next())
    rows.push_back({row->fields().contains("id") ? row->fields().at("id") : Json(), row->text("text")});
  return rows;
}

SentencePooling pooling_of(const EmbedOptions& options, const SentenceEncoderInfo& info) {
  SentencePooling pooling = info.pooling;
  if (options.pooling == "mean") pooling = {PoolingMode::kMean, false};
  if (options.pooling == "cls") pooling = {PoolingMode::kFirst, false};
  if (options.pooling == "last") pooling = {PoolingMode::kLast, false};
  if (options.normalize) pooling.normalize = true;
  return pooling;
}

Json json_of(const EmbedRow& row, const std::vector<int64_t>& layers,
             const std::vector<std::vector<float>>& vectors) {
  Json json = Json::object();
  if (!row.id.is_null()) json["id"] = row.id;
  if (vectors.empty()) {
    json["embeddings"] = nullptr;
    json["reason"] = "the text has no tokens";
    return json;
  }
  Json& embeddings = json["embeddings"] = Json::object();
  for (size_t i = 0; i < layers.size(); ++i) embeddings[str_cat(layers[i])] = vectors[i];
  return json;
}

}  // namespace

void EmbedOptions::visit(OptionVisitor& v) {
  v.field("input", input, "rows {\"text\"} (.jsonl, .csv, .tsv, .txt)");
  v.field("output", output, "file for the rows {\"embeddings\": {layer: [numbers]}}");
  visit_input_format(v, input_format);
  v.field("layers", layers,
          "all, last, or numbers with commas: 0 the embeddings, the last one after the final norm");
  v.field(
      "pooling", pooling,
      "how tokens' vectors become one: mean (BOS included), cls (the first), last, or auto: as the folder's "
      "sentence-transformers files say, normalisation too",
      one_of({"auto", "cls", "last", "mean"}));
  v.field("normalize", normalize, "scale every vector to length 1");
}

std::vector<int64_t> parse_layers(const std::string& text, int64_t num_layers) {
  std::set<int64_t> layers;
  if (text == "last") return {num_layers};
  if (text == "all") {
    for (int64_t i = 0; i <= num_layers; ++i) layers.insert(i);
    return {layers.begin(), layers.end()};
  }
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    int64_t layer = -1;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, layer);
    if (error != std::errc() || stop != text.data() + end || layer < 0 || layer > num_layers)
      throw Error(ErrorKind::kUsage,
                  str_cat("\"", text.substr(begin, end - begin),
                          "\" is no layer; expected all, last, or 0 … ", num_layers, " with commas"),
                  "--layers");
    layers.insert(layer);
    begin = end + 1;
  }
  return {layers.begin(), layers.end()};
}

FileTally embed_file(const EmbedOptions& options, const SentenceEncoderMaker& make_encoder,
                     const Context& context) {
  refuse_same_file(options.input, options.output);
  const auto rows = read_embed_rows(options);
  AtomicFile out(options.output);
  FileTally tally{.rows = static_cast<int64_t>(rows.size())};
  const double begun = monotonic_seconds();
  const auto encoder = make_encoder();
  const double loaded = monotonic_seconds();
  tally.loading = loaded - begun;
  const auto layers = parse_layers(options.layers, encoder->info().num_layers);
  const SentencePooling pooling = pooling_of(options, encoder->info());
  for (size_t begin = 0; begin < rows.size(); begin += kTextsAtOnce) {
    context.throw_if_interrupted();
    const size_t end = std::min(begin + kTextsAtOnce, rows.size());
    std::vector<std::string> texts;
    for (size_t i = begin; i < end; ++i) texts.push_back(rows[i].text);
    const auto vectors = encoder->embed(texts, layers, pooling);
    for (size_t i = begin; i < end; ++i)
      out.write(dump_json(json_of(rows[i], layers, vectors[i - begin])) + "\n");
  }
  tally.computing = monotonic_seconds() - loaded;
  out.commit();
  return tally;
}

}  // namespace xlt
