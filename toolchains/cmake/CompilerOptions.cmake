# Options that every target of the project is built with.
set(CRAYON_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")
option(CRAYON_FUZZ "Build the fuzz targets with Clang's libFuzzer, instead of tests that replay a corpus" OFF)
option(CRAYON_COVERAGE "Count which lines of the folders run that say crayon_count_lines()" OFF)

add_library(crayon_options INTERFACE)
target_include_directories(crayon_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(crayon_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  # GCC 12 takes "text" + std::string for an overlapping copy at -O3 (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # One rounding per operation, on every CPU: the kernels' float results are then the same
  # bits on every path and board.
  -ffp-contract=off
  -ffunction-sections -fdata-sections)
target_link_options(crayon_options INTERFACE -Wl,--gc-sections)
if(CRAYON_STATIC)
  # --exclude-libs: what nobody outside can call need not be kept for them.
  target_link_options(crayon_options INTERFACE
    -static-libstdc++ -static-libgcc -Wl,--as-needed -Wl,--exclude-libs,ALL)
endif()
if(CRAYON_WERROR)
  target_compile_options(crayon_options INTERFACE -Werror)
endif()
if(CRAYON_SANITIZE)
  target_compile_options(crayon_options INTERFACE -fsanitize=${CRAYON_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(crayon_options INTERFACE -fsanitize=${CRAYON_SANITIZE})
endif()
if(CRAYON_FUZZ)
  target_compile_options(crayon_options INTERFACE -fsanitize=fuzzer-no-link)  # counts branches
endif()
if(CRAYON_COVERAGE)
  target_link_options(crayon_options INTERFACE --coverage)
endif()

# In a folder's CMakeLists.txt: what follows there counts its lines, where CRAYON_COVERAGE asks for it.
macro(crayon_count_lines)
  if(CRAYON_COVERAGE)
    add_compile_options(-O0 --coverage -fprofile-update=atomic)
  endif()
endmacro()

# One static library a folder: crayon_library(name SOURCES ... LINKS ...).
function(crayon_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC crayon_options ${arg_LINKS})
endfunction()

# What runs for every token is fast, also in a program that is built to be small.
function(crayon_fast target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:MinSizeRel>:-O2>)
endfunction()

# What is compared, not measured: compiling tests as fast as users' programs takes a third longer.
function(crayon_quick_to_compile target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# Test programs that start threads: what ThreadSanitizer looks at.
add_custom_target(threaded_tests)

# One test program a file or two: crayon_test(name [THREADED] [OWN_HEADER] SOURCES ... LINKS ...).
# GoogleTest's header, a second of each source, is read once for all but those with a header of their
# own.
function(crayon_test name)
  cmake_parse_arguments(arg "THREADED;OWN_HEADER" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE crayon_options crayon_test_support GTest::gtest_main ${arg_LINKS})
  crayon_quick_to_compile(${name})
  if(NOT arg_OWN_HEADER)
    target_precompile_headers(${name} REUSE_FROM crayon_test_header)
    # What GCC 12 makes of the standard library's own code is no system header's any more: these
    # warnings of its optimiser are about that, and differ from build to build.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${name} PRIVATE
        -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized
        -Wno-nonnull -Wno-free-nonheap-object -Wno-use-after-free -Wno-dangling-pointer)
    endif()
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  if(arg_THREADED)
    set_tests_properties(${name} PROPERTIES LABELS threaded)
    add_dependencies(threaded_tests ${name})
  endif()
endfunction()
