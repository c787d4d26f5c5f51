/* Asks a model a question, shows the answer while it is made, and says who gave it.
 *
 *   answer MODEL QUESTION [REMOTE]
 *
 * MODEL is a bundle of `crayon pack`. REMOTE, as http://host:port, is asked what the model is not
 * sure of. */
#include <crayon/crayon.h>
#include <stdio.h>

/* Called for each piece of the answer. What it returns says whether to go on. */
static int32_t show(void* user, const crayon_piece* piece) {
  (void)user;
  if (piece->restart) {
    printf("\n[the remote failed; from the beginning:]\n");
  }
  fwrite(piece->text, 1, piece->length, stdout);
  fflush(stdout);
  return ferror(stdout);
}

/* One step after the other, up to the first that fails. */
static crayon_code answer(crayon_runtime* runtime, const char* bundle, const char* question,
                          const char* remote, crayon_error* error) {
  crayon_model* model = NULL;
  crayon_assistant* assistant = NULL;
  crayon_answer result = {.size = sizeof result};
  const crayon_assistant_options options = {.size = sizeof options, .remote_url = remote};
  const crayon_turn turn = {.role = "user", .content = question};

  crayon_code code = crayon_model_open(runtime, bundle, NULL, &model, error);
  if (code == CRAYON_OK) {
    code = crayon_assistant_open(model, &options, &assistant, error);
  }
  if (code == CRAYON_OK) {
    code = crayon_assistant_ask(assistant, &turn, 1, NULL, show, NULL, NULL, &result, error);
  }
  if (code == CRAYON_OK) {
    printf("\n%s: %s (score %.3f, threshold %.3f)\n",
           result.route == CRAYON_ROUTE_REMOTE ? "remote" : "local", result.reason, result.score,
           result.threshold);
  }
  crayon_assistant_close(assistant);
  crayon_model_close(model);
  return code;
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: answer MODEL QUESTION [REMOTE]\n");
    return 2;
  }
  crayon_error error = {.size = sizeof error};
  crayon_runtime* runtime = NULL;
  crayon_code code = crayon_runtime_open(NULL, &runtime, &error);
  if (code == CRAYON_OK) {
    code = answer(runtime, argv[1], argv[2], argc == 4 ? argv[3] : NULL, &error);
  }
  if (code != CRAYON_OK) {
    fprintf(stderr, "answer: %s: %s\n", crayon_code_name(code), error.message);
    if (error.hint[0] != '\0') {
      fprintf(stderr, "  hint: %s\n", error.hint);
    }
  }
  crayon_runtime_close(runtime);
  if (fflush(stdout) != 0) {
    perror("answer");
    return 1;
  }
  return code == CRAYON_OK ? 0 : 1;
}
