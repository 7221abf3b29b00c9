-- A table as LaTeX, with the rules of booktabs.
local special = { ["\\"] = "\\textbackslash{}", ["~"] = "\\textasciitilde{}", ["^"] = "\\textasciicircum{}" }

return {
  summary = "A LaTeX tabular with booktabs rules.",
  api = ">=1.0 <2",
  render = function(columns, rows)
    local function line(cells)
      local escaped = {}
      for index, cell in ipairs(cells) do
        escaped[index] = cell:gsub("[\\~^#$%%&_{}]", function(c) return special[c] or "\\" .. c end)
      end
      return "  " .. table.concat(escaped, " & ") .. " \\\\"
    end
    local names, kinds = {}, {}
    for index, column in ipairs(columns) do
      names[index] = column.name:gsub("_", " ")
      kinds[index] = column.kind == "text" and "l" or "r"
    end
    local lines = { "\\begin{tabular}{" .. table.concat(kinds) .. "}", "  \\toprule", line(names), "  \\midrule" }
    for _, row in ipairs(rows) do lines[#lines + 1] = line(row) end
    lines[#lines + 1] = "  \\bottomrule\n\\end{tabular}\n"
    return table.concat(lines, "\n")
  end,
}
