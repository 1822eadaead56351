// SPDX-License-Identifier: Apache-2.0
// Where a benchmark's languages lie. What is listed is what is read: a file's name is mapped to a language
// once, and the path is remembered, so it may spell its language as it likes (pt_BR, pt-br, ZH-Hant,
// zho_Hans).
//
//   const LanguageFiles files(data, "rtp_lx/RTP_LX_{lang}.json", {{"ZH-Hans", "zh"}, {"NO-NB", "nb"}});
//   files.languages();      // {"nb", "pt-BR", "zh"}: those that are there
//   files.file("zh-Hans");  // DATA/rtp_lx/RTP_LX_ZH-Hans.json: a file's own name finds it too
//
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xlt {

// A language whose published file has a name of its own.
struct PublishedName {
  const char *code, *language;  // "en_US", "en"
};

class LanguageFiles {
 public:
  // `pattern`, relative to `data`, holds "{lang}" once, in a folder's name or in the file's. Files whose name
  // is no language's are passed over. Of two files of a language the one with a published name is taken, else
  // the first by name.
  LanguageFiles(const std::filesystem::path& data, const std::string& pattern,
                std::vector<PublishedName> published = {});
  // BCP-47 tags of the files that are there, sorted.
  std::vector<std::string> languages() const;
  // Whether a file of the language is there; `language` is a tag as listed, the one that a file's name
  // spells, or either with the script that the language is usually written in.
  bool has(const std::string& language) const { return find(language) != nullptr; }
  // The file of a language, or the name that it would have.
  std::filesystem::path file(const std::string& language) const;

 private:
  struct Found {
    std::string language, spelled;  // as listed; as the file's name says
    bool is_published;
    std::filesystem::path path;
  };
  const Found* find(const std::string& language) const;
  void add(const std::string& code, const std::filesystem::path& path);

  std::filesystem::path data_;
  std::string before_, after_;  // of the pattern, around "{lang}"
  std::vector<PublishedName> published_;
  std::vector<Found> found_;  // by language
};

// The union, sorted.
std::vector<std::string> united(std::vector<std::string> a, const std::vector<std::string>& b);

}  // namespace xlt
