# What is installed of the shared library: component `library` is what programs run with, component
# `development` what they are built with. Both can be moved to any prefix as they are.
include(CMakePackageConfigHelpers)

# As Debian has it, lib/aarch64-linux-gnu: libraries of several machines can be installed together.
set(library_folder lib)
if(CMAKE_LIBRARY_ARCHITECTURE)
  string(APPEND library_folder /${CMAKE_LIBRARY_ARCHITECTURE})
endif()

set_target_properties(crayon_library PROPERTIES EXPORT_NAME crayon)
install(TARGETS crayon_library EXPORT crayon
  LIBRARY DESTINATION ${library_folder} COMPONENT library NAMELINK_COMPONENT development
  INCLUDES DESTINATION include)
install(FILES ${CMAKE_SOURCE_DIR}/include/crayon/crayon.h DESTINATION include/crayon
  COMPONENT development)

# find_package(crayon) gives the target crayon::crayon. While versions begin with 0, the second number
# is what a program depends on.
install(EXPORT crayon NAMESPACE crayon:: FILE crayon-config.cmake
  DESTINATION ${library_folder}/cmake/crayon COMPONENT development)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/crayon-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/crayon-config-version.cmake
  DESTINATION ${library_folder}/cmake/crayon COMPONENT development)

file(RELATIVE_PATH to_prefix /usr/${library_folder}/pkgconfig /usr)
configure_file(${CMAKE_SOURCE_DIR}/toolchains/package/crayon.pc.in ${CMAKE_BINARY_DIR}/crayon.pc
  @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/crayon.pc DESTINATION ${library_folder}/pkgconfig
  COMPONENT development)

install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples/c ${CMAKE_SOURCE_DIR}/examples/cpp
    ${CMAKE_SOURCE_DIR}/examples/daemon
  DESTINATION share/doc/libcrayon-dev/examples COMPONENT development)
install(FILES ${CMAKE_SOURCE_DIR}/examples/README.md
  DESTINATION share/doc/libcrayon-dev/examples COMPONENT development)
