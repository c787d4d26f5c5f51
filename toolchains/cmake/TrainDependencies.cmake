# What crayon-train needs where it is all that is built: libtorch and header-only libraries. The
# latter may lie in any folder that holds fmt/, nlohmann/ and CLI/, such as copies from another
# machine.
set(CRAYON_HEADERS "" CACHE PATH "Folder with the headers of fmt, nlohmann-json and CLI11")
find_package(Threads REQUIRED)
find_package(Torch REQUIRED CONFIG)
# Some builds of libtorch have the old layout of std::string: then all that meets it must.
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
add_compile_options(${torch_flags})

# One imported target for headers: crayon_headers(fmt::fmt fmt/format.h DEFINITION...).
function(crayon_headers target header)
  string(MAKE_C_IDENTIFIER "CRAYON_${header}_DIR" folder)
  find_path(${folder} ${header} HINTS ${CRAYON_HEADERS} REQUIRED)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE ${${folder}})
  target_compile_definitions(${target} INTERFACE ${ARGN})
endfunction()

crayon_headers(fmt::fmt fmt/format.h FMT_HEADER_ONLY)
crayon_headers(nlohmann_json::nlohmann_json nlohmann/json.hpp)
crayon_headers(CLI11::CLI11 CLI/CLI.hpp)
