// SPDX-License-Identifier: Apache-2.0
// The results of a lab as people read them: a table and a picture.
#include "run/lab/lab_results.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "xlt/base/display_width.h"
#include "xlt/base/error.h"
#include "xlt/base/quoting.h"
#include "xlt/base/utf8.h"
#include "xlt/stats/descriptive.h"
#include "xlt/stats/distribution.h"

namespace xlt {

namespace {

std::string fixed(double value, const char* format) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}
std::string fixed(const std::optional<double>& value, const char* format) {
  return value ? fixed(*value, format) : std::string("-");
}

std::string padded(std::string text, size_t width, bool left = false) {
  const size_t taken = display_width(text);
  const std::string space(width > taken ? width - taken : 0, ' ');
  return left ? text + space : space + text;
}

// Means of the worlds, with Student's 95 % interval where there are two or more.
struct Spread {
  std::optional<double> mean, reach;
};
Spread spread_of(const std::vector<double>& values) {
  Spread spread{mean_of(values), std::nullopt};
  const auto n = static_cast<double>(values.size());
  if (const auto sd = sd_of(values)) spread.reach = t_quantile(0.975, n - 1) * *sd / std::sqrt(n);
  return spread;
}

std::string effect_line(const Json& row, double alpha) {
  std::string line = "  " + padded(row.at("name").get<std::string>(), 34, /*left=*/true);
  if (!row.at("estimate").is_number()) return line + "not estimated\n";
  line += fixed(row.at("estimate").get<double>(), "%+8.4f");
  if (row.at("ci95").is_array())
    line += "  [" + fixed(row.at("ci95")[0].get<double>(), "%+.4f") + ", " +
            fixed(row.at("ci95")[1].get<double>(), "%+.4f") +
            "]  p=" + fixed(row.at("p_value").get<double>(), "%.4f") +
            "  holm=" + fixed(row.at("p_holm").get<double>(), "%.4f");
  line += str_cat("  same sign in ", dump_json(row.at("n_same_sign")), " of ", dump_json(row.at("n_blocks")));
  if (row.at("is_effect").is_boolean())
    line += row.at("is_effect").get<bool>() ? "  *" : "  none found at " + fixed(alpha, "%.2f");
  return line + "\n";
}

// A scale for pictures.
struct Axis {
  double low, high, left, width;
  double at(double value) const { return left + (value - low) / (high - low) * width; }
};

std::string text_at(double x, double y, const std::string& text, const char* anchor = "start",
                    const char* more = "") {
  // XML has no place for control characters, escaped or not.
  return str_cat("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\" ", more, ">",
                 markup_text(escape_controls(text)), "</text>\n");
}

// Its point at x, its back `back` to the right.
std::string arrow(double x, double y, double back, const char* color) {
  return str_cat("<path d=\"M", x + back, " ", y - 4, " L", x, " ", y, " L", x + back, " ", y + 4,
                 "\" fill=\"none\" stroke=\"", color, "\" stroke-width=\"2\"/>\n");
}

// An end that lies outside the axis is an arrow.
std::string interval(const Axis& axis, double y, double middle, std::optional<double> reach,
                     const char* color) {
  std::string mark;
  if (reach) {
    const double low = middle - *reach, high = middle + *reach;
    const double from = axis.at(std::max(low, axis.low)), to = axis.at(std::min(high, axis.high));
    mark += str_cat("<line x1=\"", from, "\" x2=\"", to, "\" y1=\"", y, "\" y2=\"", y, "\" stroke=\"", color,
                    "\" stroke-width=\"2\"/>\n");
    if (low < axis.low) mark += arrow(from, y, 5, color);
    if (high > axis.high) mark += arrow(to, y, -5, color);
  }
  return mark +
         str_cat("<circle cx=\"", axis.at(middle), "\" cy=\"", y, "\" r=\"4\" fill=\"", color, "\"/>\n");
}

Axis axis_of(const std::vector<double>& values, double left, double width) {
  double low = 0, high = 0;
  for (const double value : values) low = std::min(low, value), high = std::max(high, value);
  const double room = std::max(0.02, (high - low) * 0.06);
  return {low - room, high + room, left, width};
}

std::string ticks(const Axis& axis, double top, double bottom) {
  const double span = axis.high - axis.low;
  double step = std::pow(10, std::floor(std::log10(span))) / 5;  // 1, 2 or 5 of a power of ten
  for (const double more : {2.5, 2.0})
    if (span / step > 8) step *= more;
  std::string marks;
  for (double value = std::ceil(axis.low / step) * step; value <= axis.high; value += step) {
    const bool is_zero = std::abs(value) < step / 2;
    marks += str_cat("<line x1=\"", axis.at(value), "\" x2=\"", axis.at(value), "\" y1=\"", top, "\" y2=\"",
                     bottom, "\" stroke=\"", is_zero ? "#555" : "#ddd", "\"/>\n");
    marks += text_at(axis.at(value), bottom + 15, fixed(is_zero ? 0 : value, "%g"), "middle");
  }
  return marks;
}

constexpr double kRow = 20, kLeft = 330, kWidth = 400;

}  // namespace

