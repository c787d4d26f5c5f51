# crayon_embed(target INPUT HEADER FUNCTION): compiles a file's bytes into a target, as the function
# that HEADER declares: std::string_view NAMESPACE::NAME(). Made anew when the file changes.
# The same file is the script that does it, so that a build needs no other program for it.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${INPUT} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "::[^:]*$" "" namespace "${FUNCTION}")
  string(REGEX REPLACE "^.*::" "" name "${FUNCTION}")
  file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace ${namespace} {
namespace {
constexpr unsigned char bytes[] = {
${bytes}};
}  // namespace

std::string_view ${name}() {
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

}  // namespace ${namespace}
")
  return()
endif()

set(CRAYON_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(crayon_embed target input header function)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${input})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${input}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${source} -DOUTPUT=${output} -DHEADER=${header}
            -DFUNCTION=${function} -P ${CRAYON_EMBED_SCRIPT}
    DEPENDS ${source} ${CRAYON_EMBED_SCRIPT}
    COMMENT "Embedding ${input}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
