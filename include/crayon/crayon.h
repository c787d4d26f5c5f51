/**
 * @file crayon.h
 * @brief The C interface of Crayon: language models with blended adapters, on ARM boards.
 *
 * @section rules Rules that hold for everything here
 *
 * **Errors.** A function that can fail returns a ::crayon_code: 0, or what went wrong. Its last
 * argument, which may be NULL, gets the same number with a sentence that says what and where, and a
 * hint that says what to do. On failure nothing has changed, and what a function would have written
 * is as it was. No exception comes out of a function, nothing is printed, and nothing ends the
 * process.
 *
 * **Options.** A struct of options begins with its size, `crayon_model_options options = {.size =
 * sizeof options};`, and 0 or NULL in any field is the default. In the place of a pointer to
 * options, NULL gives all defaults. A struct that a newer header has made longer is taken by an
 * older library as long as what it does not know is 0. Structs that are filled begin with their
 * size as well, and are filled as far as that goes.
 *
 * **Handles.** What a function named `_open` gives lasts until the function named `_close`. A
 * handle holds on to what it was made from: a model may be closed before its sessions. What is
 * closed is refused with #CRAYON_CLOSED as long as its runtime is open and fewer than 1,024 handles
 * were closed since. A handle that is at work cannot be closed (#CRAYON_BUSY), nor can a runtime
 * with open handles. Closing NULL is nothing.
 *
 * **Threads.** All handles may be used by several threads at once, but a ::crayon_session and a
 * ::crayon_encoder, whose second caller gets #CRAYON_BUSY. Models compute with threads of their
 * own, which work for one call at a time: calls that come together take turns. Callbacks run on the
 * thread that called, and must not use the handle that calls them back, unless it is one for
 * several threads.
 *
 * **Callbacks.** Those that return a number go on with 0 and stop with any other. An exception that
 * a callback throws, where it is written in C++, ends the call with #CRAYON_CALLBACK.
 *
 * **Texts** are UTF-8 and end with a 0, unless a length is given with them. **Paths** are the
 * system's.
 *
 * **The environment** is not read, and the library has no state outside of its handles.
 */
#ifndef CRAYON_CRAYON_H
#define CRAYON_CRAYON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks what the shared library exports. */
#define CRAYON_API __attribute__((visibility("default")))

/** @defgroup errors Errors
 *  @{ */

/** What went wrong, or `CRAYON_OK`. The numbers never change; a family keeps room for more. */
typedef int32_t crayon_code;

/** Codes, in families of a hundred. */
enum {
  CRAYON_OK = 0,

  CRAYON_TRUNCATED = 100,   /**< the file ends before something it promises */
  CRAYON_CORRUPT = 101,     /**< a hash, a checksum or a cross-reference does not hold */
  CRAYON_UNSUPPORTED = 102, /**< a version, type or feature that this library does not know */
  CRAYON_OVER_LIMIT = 103,  /**< a size beyond a documented limit */
  CRAYON_MALFORMED = 104,   /**< not the syntax of its format */

  CRAYON_ARCHITECTURE = 200,   /**< an architecture that is not known */
  CRAYON_MISSING_TENSOR = 201, /**< the model lacks a tensor that its architecture needs */
  CRAYON_BAD_SHAPE = 202,      /**< a tensor's shape disagrees with the model's configuration */
  CRAYON_BAD_TOKENIZER = 203,  /**< the tokenizer is incomplete or contradicts itself */
  CRAYON_CONTEXT_FULL = 204,   /**< the sequence is longer than the context */

  CRAYON_WRONG_BASE = 300,          /**< the adapter or state belongs to another model */
  CRAYON_UNMATCHED_TENSOR = 301,    /**< a tensor of the adapter matches nothing in the base */
  CRAYON_UNSUPPORTED_ADAPTER = 302, /**< a kind of adapter that is not known */

