// Trees of text, such as servers with their databases with their tenants.
#pragma once

#include <string>
#include <vector>

#include "driver/output/appearance.h"

namespace tenancy::driver {

struct TreeNode {
  std::string text;
  std::string note{};  ///< behind the text, in `color`
  Color color = Color::none;
  std::vector<TreeNode> children{};
};

/// A line for each node, cut to the width of the terminal; roots begin at the left edge. Texts are made visible() here.
[[nodiscard]] std::string tree_text(const std::vector<TreeNode>& roots, const Appearance& appearance);

}  // namespace tenancy::driver
