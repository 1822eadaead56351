// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

namespace xlt {

namespace {
constexpr int kReportVersion = 1;
}

const char* name_of(ReportStatus status) {
  switch (status) {
    case ReportStatus::kRunning:
      return "running";
    case ReportStatus::kDone:
      return "done";
    case ReportStatus::kFailedCells:
      return "failed_cells";
    case ReportStatus::kInterrupted:
      return "interrupted";
  }
  return "running";
}

Json Cell::to_json() const {
  Json json{{"benchmark", benchmark},
            {"benchmark_version", settings.at("benchmark_version")},
            {"language", language},
            {"scoring", name_of(scoring)}};
  if (!scorer.empty()) {
    json["scorer"] = scorer;
    json["scorer_hash"] = scorer_hash;
    if (!card.is_null()) json["card"] = card;
  }
  if (!note.empty()) json["note"] = note;
  json["settings"] = settings;
  json.update(measures);
  json["headline"] = headline;
  if (!reason.empty()) json["reason"] = reason;
  if (!change.is_null()) json["change"] = change;
  if (!change_reason.empty()) json["change_reason"] = change_reason;
  json["seconds"] = seconds;
  json["num_tokens"] = num_tokens;
  return json;
}

Json CellFailure::to_json() const {
  return {{"benchmark", benchmark}, {"language", language}, {"kind", kind}, {"message", message}};
}

Json Report::to_json() const {
  Json json{{"version", kReportVersion}, {"status", name_of(status)}};
  json.update(header);
  json["cells"] = Json::array();
  for (const Cell& cell : cells) json["cells"].push_back(cell.to_json());
  json["errors"] = Json::array();
  for (const CellFailure& failure : failures) json["errors"].push_back(failure.to_json());
  if (!coverage.is_null()) json["coverage"] = coverage;
  if (!panel.is_null()) json["panel"] = panel;
  if (transfer) json["transfer"] = *transfer;
  if (!allowed.empty()) json["allowed"] = allowed;
  return json;
}

}  // namespace xlt