  CRAYON_RESOLVE_FAILED = 400, /**< the host's name has no address */
  CRAYON_CONNECT_FAILED = 401,
  CRAYON_TIMED_OUT = 402,
  CRAYON_CONNECTION_LOST = 403,
  CRAYON_PROTOCOL = 404,              /**< the peer does not speak what it should */
  CRAYON_HTTP_STATUS = 405,           /**< the peer answered with an error status */
  CRAYON_TLS_HANDSHAKE = 406,         /**< no agreement on TLS 1.3 */
  CRAYON_CERTIFICATE_UNTRUSTED = 407, /**< the peer's certificate has no trusted issuer */
  CRAYON_CERTIFICATE_EXPIRED = 408,   /**< the peer's certificate is over, or not valid yet */
  CRAYON_CERTIFICATE_HOST = 409,      /**< the peer's certificate is another host's */
  CRAYON_CERTIFICATE_REQUIRED = 410,  /**< the peer wants a certificate of ours */

  CRAYON_BAD_ARGUMENT = 500,
  CRAYON_UNSUPPORTED_KERNELS =
      501,               /**< a kernel set that is unknown, or that this CPU cannot run */
  CRAYON_BUSY = 502,     /**< the handle is at work, or others depend on it */
  CRAYON_CLOSED = 503,   /**< the handle was closed */
  CRAYON_CALLBACK = 504, /**< a callback threw an exception */

  CRAYON_IO = 600,
  CRAYON_NOT_FOUND = 601,
  CRAYON_NO_SPACE = 602,
  CRAYON_OUT_OF_MEMORY = 603,
  CRAYON_CANCELLED = 604,
  CRAYON_INTERNAL = 699, /**< a fault of the library, which please report */

  CRAYON_UNTRUSTED = 700, /**< not signed, by no trusted key, or not by the key that it names */
  CRAYON_OUTDATED = 701,  /**< an older release than one that was active here */
  CRAYON_UNHEALTHY = 702  /**< a model that does not answer as it should, or not in time */
};

/** What a function has to say about its failure. Set `size`; the rest is written on failure only.
 */
typedef struct crayon_error {
  size_t size;
  crayon_code code;
  char
      message[512]; /**< a sentence that names the file, field or value; cut where it is too long */
  char hint[256];   /**< what to do, or empty */
} crayon_error;

/** The name of a code, as "wrong_base"; "ok" for 0, "unknown" for what is none. Never NULL. */
CRAYON_API const char* crayon_code_name(crayon_code code);
/** The library's version, as "0.1.0". */
CRAYON_API const char* crayon_version(void);
/** Frees a text that a function gave. NULL is nothing. */
CRAYON_API void crayon_text_free(char* text);
/** @} */

/** @defgroup runtime Runtime
 *  What all other handles are made in.
 *  @{ */

/** What all other handles are made in. */
typedef struct crayon_runtime crayon_runtime;

/** Where large memory comes from: weights, KV caches, scratch and adapters, all that
 *  crayon_estimate_memory() counts. The rest, some MiB, is malloc's. Both functions are called from
 *  any thread, several at once. */
typedef struct crayon_allocator {
  void* user; /**< given to both functions */
  /** `bytes` at a multiple of `alignment`, a power of two; NULL: `CRAYON_OUT_OF_MEMORY`. */
  void* (*allocate)(void* user, size_t bytes, size_t alignment);
  /** Takes back `bytes` that `allocate` gave. */
  void (*release)(void* user, void* memory, size_t bytes);
} crayon_allocator;

/** Levels of what is logged. */
enum {
  CRAYON_LOG_ERROR = 1,
  CRAYON_LOG_WARNING = 2, /**< a remote that failed, say */
  CRAYON_LOG_INFO = 3     /**< what was loaded, blended or asked */
};

/** Gets one line without its end. Called from any thread that calls the library. What it throws is
 *  swallowed. */
typedef void (*crayon_log_callback)(void* user, int32_t level, const char* line);

/** What a runtime is opened with. */
typedef struct crayon_runtime_options {
  size_t size;
  crayon_allocator allocator; /**< default: the C++ library's */
  crayon_log_callback log;    /**< default: nothing is logged */
  void* log_user;
} crayon_runtime_options;

/** Opens a runtime. */
CRAYON_API crayon_code crayon_runtime_open(const crayon_runtime_options* options,
                                           crayon_runtime** runtime, crayon_error* error);
/** #CRAYON_BUSY while handles that were made in it are open. Afterwards no handle of it may be
 * used. */
