/* Watches a sensor from a libuv loop, and asks a model what to do when it is out of bounds. The
 * loop never waits for the model: readings go on while it answers.
 *
 *   sensor_daemon MODEL POOL RUNBOOK [SENSOR [REMOTE]]
 *
 * RUNBOOK's first line says what is done at alarm 1, above HIGHEST, and at alarm 2, below LOWEST.
 * SENSOR is a file that holds a number, as those of /sys/class/hwmon do; without it, or with "-", a
 * sensor is simulated. REMOTE, as http://host:port, is asked first, and the local answer stands
 * when it does not. SIGTERM ends it, in the middle of an answer too.
 *
 * Which thread does what: the loop's thread all but on_work() and on_piece(), which run on a thread
 * of libuv's pool. What these two share with it is `heard`, under `lock`, and what a question says
 * while none is under way. */
#include <crayon/crayon.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { PERIOD_MS = 100, LOWEST = 10, HIGHEST = 80, TEXT_SIZE = 4096 };

typedef struct question {
  char text[2 * TEXT_SIZE];
  crayon_code code; /* and what the answer says: */
  crayon_error error;
  crayon_answer answer;
} question;

typedef struct watch {
  uv_loop_t loop;
  uv_timer_t timer;
  uv_signal_t terminate;
  uv_async_t wake; /* from on_piece() to on_wake() */
  uv_work_t work;
  uv_mutex_t lock;
  char heard[TEXT_SIZE]; /* pieces that are not printed yet */
  size_t heard_length;

  crayon_runtime* runtime;
  crayon_model* model;
  crayon_pool* pool;
  crayon_cancel* cancel;
  crayon_assistant* assistant;
  int32_t route;

  const char* sensor; /* NULL: simulated */
  char runbook[TEXT_SIZE];
  question question;
  bool asking;
  bool ending;
  int alarm; /* of the last reading: 0 is none */
  unsigned long ticks;
  unsigned long ticks_when_asked;
} watch;

/* ---- the model ------------------------------------------------------------------------------- */

static crayon_code open_model(watch* w, const char* bundle, const char* pool, const char* remote,
                              crayon_error* error) {
  crayon_code code = crayon_runtime_open(NULL, &w->runtime, error);
  if (code == CRAYON_OK) {
    code = crayon_model_open(w->runtime, bundle, NULL, &w->model, error);
  }
  if (code == CRAYON_OK) {
    code = crayon_pool_open(w->model, pool, &w->pool, error);
  }
  if (code == CRAYON_OK) {
    code = crayon_cancel_open(w->runtime, &w->cancel, error);
  }
  if (code == CRAYON_OK) {
    const crayon_assistant_options options = {
        .size = sizeof options, .pool = w->pool, .remote_url = remote, .attempts = 1};
    code = crayon_assistant_open(w->model, &options, &w->assistant, error);
  }
  w->route = remote != NULL ? CRAYON_ROUTE_REMOTE : CRAYON_ROUTE_LOCAL;
  return code;
}

static void close_model(watch* w) {
  crayon_assistant_close(w->assistant);
  crayon_cancel_close(w->cancel);
  crayon_pool_close(w->pool);
  crayon_model_close(w->model);
  crayon_runtime_close(w->runtime);
}

static void print_error(crayon_code code, const crayon_error* error) {
  fprintf(stderr, "sensor_daemon: %s: %s\n", crayon_code_name(code), error->message);
  if (error->hint[0] != '\0') {
    fprintf(stderr, "  hint: %s\n", error->hint);
  }
}

/* ---- on a thread of the pool ----------------------------------------------------------------- */

static int32_t on_piece(void* user, const crayon_piece* piece) {
  watch* w = user;
  uv_mutex_lock(&w->lock);
  if (piece->restart) {
    w->heard_length = 0;
  }
  const size_t room = sizeof w->heard - w->heard_length;
  const size_t length = piece->length < room ? piece->length : room;
  memcpy(w->heard + w->heard_length, piece->text, length);
  w->heard_length += length;
  uv_mutex_unlock(&w->lock);
  uv_async_send(&w->wake);
  return 0;
}

static void on_work(uv_work_t* work) {
  watch* w = work->data;
  question* q = &w->question;
  const crayon_turn turn = {.role = "user", .content = q->text};
  const crayon_generate_options generate = {
      .size = sizeof generate, .max_tokens = 32, .cancel = w->cancel};
  const crayon_ask_options options = {
      .size = sizeof options, .route = w->route, .deadline_ms = 20000, .generate = &generate};
  q->code = crayon_assistant_ask(w->assistant, &turn, 1, &options, on_piece, w, NULL, &q->answer,
                                 &q->error);
}

/* ---- on the loop's thread -------------------------------------------------------------------- */

static void end_loop(watch* w) {
  uv_close((uv_handle_t*)&w->timer, NULL);
  uv_close((uv_handle_t*)&w->terminate, NULL);
  uv_close((uv_handle_t*)&w->wake, NULL);
}

static void on_wake(uv_async_t* wake) {
  watch* w = wake->data;
  uv_mutex_lock(&w->lock);
  if (w->heard_length > 0) {
    printf("hears: %.*s\n", (int)w->heard_length, w->heard);
  }
  w->heard_length = 0;
  uv_mutex_unlock(&w->lock);
}

