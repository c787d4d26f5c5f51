/* That the header is C, and that an answer can be had with it. */
#include <crayon/crayon.h>
#include <stdio.h>
#include <string.h>

static int fail(const char* what, const crayon_error* error) {
  fprintf(stderr, "%s: %s; %s\n", what, error->message, error->hint);
  return 1;
}

int main(int count, char** arguments) {
  crayon_error error = {.size = sizeof error};
  crayon_runtime* runtime = NULL;
  crayon_model* model = NULL;
  crayon_session* session = NULL;
  crayon_generate_options options = {.size = sizeof options, .max_tokens = 4, .ignore_end = 1};
  crayon_generation done = {.size = sizeof done};
  char* text = NULL;
  if (count != 2) {
    return 2;
  }
  if (crayon_runtime_open(NULL, &runtime, &error) != CRAYON_OK ||
      crayon_model_open(runtime, arguments[1], NULL, &model, &error) != CRAYON_OK ||
      crayon_session_open(model, NULL, &session, &error) != CRAYON_OK ||
      crayon_session_generate(session, "The pressure", &options, NULL, NULL, &text, &done,
                              &error) != CRAYON_OK) {
    return fail("no answer", &error);
  }
  printf("%s\n", text);
  if (done.tokens != 4 || strlen(text) == 0) {
    return fail("not four tokens", &error);
  }
  crayon_text_free(text);
  if (crayon_session_close(session) != CRAYON_OK || crayon_model_close(model) != CRAYON_OK ||
      crayon_runtime_close(runtime) != CRAYON_OK) {
    return fail("cannot close", &error);
  }
  return 0;
}
