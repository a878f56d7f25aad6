#include "driver/files/csv.h"

#include <algorithm>

#include "driver/command/failure.h"

namespace tenancy::driver {

namespace {

class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  std::vector<CsvRecord> read() {
    std::vector<CsvRecord> records;
    while (position_ < text_.size()) {
      CsvRecord record = next_record();
      bool const is_empty = record.values.size() == 1 && record.values.front().empty();
      if (!is_empty) records.push_back(std::move(record));
    }
    return records;
  }

 private:
  [[nodiscard]] bool at(char character) const { return position_ < text_.size() && text_[position_] == character; }

  CsvRecord next_record() {
    CsvRecord record{line_, {}};
    for (;; ++position_) {
      record.values.push_back(at('"') ? quoted_value() : plain_value());
      if (!at(',')) break;
    }
    if (at('\r')) ++position_;
    if (at('\n')) ++position_;
    ++line_;
    return record;
  }

  std::string plain_value() {
    std::size_t const end = std::min(text_.find_first_of(",\r\n", position_), text_.size());
    std::string value(text_.substr(position_, end - position_));
    position_ = end;
    return value;
  }

  std::string quoted_value() {
    int const begin = line_;
    std::string value;
    for (++position_; position_ < text_.size(); ++position_) {
      if (at('"')) {
        ++position_;
        if (!at('"')) return value + plain_value();
      }
      if (at('\n')) ++line_;
      value += text_[position_];
    }
    throw UsageError("line " + std::to_string(begin) + ": a quote does not end");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<CsvRecord> parse_csv(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return CsvReader(text).read();
}

}  // namespace tenancy::driver
