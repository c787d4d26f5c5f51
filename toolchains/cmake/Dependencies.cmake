# Every library that Crayon uses, from Debian's packages; nothing is downloaded.
if(CRAYON_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Eigen3 3.4 REQUIRED CONFIG)
find_package(zstd REQUIRED CONFIG)
if(CRAYON_STATIC)
  add_library(crayon_zstd ALIAS zstd::libzstd_static)
else()
  add_library(crayon_zstd ALIAS zstd::libzstd_shared)
endif()
find_package(FlatBuffers REQUIRED CONFIG)
if(CRAYON_STATIC)
  # Debian has no archive of fmt, which can be all headers instead.
  find_path(FMT_INCLUDE_DIR fmt/format.h REQUIRED)
  add_library(fmt::fmt INTERFACE IMPORTED)
  target_include_directories(fmt::fmt INTERFACE ${FMT_INCLUDE_DIR})
  target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
else()
  find_package(fmt REQUIRED CONFIG)
endif()
find_package(nlohmann_json 3.11 REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
if(CRAYON_STATIC)
  pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv-static)
else()
  pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
endif()
if(CRAYON_TLS)
  pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
endif()
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

# http-parser has neither a CMake config nor a .pc file, and its -dev package cannot be
# installed for two architectures at once: a cross build finds the run-time library only, and the
# archive where scripts/setup.sh has laid it.
find_path(HTTP_PARSER_INCLUDE_DIR http_parser.h REQUIRED)
if(CRAYON_STATIC)
  find_library(HTTP_PARSER_LIBRARY NAMES http_parser REQUIRED
    HINTS ${CMAKE_SOURCE_DIR}/.cache/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
else()
  find_library(HTTP_PARSER_LIBRARY NAMES http_parser libhttp_parser.so.2.9 REQUIRED)
endif()
add_library(http_parser UNKNOWN IMPORTED)
set_target_properties(http_parser PROPERTIES
  IMPORTED_LOCATION ${HTTP_PARSER_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${HTTP_PARSER_INCLUDE_DIR})

if(CRAYON_TESTS)
  find_package(GTest REQUIRED)
endif()

if(CRAYON_TRAIN)
  find_package(Torch REQUIRED)
endif()
