-- An example of a package with native code: see native/error_diffusion.c, which native/build.sh compiles.
return {
  name = "error_diffusion",
  version = "1.0.0",
  api = ">=1.0 <2",
  summary = "Rounding that carries each error to the next weight, in C.",
  license = "the program's",
  provides = { rounding = { "error_diffusion" } },
  permissions = { native = true },
}