CRAYON_API crayon_code crayon_runtime_close(crayon_runtime* runtime);
/** @} */

/** @defgroup cancel Cancelling
 *  @{ */

/** A switch that ends what another thread has asked for. */
typedef struct crayon_cancel crayon_cancel;

/** Opens a switch, which is off. */
CRAYON_API crayon_code crayon_cancel_open(crayon_runtime* runtime, crayon_cancel** cancel,
                                          crayon_error* error);
/** Turns it on (other than 0) or off, from any thread. What looks at it ends after its next token
 * or block of the prompt, with what there is so far. */
CRAYON_API crayon_code crayon_cancel_set(crayon_cancel* cancel, int32_t on);
/** Closes a switch; #CRAYON_BUSY while a call looks at it. */
CRAYON_API crayon_code crayon_cancel_close(crayon_cancel* cancel);
/** @} */

/** @defgroup model Models
 *  @{ */

/** A model bundle that is open. */
typedef struct crayon_model crayon_model;

/** Types of keys and values. */
enum {
  CRAYON_KV_DEFAULT = 0, /**< f32 for weights in f32, f16 for others */
  CRAYON_KV_F16 = 1,
  CRAYON_KV_F32 = 2,
  CRAYON_KV_I8 = 3 /**< with a scale for each position and KV head */
};

/** What a model or an encoder is opened with. */
typedef struct crayon_model_options {
  size_t size;
  uint32_t threads;    /**< to compute with, the caller's included; default: one for each of the
                          fastest    cores */
  int32_t pin;         /**< other than 0: the threads that are started keep to the fastest cores */
  const char* kernels; /**< a kernel set, as `crayon doctor` lists them; default: the best here */
  const char* chat_format; /**< a preset in the place of the bundle's own chat format */
  /** A file of a public key, as `crayon keygen` writes it: bundles that are not signed by it are
   * refused with #CRAYON_UNTRUSTED, and every byte is verified. Adapters and pools of this model,
   * too. */
  const char* trusted_key;
} crayon_model_options;

/** Opens a model bundle (`crayon pack`). */
CRAYON_API crayon_code crayon_model_open(crayon_runtime* runtime, const char* path,
                                         const crayon_model_options* options, crayon_model** model,
                                         crayon_error* error);
/** Closes a model. */
CRAYON_API crayon_code crayon_model_close(crayon_model* model);

/** What a model is. */
typedef struct crayon_model_info {
  size_t size;
  char id[65]; /**< BLAKE2b-256 of the bundle's index, in hex: what adapters name as their base */
  char kernels[32]; /**< the kernel set that it runs on */
  uint32_t threads;
  uint32_t layers;
  uint32_t dim;
  uint32_t vocabulary;
  uint32_t max_context;   /**< positions that it was trained for */
  uint32_t embedding_dim; /**< of crayon_model_embed() */
  int32_t uses_image; /**< 1: its weights are the pages of an image that `crayon activate` left */
} crayon_model_info;
/** Writes what the model is. */
CRAYON_API crayon_code crayon_model_get_info(crayon_model* model, crayon_model_info* info,
                                             crayon_error* error);

/** Bytes. */
typedef struct crayon_memory {
  size_t size;
  uint64_t weights;
  uint64_t kv_cache; /**< of one session */
  uint64_t scratch;  /**< of one session */
} crayon_memory;

struct crayon_session_options;
/** What a bundle of a model or an encoder and one session will take, read from its index alone:
 * nothing is loaded. Of an encoder, `options` are not looked at. */
CRAYON_API crayon_code crayon_estimate_memory(crayon_runtime* runtime, const char* path,
                                              const struct crayon_session_options* options,
                                              crayon_memory* memory, crayon_error* error);

/** How a text is taken apart. */
typedef struct crayon_tokenize_options {
  size_t size;
  int32_t no_bos; /**< other than 0: without the token that begins a text */
  int32_t
      parse_special; /**< other than 0: control tokens spelled in the text become those tokens */
} crayon_tokenize_options;

/** Writes the text's tokens to `tokens` [capacity], and to `count` how many there are. When they do
 * not fit, #CRAYON_OVER_LIMIT, and `count` says how many there are; NULL with capacity 0 asks for
 * that. */
