-- A table as Markdown (the pipe tables of GitHub).
return {
  summary = "A Markdown table.",
  api = ">=1.0 <2",
  render = function(columns, rows)
    local function line(cells)
      local escaped = {}
      for index, cell in ipairs(cells) do escaped[index] = (cell:gsub("[|\\]", "\\%0"):gsub("\n", " ")) end
      return "| " .. table.concat(escaped, " | ") .. " |"
    end
    local names, rules = {}, {}
    for index, column in ipairs(columns) do
      names[index] = column.name:gsub("_", " ")
      rules[index] = column.kind == "text" and "---" or "---:"
    end
    local lines = { line(names), "|" .. table.concat(rules, "|") .. "|" }
    for _, row in ipairs(rows) do lines[#lines + 1] = line(row) end
    return table.concat(lines, "\n") .. "\n"
  end,
}
