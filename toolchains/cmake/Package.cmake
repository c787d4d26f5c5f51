# The Debian packages, made by CPack: the target package_deb leaves them in the build folder. They are
# what apt installs on a board that runs Debian; see docs/packages.md.
#
# Components: `program` and `service` are the package `crayon`, `library` is `libcrayon0`, `development`
# is `libcrayon-dev`.
set(package ${CMAKE_SOURCE_DIR}/toolchains/package)
set(generated ${CMAKE_BINARY_DIR}/package)

install(TARGETS crayon DESTINATION bin COMPONENT program)
if(CRAYON_STATIC)
  # As it goes to a board. The map tells what its bytes are for: see toolchains/package/sizes.py.
  target_link_options(crayon PRIVATE -s -Wl,-Map=$<TARGET_FILE:crayon>.map)
else()
  include(InstallLibrary)
endif()

find_program(DPKG_PARSECHANGELOG dpkg-parsechangelog)
find_program(GZIP gzip)
if(NOT DPKG_PARSECHANGELOG OR NOT GZIP OR CRAYON_STATIC)
  return()  # only Debian packages what stands on Debian's libraries
endif()

get_target_property(soversion crayon_library SOVERSION)

# All dates in the packages are that of its changelog, so that the same sources give the same bytes.
execute_process(
  COMMAND ${DPKG_PARSECHANGELOG} -l ${package}/changelog -S Timestamp
  OUTPUT_VARIABLE release_time OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(ENV{SOURCE_DATE_EPOCH} ${release_time})
string(TIMESTAMP release_date "%Y-%m-%d" UTC)
unset(ENV{SOURCE_DATE_EPOCH})

# The program writes its manual and completions itself, in a cross build in the emulator.
add_custom_command(OUTPUT ${generated}/written
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${generated}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}/man
  COMMAND crayon manual --output ${generated}/man --date ${release_date}
  COMMAND sh -c "${GZIP} -9n ${generated}/man/*.1"
  COMMAND crayon completion bash > ${generated}/crayon
  COMMAND crayon completion zsh > ${generated}/_crayon
  COMMAND crayon completion fish > ${generated}/crayon.fish
  COMMAND ${GZIP} -9nc ${package}/changelog > ${generated}/changelog.gz
  COMMAND ${CMAKE_COMMAND} -E touch ${generated}/written
  DEPENDS crayon ${package}/changelog
  COMMENT "Writing manual pages and completions" VERBATIM)

install(DIRECTORY ${generated}/man/ DESTINATION share/man/man1 COMPONENT program OPTIONAL)
install(FILES ${generated}/crayon DESTINATION share/bash-completion/completions
  COMPONENT program OPTIONAL)
install(FILES ${generated}/_crayon DESTINATION share/zsh/vendor-completions
  COMPONENT program OPTIONAL)
install(FILES ${generated}/crayon.fish DESTINATION share/fish/vendor_completions.d
  COMPONENT program OPTIONAL)
function(install_package_doc name component)
  install(FILES ${generated}/changelog.gz ${package}/copyright DESTINATION share/doc/${name}
    COMPONENT ${component} OPTIONAL)
endfunction()
install_package_doc(crayon program)
install_package_doc(libcrayon${soversion} library)
install_package_doc(libcrayon-dev development)

# What a service needs of the system stands in fixed places, which only the package may fill.
install(FILES ${package}/crayon.service DESTINATION /lib/systemd/system
  COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${package}/crayon.default DESTINATION /etc/default RENAME crayon
  PERMISSIONS OWNER_READ OWNER_WRITE COMPONENT service EXCLUDE_FROM_ALL)
install(DIRECTORY DESTINATION /var/lib/crayon COMPONENT service EXCLUDE_FROM_ALL)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(architecture arm64)  # CPack would take that of the machine which builds
else()
  set(architecture amd64)
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME crayon)
set(CPACK_PACKAGE_CONTACT "The Crayon authors <crayon@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${architecture})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program service library development)

set(CPACK_DEBIAN_CRAYON_PACKAGE_NAME crayon)
set(CPACK_DEBIAN_CRAYON_PACKAGE_SECTION science)
set(CPACK_DEBIAN_CRAYON_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_CRAYON_PACKAGE_CONTROL_EXTRA
  ${package}/conffiles ${package}/postinst ${package}/prerm ${package}/postrm)
set(CPACK_COMPONENT_CRAYON_DESCRIPTION
  "Runs one compressed model on an ARM board, with blended adapters, and hands
questions that it is not sure of to a larger model where there is one.")

# Those of several machines can be installed together. CPack has a variable for this line from its
# version 3.31 on; until then it follows the section's.
set(multiarch "\nMulti-Arch: same")

# What programs that are linked with it depend on is written down in its `shlibs`. Functions are only
# added while the soname stays, so any later version will do as well.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libcrayon${soversion})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION "libs${multiarch}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${package}/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
  "Shared library that runs compressed models with blended adapters on ARM
boards, for programs in C, in what speaks C, and in Python.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcrayon-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION "libdevel${multiarch}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libcrayon${soversion} (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "Header, CMake package, pkg-config file and examples for programs that use
libcrayon.")

# A package a group of components, and one for each that is in none.
include(CPack)
cpack_add_component_group(crayon)
cpack_add_component(program GROUP crayon)
cpack_add_component(service GROUP crayon)
cpack_add_component(library)
cpack_add_component(development)

add_custom_target(package_deb
  COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=${release_time}
    ${CMAKE_CPACK_COMMAND} --config ${CMAKE_BINARY_DIR}/CPackConfig.cmake -B ${CMAKE_BINARY_DIR}
  DEPENDS ${generated}/written
  COMMENT "Packing the Debian packages" VERBATIM USES_TERMINAL)
add_dependencies(package_deb crayon_library)
