/* A TCG plugin that counts the guest's executed instructions, by function.
 *
 *   cc -O2 -shared -fPIC count.c -o count.so
 *   qemu-aarch64 -plugin ./count.so,out=FILE PROGRAM ...
 *
 * FILE gets one line a function, "COUNT SYMBOL", in no order; "?" is code without a symbol. Blocks
 * are counted as they are entered, each as a whole and for the function that it begins in. Counters
 * are not atomic: run the guest with one thread.
 *
 * QEMU's plugin interface, version 1, is declared here as its documentation gives it: distributions
 * package no header for it. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*call)(plugin_id, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, int operation,
                                              void* counter, uint64_t operand);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*call)(plugin_id, void*), void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t index);
const char* qemu_plugin_insn_symbol(const struct qemu_plugin_insn* instruction);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

struct function {
  uint64_t count; /* QEMU adds to it: it must stay where it is */
  struct function* next;
  char symbol[];
};

enum { buckets = 4096 };
static struct function* table[buckets];
static FILE* out;

static struct function* find(const char* symbol) {
  size_t hash = 5381;
  for (const char* c = symbol; *c != '\0'; ++c) {
    hash = hash * 33 + (unsigned char)*c;
  }
  struct function** bucket = &table[hash % buckets];
  for (struct function* f = *bucket; f != NULL; f = f->next) {
    if (strcmp(f->symbol, symbol) == 0) {
      return f;
    }
  }
  const size_t length = strlen(symbol) + 1;
  struct function* f = calloc(1, sizeof *f + length);
  if (f == NULL) {
    abort();
  }
  memcpy(f->symbol, symbol, length);
  f->next = *bucket;
  *bucket = f;
  return f;
}

static void count_block(plugin_id id, struct qemu_plugin_tb* block) {
  (void)id;
  const char* symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(block, 0));
  struct function* f = find(symbol != NULL && *symbol != '\0' ? symbol : "?");
  qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &f->count,
                                           qemu_plugin_tb_n_insns(block));
}

static void write_counts(plugin_id id, void* data) {
  (void)id;
  (void)data;
  for (size_t b = 0; b < buckets; ++b) {
    for (const struct function* f = table[b]; f != NULL; f = f->next) {
      fprintf(out, "%" PRIu64 " %s\n", f->count, f->symbol);
    }
  }
  fclose(out);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id,
                                                               const struct qemu_info_t* info,
                                                               int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0 && out == NULL) {
      out = fopen(argv[i] + 4, "w");
    }
  }
  if (out == NULL) {
    fprintf(stderr, "count: give it a file to write to: -plugin count.so,out=FILE\n");
    return -1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, count_block);
  qemu_plugin_register_atexit_cb(id, write_counts, NULL);
  return 0;
}