CRAYON_API crayon_code crayon_model_tokenize(crayon_model* model, const char* text,
                                             const crayon_tokenize_options* options,
                                             uint32_t* tokens, size_t capacity, size_t* count,
                                             crayon_error* error);
/** The text of tokens that stand at the beginning of one; to be freed with crayon_text_free(). */
CRAYON_API crayon_code crayon_model_detokenize(crayon_model* model, const uint32_t* tokens,
                                               size_t count, char** text, crayon_error* error);
/** What stands for a question when pools are blended: the mean of the first layer's queries, of
 *  length 1, of the text as a user's turn. Writes `embedding_dim` numbers to `vector` [capacity].
 */
CRAYON_API crayon_code crayon_model_embed(crayon_model* model, const char* text, float* vector,
                                          size_t capacity, crayon_error* error);
/** @} */

/** @defgroup adapters Adapters
 *  @{ */

/** What changes a model: a LoRA adapter, or a blend of some. */
typedef struct crayon_adapter crayon_adapter;
/** Adapters to blend from. */
typedef struct crayon_pool crayon_pool;

/** Opens an adapter bundle. #CRAYON_WRONG_BASE unless it was made for this very model. */
CRAYON_API crayon_code crayon_adapter_open(crayon_model* model, const char* path,
                                           crayon_adapter** adapter, crayon_error* error);
/** Closes an adapter; where it is attached it stays. */
CRAYON_API crayon_code crayon_adapter_close(crayon_adapter* adapter);
/** Writes an adapter that crayon_pool_blend() made as a bundle, which appears when it is whole. */
CRAYON_API crayon_code crayon_adapter_save(crayon_adapter* adapter, const char* path,
                                           crayon_error* error);

/** Opens a pool bundle, for a blend made now, or for one that each question sets. */
CRAYON_API crayon_code crayon_pool_open(crayon_model* model, const char* path, crayon_pool** pool,
                                        crayon_error* error);
/** Closes a pool; an assistant that blends it keeps it. */
CRAYON_API crayon_code crayon_pool_close(crayon_pool* pool);
/** Writes how many adapters there are. */
CRAYON_API crayon_code crayon_pool_get_size(crayon_pool* pool, size_t* adapters,
                                            crayon_error* error);
/** The name of one of them, cut to `capacity` bytes with its 0. */
CRAYON_API crayon_code crayon_pool_get_name(crayon_pool* pool, size_t adapter, char* name,
                                            size_t capacity, crayon_error* error);

/** What the customer asks, as a user would say it. */
typedef struct crayon_example {
  const char* question;
  const char* answer; /**< NULL, but for the rule "lorahub" */
} crayon_example;

/** How a pool is blended (docs/blending.md). */
typedef struct crayon_blend_options {
  size_t size;
  const char* rule; /**< "crayon" (default), "nearest", "uniform", "arrow", "logo" or "lorahub" */
  float tau;        /**< crayon: temperature; default: the pool's */
  float drop;       /**< crayon: adapters of less weight are left out; default: 0.001 */
  uint32_t rank;    /**< cut the blend to this rank; default: the exact sum */
} crayon_blend_options;

/** Blends the pool's adapters into one for what the examples are about. `weights` [adapters of the
 *  pool] gets each one's weight, or is NULL. */
CRAYON_API crayon_code crayon_pool_blend(crayon_pool* pool, const crayon_example* examples,
                                         size_t count, const crayon_blend_options* options,
                                         float* weights, crayon_adapter** adapter,
                                         crayon_error* error);

/** An adapter as it is attached. */
typedef struct crayon_attached {
  crayon_adapter* adapter;
  float scale; /**< 0: 1 */
} crayon_attached;
/** @} */

/** @defgroup session Sessions
 *  A text that goes on: what was read stays in the KV cache, or what a rule keeps of it.
 *  @{ */

/** One text, and its place in memory. */
typedef struct crayon_session crayon_session;

