#include "c_api/session.h"

#include "c_api/call.h"
#include "c_api/cancel.h"
#include "c_api/generate.h"
#include "c_api/structs.h"

using namespace crayon;
using namespace crayon::c_api;

crayon_code crayon_session_open(crayon_model* model, const crayon_session_options* options,
                                crayon_session** session, crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(session, "a place for the session");
    const Use use(model);
    hand_out(std::make_unique<crayon_session>(use->loaded,
                                              read_options(options, "crayon_session_options")),
             session);
  });
}

crayon_code crayon_session_close(crayon_session* session) {
  return guarded(nullptr, [&] { close(session); });
}

crayon_code crayon_session_clear(crayon_session* session, crayon_error* error) {
  return guarded(error, [&] { Use(session)->conversation->clear(); });
}

crayon_code crayon_session_read(crayon_session* session, const char* text, crayon_error* error) {
  return guarded(error, [&] { Use(session)->conversation->read(text); });
}

crayon_code crayon_session_save(crayon_session* session, const char* path, crayon_error* error) {
  return guarded(error, [&] { Use(session)->conversation->save(path); });
}

crayon_code crayon_session_restore(crayon_session* session, const char* path, crayon_error* error) {
  return guarded(error, [&] { Use(session)->conversation->restore(path); });
}

crayon_code crayon_session_generate(crayon_session* session, const char* prompt,
                                    const crayon_generate_options* options,
                                    crayon_text_callback callback, void* user, char** text,
                                    crayon_generation* generation, crayon_error* error) {
  return guarded(error, [&] {
    const Filled out(generation, "crayon_generation");
    const Use use(session);
    const crayon_generate_options how = read_options(options, "crayon_generate_options");
    Ending ending(how.cancel);
    const auto follow = [&](const generation::Progress& progress) {
      if (callback != nullptr && !progress.text.empty() &&
          call_back([&] { return callback(user, progress.text.data(), progress.text.size()); }) !=
              0) {
        ending.end();
      }
      return !ending.flag();
    };
    const generation::Generated done =
        use->conversation->generate(emphasised(prompt, how), to_generate_options(how), follow);
    give_text(done.text, text);
    out.fill(to_generation(done));
  });
}

crayon_code crayon_session_get_counters(crayon_session* session, crayon_counters* counters,
                                        crayon_error* error) {
  return guarded(error, [&] {
    check_not_null(counters, "a crayon_counters");
    const Filled out(counters, "crayon_counters");
    out.fill(Use(session)->conversation->counters());
  });
}
