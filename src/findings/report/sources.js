// SPDX-License-Identifier: Apache-2.0
// ---- How to make it again

function drawSources() {
  const part = section("sources", "How to make it again", "Every option, hash and command behind the numbers.");
  page.sources.forEach(source => {
    const box = part.append("details");
    box.append("summary").text(`${source.kind} ${source.name}: ${source.folder}` + (source.status ? ` (${source.status})` : ""));
    if (source.command) box.append("pre").attr("tabindex", 0).attr("aria-label", "Command").text(source.command);
    const rows = [];
    for (const name of ["model", "code", "env", "seeds", "result", "settings", "allowed", "errors"])
      if (source[name] && Object.keys(source[name]).length) rows.push([name, JSON.stringify(source[name])]);
    plainTable(box, ["what", "value"], rows, "Model, code and machine");
    const hashes = Object.entries(source.hashes || {});
    if (hashes.length) plainTable(box, ["file", "SHA-256 or own hash"], hashes.map(([file, hash]) => [file, String(hash)]), "Hashes");
    if (source.config) plainTable(box, ["option", "value"], Object.entries(source.config).map(([name, value]) => [name, JSON.stringify(value)]), "Options");
  });
}