/** What a session is opened with. */
typedef struct crayon_session_options {
  size_t size;
  uint32_t context; /**< positions; default: the model's, at most 4096 */
  int32_t kv;       /**< CRAYON_KV_... */
  /** What stays when the context is full: "keydiff", "infinipot", "snapkv", "streaming" and others
   *  (docs/long-context.md); default: a full context is an error. */
  const char* distill;
  float keep; /**< share of the positions that stays; default: 0.5 */
  /** Other than 0: what is read is what a user begins to say, with `system` in front, so that an
   *  assistant can answer from the saved state. */
  int32_t as_turn;
  const char* system;              /**< instructions, with `as_turn` */
  const crayon_attached* adapters; /**< [adapter_count]: their sum */
  size_t adapter_count;
} crayon_session_options;

/** Opens a session, of no text yet. */
CRAYON_API crayon_code crayon_session_open(crayon_model* model,
                                           const crayon_session_options* options,
                                           crayon_session** session, crayon_error* error);
/** Closes a session. */
CRAYON_API crayon_code crayon_session_close(crayon_session* session);
/** Forgets what was read. */
CRAYON_API crayon_code crayon_session_clear(crayon_session* session, crayon_error* error);
/** Reads a text behind what was read. */
CRAYON_API crayon_code crayon_session_read(crayon_session* session, const char* text,
                                           crayon_error* error);
/** Writes what is held to a file, from which crayon_session_restore() or an assistant goes on. */
CRAYON_API crayon_code crayon_session_save(crayon_session* session, const char* path,
                                           crayon_error* error);
/** Puts what a file holds in the place of what was read. The session must have the same model,
 * adapters, rule and type of keys and values. On failure it holds what it held. */
CRAYON_API crayon_code crayon_session_restore(crayon_session* session, const char* path,
                                              crayon_error* error);

/** How a text is gone on with. */
typedef struct crayon_generate_options {
  size_t size;
  uint32_t max_tokens; /**< default: 256 */
  float temperature;   /**< default: 0, greedy */
  uint32_t top_k;      /**< default: all */
  float top_p;         /**< default: 1, all */
  float min_p;
  float repetition_penalty; /**< default: 1, none */
  uint64_t seed;
  const char* const* stop; /**< [stop_count] texts that end the answer and are not part of it */
  size_t stop_count;
  int32_t ignore_end; /**< other than 0: go on where the model would end */
  int32_t json;       /**< other than 0: the answer is a JSON object */
  uint32_t speculate; /**< tokens to guess at once; default: none. Changes no token */
  int32_t emphasis;   /**< other than 0: brackets weigh words of the prompt, as (red:1.5) */
  crayon_cancel* cancel;
} crayon_generate_options;

/** A piece of text as it can be shown, never a part of a character. Any return but 0 stops. */
typedef int32_t (*crayon_text_callback)(void* user, const char* text, size_t length);

/** Why a text ended. */
enum {
  CRAYON_FINISH_STOP = 1,     /**< an end token or a stop text */
  CRAYON_FINISH_LENGTH = 2,   /**< max_tokens, or the context is full */
  CRAYON_FINISH_CANCELLED = 3 /**< the callback or a crayon_cancel said so */
};

/** What came of going on with a text. */
typedef struct crayon_generation {
  size_t size;
  int32_t finish; /**< CRAYON_FINISH_... */
  uint32_t prompt_tokens;
  uint32_t tokens;
  uint32_t steps; /**< forward passes of decoding: fewer than tokens with good guesses */
  double prefill_seconds;
  double decode_seconds;
  double confidence; /**< geometric mean of the tokens' probabilities; 0: no tokens */
} crayon_generation;

/** Reads `prompt` behind what was read and goes on from it. `callback` and `text` may be NULL;
 * `text` gets all of it, to be freed with crayon_text_free(). `generation` may be NULL. */
CRAYON_API crayon_code crayon_session_generate(crayon_session* session, const char* prompt,
                                               const crayon_generate_options* options,
                                               crayon_text_callback callback, void* user,
                                               char** text, crayon_generation* generation,
                                               crayon_error* error);

/** What a session has done in all its life. */
typedef struct crayon_counters {
  size_t size;
  uint64_t tokens_read;
  uint64_t tokens_generated;
  uint64_t distillations;
  double prefill_seconds; /**< of reading and prompts */
  double decode_seconds;
  double distil_seconds;
  uint32_t position; /**< entries that are held now */
  uint32_t context;  /**< that may be */
} crayon_counters;
/** Writes what the session has done. */
CRAYON_API crayon_code crayon_session_get_counters(crayon_session* session,
                                                   crayon_counters* counters, crayon_error* error);