std::string lab_table(const LabDesign& design, const std::vector<LabRow>& rows, const Json& effects) {
  const LabTarget& target = design.target;
  std::string text = str_cat(target.benchmark, ": ", target.metric, " (", target.scoring,
                             target.scorer.empty() ? "" : "; " + target.scorer, "), after ", target.arm,
                             " in language 1; means of ", design.seeds.size(), " worlds\n");
  size_t width = 0;
  const auto means = lab_means(design, rows);
  for (const LabMean& one : means) width = std::max(width, one.dials.size());
  text += "      " + padded("", width, true) + "  fertility  bits/byte  (entropy)   before    after   " +
          target.measure + "\n";
  for (const LabMean& one : means) {
    const Spread spread = spread_of(one.values);
    text += one.tag + "   " + padded(one.dials, width, true) + padded(fixed(one.mean.fertility, "%.2f"), 11) +
            padded(fixed(one.mean.bits_per_byte, "%.3f"), 11) + padded(fixed(one.mean.entropy, "%.3f"), 11) +
            padded(fixed(one.mean.before, "%.3f"), 9) + padded(fixed(one.mean.after, "%.3f"), 9) +
            padded(fixed(spread.mean, "%+.3f"), 9) +
            (spread.reach ? " ± " + fixed(spread.reach, "%.3f") : "") + "\n";
  }
  if (effects.at("contrasts").empty()) return text;
  text += str_cat("\nwhat each dial does to the ", target.measure,
                  ", the others being equal (high less low; 95 % interval over worlds; Holm)\n");
  for (const Json& row : effects.at("contrasts")) text += effect_line(row, design.analysis.alpha);
  return text;
}

std::string lab_picture(const LabDesign& design, const std::vector<LabRow>& rows, const Json& effects) {
  const auto means = lab_means(design, rows);
  std::vector<double> values, estimates;
  for (const LabMean& one : means) values.insert(values.end(), one.values.begin(), one.values.end());
  for (const Json& row : effects.at("contrasts")) {
    if (row.at("estimate").is_number()) estimates.push_back(row.at("estimate").get<double>());
    if (row.at("ci95").is_array())
      for (const Json& end : row.at("ci95")) estimates.push_back(end.get<double>());
  }
  const double first = 40, second = first + kRow * static_cast<double>(means.size()) + 70;
  const double end = estimates.empty()
                         ? second - 30
                         : second + kRow * static_cast<double>(effects.at("contrasts").size()) + 40;
  std::string svg = str_cat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 ", end,
                            "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"760\" height=\"",
                            end, "\" fill=\"#fff\"/>\n");
  svg += text_at(10, 20,
                 str_cat(design.target.metric, ": ", design.target.measure, " after ", design.target.arm,
                         " in language 1, ", design.seeds.size(), " worlds"),
                 "start", "font-weight=\"bold\"");
  const Axis axis = axis_of(values, kLeft, kWidth);
  svg += ticks(axis, first - 10, second - 50);
  for (size_t i = 0; i < means.size(); ++i) {
    const double y = first + kRow * static_cast<double>(i) + 5;
    svg += text_at(kLeft - 10, y + 4, means[i].dials.empty() ? means[i].tag : means[i].dials, "end");
    for (const double value : means[i].values)
      svg += str_cat("<circle cx=\"", axis.at(value), "\" cy=\"", y, "\" r=\"2.5\" fill=\"#9bb8d3\"/>\n");
    const Spread spread = spread_of(means[i].values);
    if (spread.mean) svg += interval(axis, y, *spread.mean, spread.reach, "#1f5f99");
  }
  if (estimates.empty()) return svg + "</svg>\n";
  svg += text_at(10, second - 15, "effect of each dial, high less low, with its 95 % interval", "start",
                 "font-weight=\"bold\"");
  const Axis effect = axis_of(estimates, kLeft, kWidth);
  const Json& contrasts = effects.at("contrasts");
  svg += ticks(effect, second - 5, second + kRow * static_cast<double>(contrasts.size()));
  for (size_t i = 0; i < contrasts.size(); ++i) {
    const Json& row = contrasts[i];
    const double y = second + kRow * static_cast<double>(i) + 7;
    svg += text_at(kLeft - 10, y + 4, row.at("name").get<std::string>(), "end");
    if (!row.at("estimate").is_number()) continue;
    std::optional<double> reach;
    if (row.at("ci95").is_array()) reach = row.at("ci95")[1].get<double>() - row.at("estimate").get<double>();
    svg += interval(effect, y, row.at("estimate").get<double>(), reach,
                    row.at("is_effect").is_boolean() && row.at("is_effect").get<bool>() ? "#b03a2e" : "#777");
  }
  return svg + "</svg>\n";
}

}  // namespace xlt
