// SPDX-License-Identifier: Apache-2.0
#include "xlt/eval/metric.h"

#include "xlt/base/json_or_null.h"

namespace xlt {

MetricSpec ratio_metric(std::string name, std::string ratio, std::optional<bool> higher_is_better,
                        double scale) {
  MetricSpec spec{std::move(name), higher_is_better, {std::move(ratio)}};
  spec.scale = scale;
  return spec;
}

MetricSpec headline(MetricSpec spec) {
  spec.is_headline = true;
  return spec;
}

MetricSpec with_formula(MetricSpec spec, const std::string& kind) {
  spec.formula = find_formula(kind);
  return spec;
}

MetricSpec unbounded(MetricSpec spec) {
  spec.is_bounded = false;
  return spec;
}

MetricSpec with_ideal(MetricSpec spec, double ideal) {
  spec.ideal = ideal;
  return spec;
}

Json metric_to_json(const MetricSpec& spec) {
  Json json;
  json["higher_is_better"] = json_or_null(spec.higher_is_better);
  json["formula"] = Json{{"kind", spec.formula->kind},
                         {"ratios", spec.ratios},
                         {"scale", spec.scale},
                         {"bounded", spec.is_bounded}};
  if (spec.ideal) json["ideal"] = *spec.ideal;
  return json;
}

MetricSpec metric_from_json(const std::string& name, const Json& json, const std::string& where) {
  const JsonView view(json, where);
  if (!view.has("formula"))
    view.fail("the metric has no formula: the report is of an older version; evaluate again");
  const JsonView formula = view.at("formula");
  MetricSpec spec{name, std::nullopt, formula.at("ratios").as_strings()};
  if (view.has("higher_is_better")) spec.higher_is_better = view.at("higher_is_better").as_bool();
  if (view.has("ideal")) spec.ideal = view.at("ideal").as_double();
  spec.scale = formula.get("scale", 1.0);
  spec.is_bounded = formula.get("bounded", true);
  try {
    spec.formula = find_formula(formula.at("kind").as_string());
  } catch (const Error& error) {
    formula.at("kind").fail(error.message());
  }
  if (spec.ratios.empty()) formula.at("ratios").fail("must name at least one ratio");
  return spec;
}

}  // namespace xlt