/** @} */

/** @defgroup assistant Assistants
 *  Questions and answers: of the local model, or of a larger one elsewhere for what the local one
 * is not sure of. Offline first: whatever is wrong with the remote gives the local answer and the
 * reason.
 *  @{ */

/** Who answers questions. */
typedef struct crayon_assistant crayon_assistant;

/** Who is to answer, or did. */
enum {
  CRAYON_ROUTE_AUTO = 0, /**< the remote gets what the local model is not sure of */
  CRAYON_ROUTE_LOCAL = 1,
  CRAYON_ROUTE_REMOTE = 2
};

/** What an assistant is opened with. */
typedef struct crayon_assistant_options {
  size_t size;
  uint32_t context; /**< positions of a conversation with its answer; default: the model's, at most
                       4096 */
  int32_t kv;       /**< CRAYON_KV_... */
  const crayon_attached* adapters; /**< [adapter_count]: their sum */
  size_t adapter_count;
  crayon_pool* pool; /**< blended anew for each question */
  /** Questions that are answered at once, each in a session that stays, so that a conversation goes
   * on from what was read; others wait. Default: 1. */
  uint32_t sequences;
  const char*
      distill; /**< what stays when a conversation is longer than the context, as a session's */
  float keep;
  const char* state; /**< a file of crayon_session_save(): questions are about what it holds */

  const char*
      remote_url; /**< "http://host:port", "https://host:port" or "unix:/path"; default: none */
  const char* remote_model; /**< its name there */
  const char* remote_api_key;
  const char* remote_ca_file; /**< PEM; default: the system's authorities */
  const char* remote_certificate_file;
  const char* remote_key_file;
  const char* https_proxy;    /**< "http://host:port" for https, default: none */
  uint32_t attempts;          /**< default: 3 */
  uint64_t requests_per_hour; /**< to the remote at most; default: no limit, as for the following */
  uint64_t bytes_per_hour;
  uint64_t bytes_per_day;
  const char* const* never; /**< [never_count] examples of what must stay here */
  size_t never_count;
} crayon_assistant_options;

/** Opens an assistant. */
CRAYON_API crayon_code crayon_assistant_open(crayon_model* model,
                                             const crayon_assistant_options* options,
                                             crayon_assistant** assistant, crayon_error* error);
/** Closes an assistant. */
CRAYON_API crayon_code crayon_assistant_close(crayon_assistant* assistant);

/** What somebody said in a conversation. */
typedef struct crayon_turn {
  const char* role; /**< "system", "user" or "assistant" */
  const char* content;
} crayon_turn;

/** How one question is answered. */
typedef struct crayon_ask_options {
  size_t size;
  int32_t route;        /**< CRAYON_ROUTE_... */
  double threshold;     /**< confidence below which the remote is asked; default: as the adapter was
                             calibrated, or 0.5 */
  uint32_t deadline_ms; /**< until then there is an answer, be it the local one; default: 30000 */
  const crayon_generate_options* generate; /**< NULL: defaults */
} crayon_ask_options;

/** A piece of an answer as it can be shown, never a part of a character. */
typedef struct crayon_piece {
  size_t size;
  int32_t route;   /**< whose text it is: CRAYON_ROUTE_LOCAL or CRAYON_ROUTE_REMOTE */
  int32_t restart; /**< 1: what was shown so far is void, as the remote failed in mid-answer */
  const char* text;
  size_t length;
} crayon_piece;

/** Any return but 0 stops. */
typedef int32_t (*crayon_piece_callback)(void* user, const crayon_piece* piece);

/** What came of a question. */
typedef struct crayon_answer {
  size_t size;
  int32_t route; /**< who gave it: CRAYON_ROUTE_LOCAL or CRAYON_ROUTE_REMOTE */
  /** CRAYON_FINISH_...; of a question that was cancelled while the remote was waited for, the local
   *  answer's, which may have been whole by then. */
  int32_t finish;
  int32_t asked_remote;
  uint32_t prompt_tokens;
  uint32_t completion_tokens;
  double score; /**< what was compared with the threshold */
  double threshold;
  char reason[128]; /**< why this route, in one phrase (docs/hybrid.md) */
} crayon_answer;

