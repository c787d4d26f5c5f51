// libuv closes descriptors with a system call of its own, which ThreadSanitizer does not see. To
// it, two loops that get the same number one after the other are two writers of one descriptor.

extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:epoll_create1\n"
         "race:eventfd\n"
         "race:pipe2\n"
         "race:socket\n";
}
