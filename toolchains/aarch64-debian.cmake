# Debian's cross compiler, amd64 -> arm64, against the arm64 packages installed beside the
# native ones (multiarch: one root, so neither a sysroot nor a find root is set).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
# LIBDIR replaces pkg-config's default, which is the native one.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# Baseline armv8-a and no outline atomics: the program starts on a Cortex-A53. Kernels for
# later cores are compiled with flags of their own and chosen at run time.
set(CMAKE_CXX_FLAGS_INIT "-march=armv8-a -mno-outline-atomics")
set(CMAKE_C_FLAGS_INIT "-march=armv8-a -mno-outline-atomics")
# QEMU_CPU=cortex-a53 ctest ... chooses the emulated core when the tests run. Never -L: with
# libc6:arm64 installed it is not needed, and threads hang under it.
find_program(CRAYON_QEMU qemu-aarch64)
if(CRAYON_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${CRAYON_QEMU})
endif()
