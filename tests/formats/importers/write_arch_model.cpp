// write_arch_model NAME gguf|hf OUT: writes a seeded model of an architecture as a GGUF file or a
// Hugging Face folder, for comparison with other implementations.

#include <cstdio>
#include <string>

#include "base/error.h"
#include "tests/formats/importers/arch_variants.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/seeded_model.h"

int main(int argc, char** argv) {
  using namespace crayon;
  if (argc != 4) {
    std::fputs("usage: write_arch_model NAME gguf|hf OUT\n", stderr);
    return 2;
  }
  try {
    const test::ArchVariant& variant = test::find_variant(argv[1]);
    const formats::ModelSource model = test::seeded_model(variant.config, test::arch_seed);
    if (std::string(argv[2]) == "hf") {
      test::write_huggingface_folder(model, variant.huggingface, argv[3]);
    } else if (std::string(argv[2]) == "gguf" && variant.gguf) {
      test::write_file(argv[3], test::model_gguf(model).bytes());
    } else {
      throw Error(Code::bad_argument, variant.name + " has no form " + argv[2]);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), error.hint().c_str());
    return 1;
  }
}
