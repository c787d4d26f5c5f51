# Tests in Python, each file one ctest test.

# Debian's own Python, for which numpy and Pillow come.
find_program(DEBIAN_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

# Cases that take minutes in an emulator or under a sanitizer run in plain native builds only.
if(CMAKE_CROSSCOMPILING OR CRAYON_SANITIZE)
  set(CRAYON_HEAVY 0)
else()
  set(CRAYON_HEAVY 1)
endif()

# FOLDER_name runs test_name.py of the calling folder, which finds the program, its emulator in a cross
# build and the helpers in tests/cli; MODULES are folders of other modules to import.
#
#   crayon_script_test(name [ARGUMENTS ...] [MODULES folder ...] [ENVIRONMENT NAME=VALUE ...])
#
# A file whose every case is skipped counts as skipped.
function(crayon_script_test name)
  cmake_parse_arguments(arg "" "" "ARGUMENTS;MODULES;ENVIRONMENT" ${ARGN})
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  add_test(NAME ${folder}_${name}
    COMMAND ${DEBIAN_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/test_${name}.py ${arg_ARGUMENTS})
  list(APPEND arg_MODULES ${CMAKE_SOURCE_DIR}/tests/cli)
  list(JOIN arg_MODULES ":" modules)
  set(environment
    PYTHONDONTWRITEBYTECODE=1
    PYTHONPATH=${modules}
    CRAYON_PROGRAM=$<TARGET_FILE:crayon>
    CRAYON_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}
    CRAYON_HEAVY=${CRAYON_HEAVY}
    ${arg_ENVIRONMENT})
  set_tests_properties(${folder}_${name} PROPERTIES
    TIMEOUT 900 SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
endfunction()
