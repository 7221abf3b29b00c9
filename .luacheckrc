-- The same rules as `augq init` writes for recipes of other projects.
std = "lua54+augq"
max_line_length = 120
exclude_files = { "Scripts/types", ".build*" }

-- What `augq run` defines before a recipe begins.
stds.augq = { read_globals = { "arg" } }
-- The functions of a package's native library.
files["Plugins/error_diffusion"] = { read_globals = { "native" } }