/** Asks, and returns with the whole answer. `callback`, `text` and `answer` may be NULL; `text` is
 * to be freed with crayon_text_free(). Ask from a thread of your own where you must not wait: any
 * number of threads may ask. */
CRAYON_API crayon_code crayon_assistant_ask(crayon_assistant* assistant, const crayon_turn* turns,
                                            size_t count, const crayon_ask_options* options,
                                            crayon_piece_callback callback, void* user, char** text,
                                            crayon_answer* answer, crayon_error* error);
/** @} */

/** @defgroup encoder Encoders
 *  Texts and images as vectors that can be compared (CLIP).
 *  @{ */

/** An encoder bundle that is open. */
typedef struct crayon_encoder crayon_encoder;

/** Opens an encoder bundle. Of the options, `chat_format` is not looked at. */
CRAYON_API crayon_code crayon_encoder_open(crayon_runtime* runtime, const char* path,
                                           const crayon_model_options* options,
                                           crayon_encoder** encoder, crayon_error* error);
/** Closes an encoder. */
CRAYON_API crayon_code crayon_encoder_close(crayon_encoder* encoder);

/** What an encoder is. */
typedef struct crayon_encoder_info {
  size_t size;
  char id[65]; /**< of the bundle, as a model's */
  uint32_t dim;
  uint32_t image_size;  /**< pixels of a side that the image tower sees */
  uint32_t most_tokens; /**< of a text */
  float logit_scale;    /**< factor of cosines in front of a softmax */
} crayon_encoder_info;
/** Writes what the encoder is. */
CRAYON_API crayon_code crayon_encoder_get_info(crayon_encoder* encoder, crayon_encoder_info* info,
                                               crayon_error* error);

/** Writes `dim` numbers, of length 1, to `vector` [capacity]. `emphasis` other than 0: brackets
 * weigh words, as "a (red:1.5) car" (Kim et al. 2024, SToRI). */
CRAYON_API crayon_code crayon_encoder_embed_text(crayon_encoder* encoder, const char* text,
                                                 int32_t emphasis, float* vector, size_t capacity,
                                                 crayon_error* error);
/** The same of a PNG, JPEG, PPM or PGM file. */
CRAYON_API crayon_code crayon_encoder_embed_file(crayon_encoder* encoder, const char* path,
                                                 float* vector, size_t capacity,
                                                 crayon_error* error);
/** The same of pixels `rgb` [height][width][3], top row first, in sRGB. */
CRAYON_API crayon_code crayon_encoder_embed_pixels(crayon_encoder* encoder, const uint8_t* rgb,
                                                   uint32_t width, uint32_t height, float* vector,
                                                   size_t capacity, crayon_error* error);
/** @} */

/** @defgroup bench Measuring
 *  @{ */

/** What is measured. */
typedef struct crayon_bench_options {
  size_t size;
  uint32_t prompt;                 /**< tokens of the prompt; default: 512 */
  uint32_t decode;                 /**< tokens to decode; default: 128 */
  uint32_t repetitions;            /**< default: 5 */
  const crayon_attached* adapters; /**< [adapter_count]: their sum */
  size_t adapter_count;
} crayon_bench_options;

/** What was measured. */
typedef struct crayon_bench_result {
  size_t size;
  double prefill_tokens_per_second; /**< median over repetitions */
  double decode_tokens_per_second;
  double token_ms_p50; /**< of decoding steps */
  double token_ms_p95;
  double token_ms_p99;
  uint64_t bytes_per_token;     /**< that a decoding step reads, with an empty context */
  double read_bytes_per_second; /**< that the memory gives to as many threads */
} crayon_bench_result;

/** Measures as `crayon bench` does; takes seconds to minutes. */
CRAYON_API crayon_code crayon_model_bench(crayon_model* model, const crayon_bench_options* options,
                                          crayon_bench_result* result, crayon_error* error);
/** @} */

#ifdef __cplusplus
}
#endif

#endif