static void on_answer(uv_work_t* work, int status) {
  watch* w = work->data;
  const question* q = &w->question;
  (void)status; /* it is only cancelled by uv_cancel() */
  on_wake(&w->wake);
  w->asking = false;
  if (q->code != CRAYON_OK) {
    print_error(q->code, &q->error);
  } else {
    printf("%s by %s: %s; %lu readings meanwhile\n",
           q->answer.finish == CRAYON_FINISH_CANCELLED ? "interrupted" : "answered",
           q->answer.route == CRAYON_ROUTE_REMOTE ? "the remote" : "the model", q->answer.reason,
           w->ticks - w->ticks_when_asked);
  }
  if (w->ending) {
    end_loop(w);
  }
}

static void ask(watch* w) {
  question* q = &w->question;
  q->error = (crayon_error){.size = sizeof q->error};
  q->answer = (crayon_answer){.size = sizeof q->answer};
  snprintf(q->text, sizeof q->text, "%s\nWhat is done at alarm %d?", w->runbook, w->alarm);
  w->ticks_when_asked = w->ticks;
  w->asking = uv_queue_work(&w->loop, &w->work, on_work, on_answer) == 0;
}

/* Whether there is a reading: a file may be just about to be written. */
static bool read_sensor(const watch* w, double* value) {
  if (w->sensor == NULL) {
    *value = (double)((50 + 3 * w->ticks) % 100);
    return true;
  }
  FILE* file = fopen(w->sensor, "r");
  const bool is_read = file != NULL && fscanf(file, "%lf", value) == 1;
  if (file != NULL) {
    fclose(file);
  }
  return is_read;
}

static void on_tick(uv_timer_t* timer) {
  watch* w = timer->data;
  double value;
  if (!read_sensor(w, &value)) {
    return;
  }
  ++w->ticks;
  printf("reading %lu: %g\n", w->ticks, value);
  const int alarm = value > HIGHEST ? 1 : value < LOWEST ? 2 : 0;
  const bool is_new = alarm != 0 && alarm != w->alarm;
  if (is_new && w->asking) {
    return; /* it is asked about when the answer to the last one is there */
  }
  w->alarm = alarm;
  if (is_new) {
    printf("alarm %d\n", alarm);
    ask(w);
  }
}

static void on_terminate(uv_signal_t* signal, int number) {
  watch* w = signal->data;
  (void)number;
  w->ending = true;
  uv_timer_stop(&w->timer);
  uv_signal_stop(&w->terminate);
  if (w->asking) {
    crayon_cancel_set(w->cancel, 1); /* on_answer() ends the loop */
  } else {
    end_loop(w);
  }
}

/* Returns 0 or libuv's error. */
static int run_loop(watch* w) {
  int status = uv_loop_init(&w->loop);
  if (status == 0) status = uv_mutex_init(&w->lock);
  if (status == 0) status = uv_timer_init(&w->loop, &w->timer);
  if (status == 0) status = uv_signal_init(&w->loop, &w->terminate);
  if (status == 0) status = uv_async_init(&w->loop, &w->wake, on_wake);
  w->timer.data = w->terminate.data = w->wake.data = w->work.data = w;
  if (status == 0) status = uv_signal_start(&w->terminate, on_terminate, SIGTERM);
  if (status == 0) status = uv_timer_start(&w->timer, on_tick, 0, PERIOD_MS);
  if (status == 0) status = uv_run(&w->loop, UV_RUN_DEFAULT);
  if (status == 0) {
    uv_mutex_destroy(&w->lock);
    status = uv_loop_close(&w->loop);
  }
  return status;
}

static bool read_runbook(watch* w, const char* path) {
  FILE* file = fopen(path, "r");
  const bool is_read = file != NULL && fgets(w->runbook, sizeof w->runbook, file) != NULL;
  if (!is_read) {
    fprintf(stderr, "sensor_daemon: no line of text in %s\n", path);
  }
  if (file != NULL) {
    fclose(file);
  }
  w->runbook[strcspn(w->runbook, "\n")] = '\0';
  return is_read;
}

int main(int argc, char** argv) {
  static watch w; /* too large for a small stack */
  if (argc < 4 || argc > 6) {
    fprintf(stderr, "usage: sensor_daemon MODEL POOL RUNBOOK [SENSOR [REMOTE]]\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0); /* a line at a time, into a journal too */
  w.sensor = argc > 4 && strcmp(argv[4], "-") != 0 ? argv[4] : NULL;
  if (!read_runbook(&w, argv[3])) {
    return 1;
  }
  crayon_error error = {.size = sizeof error};
  const crayon_code code = open_model(&w, argv[1], argv[2], argc > 5 ? argv[5] : NULL, &error);
  int status = 0;
  if (code != CRAYON_OK) {
    print_error(code, &error);
  } else if ((status = run_loop(&w)) != 0) {
    fprintf(stderr, "sensor_daemon: %s\n", uv_strerror(status));
  }
  close_model(&w);
  return code == CRAYON_OK && status == 0 ? 0 : 1;
}
