#include "driver/output/tree.h"

#include "driver/output/display_text.h"

namespace tenancy::driver {

namespace {

struct Branches {
  std::string_view child, last, below, below_last;
};
constexpr Branches kDrawn{"├─ ", "└─ ", "│  ", "   "};
constexpr Branches kAscii{"|- ", "`- ", "|  ", "   "};

class TreeDrawing {
 public:
  explicit TreeDrawing(const Appearance& appearance)
      : appearance_(appearance), branches_(appearance.utf8 ? kDrawn : kAscii) {}

  void draw(const TreeNode& node, const std::string& before, const std::string& before_children) {
    add_line(node, before);
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const bool last = i + 1 == node.children.size();
      draw(node.children[i], before_children + std::string(last ? branches_.last : branches_.child),
           before_children + std::string(last ? branches_.below_last : branches_.below));
    }
  }

  [[nodiscard]] std::string take() { return std::move(lines_); }

 private:
  void add_line(const TreeNode& node, const std::string& before) {
    std::string text = before + visible(node.text);
    std::string note = visible(node.note);
    if (appearance_.columns > 0) {
      text = truncated(text, appearance_.columns, appearance_.ellipsis());
      const std::size_t used = display_width(text) + 2;
      note = used < appearance_.columns ? truncated(note, appearance_.columns - used, appearance_.ellipsis()) : "";
    }
    lines_ += text;
    if (!note.empty()) lines_ += "  " + painted(note, node.color, appearance_);
    lines_ += '\n';
  }

  const Appearance& appearance_;
  const Branches& branches_;
  std::string lines_;
};

}  // namespace

std::string tree_text(const std::vector<TreeNode>& roots, const Appearance& appearance) {
  TreeDrawing drawing(appearance);
  for (const TreeNode& root : roots) drawing.draw(root, "", "");
  return drawing.take();
}

}  // namespace tenancy::driver
