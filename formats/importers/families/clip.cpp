// The towers of CLIP (Radford et al. 2021) under the names of Hugging Face's CLIPModel, and under
// those of the first release, which OpenCLIP (Ilharco et al. 2021) has kept.
#include <array>

#include "formats/importers/families/families.h"

namespace crayon::importers {
namespace {

constexpr std::array text_tensors = {
    TensorRule{"token_embedding", "", "text_model.embeddings.token_embedding.weight"},
    TensorRule{"position_embedding", "", "text_model.embeddings.position_embedding.weight"},
    TensorRule{"layers.N.attention_norm", "", "text_model.encoder.layers.N.layer_norm1.weight"},
    TensorRule{"layers.N.q", "", "text_model.encoder.layers.N.self_attn.q_proj.weight"},
    TensorRule{"layers.N.k", "", "text_model.encoder.layers.N.self_attn.k_proj.weight"},
    TensorRule{"layers.N.v", "", "text_model.encoder.layers.N.self_attn.v_proj.weight"},
    TensorRule{"layers.N.o", "", "text_model.encoder.layers.N.self_attn.out_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "", "text_model.encoder.layers.N.layer_norm2.weight"},
    TensorRule{"layers.N.up", "", "text_model.encoder.layers.N.mlp.fc1.weight"},
    TensorRule{"layers.N.down", "", "text_model.encoder.layers.N.mlp.fc2.weight"},
    TensorRule{"output_norm", "", "text_model.final_layer_norm.weight"},
    TensorRule{"output_projection", "", "text_projection.weight"},
};

constexpr std::array image_tensors = {
    TensorRule{"patch_embedding", "", "vision_model.embeddings.patch_embedding.weight"},
    TensorRule{"class_embedding", "", "vision_model.embeddings.class_embedding"},
    TensorRule{"position_embedding", "", "vision_model.embeddings.position_embedding.weight"},
    TensorRule{"input_norm", "", "vision_model.pre_layrnorm.weight"},
    TensorRule{"layers.N.attention_norm", "", "vision_model.encoder.layers.N.layer_norm1.weight"},
    TensorRule{"layers.N.q", "", "vision_model.encoder.layers.N.self_attn.q_proj.weight"},
    TensorRule{"layers.N.k", "", "vision_model.encoder.layers.N.self_attn.k_proj.weight"},
    TensorRule{"layers.N.v", "", "vision_model.encoder.layers.N.self_attn.v_proj.weight"},
    TensorRule{"layers.N.o", "", "vision_model.encoder.layers.N.self_attn.out_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "", "vision_model.encoder.layers.N.layer_norm2.weight"},
    TensorRule{"layers.N.up", "", "vision_model.encoder.layers.N.mlp.fc1.weight"},
    TensorRule{"layers.N.down", "", "vision_model.encoder.layers.N.mlp.fc2.weight"},
    TensorRule{"output_norm", "", "vision_model.post_layernorm.weight"},
    TensorRule{"output_projection", "", "visual_projection.weight"},
};

constexpr std::array open_text_tensors = {
    TensorRule{"token_embedding", "", "token_embedding.weight"},
    TensorRule{"position_embedding", "", "positional_embedding"},
    TensorRule{"layers.N.attention_norm", "", "transformer.resblocks.N.ln_1.weight"},
    TensorRule{"layers.N.q", "", "transformer.resblocks.N.attn.in_proj_weight"},
    TensorRule{"layers.N.k", "", "transformer.resblocks.N.attn.in_proj_weight"},
    TensorRule{"layers.N.v", "", "transformer.resblocks.N.attn.in_proj_weight"},
    TensorRule{"layers.N.o", "", "transformer.resblocks.N.attn.out_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "", "transformer.resblocks.N.ln_2.weight"},
    TensorRule{"layers.N.up", "", "transformer.resblocks.N.mlp.c_fc.weight"},
    TensorRule{"layers.N.down", "", "transformer.resblocks.N.mlp.c_proj.weight"},
    TensorRule{"output_norm", "", "ln_final.weight"},
    TensorRule{"output_projection", "", "text_projection", /*transposed=*/true},
};

constexpr std::array open_image_tensors = {
    TensorRule{"patch_embedding", "", "visual.conv1.weight"},
    TensorRule{"class_embedding", "", "visual.class_embedding"},
    TensorRule{"position_embedding", "", "visual.positional_embedding"},
    TensorRule{"input_norm", "", "visual.ln_pre.weight"},
    TensorRule{"layers.N.attention_norm", "", "visual.transformer.resblocks.N.ln_1.weight"},
    TensorRule{"layers.N.q", "", "visual.transformer.resblocks.N.attn.in_proj_weight"},
    TensorRule{"layers.N.k", "", "visual.transformer.resblocks.N.attn.in_proj_weight"},
    TensorRule{"layers.N.v", "", "visual.transformer.resblocks.N.attn.in_proj_weight"},
    TensorRule{"layers.N.o", "", "visual.transformer.resblocks.N.attn.out_proj.weight"},
    TensorRule{"layers.N.mlp_norm", "", "visual.transformer.resblocks.N.ln_2.weight"},
    TensorRule{"layers.N.up", "", "visual.transformer.resblocks.N.mlp.c_fc.weight"},
    TensorRule{"layers.N.down", "", "visual.transformer.resblocks.N.mlp.c_proj.weight"},
    TensorRule{"output_norm", "", "visual.ln_post.weight"},
    TensorRule{"output_projection", "", "visual.proj", /*transposed=*/true},
};

constexpr Architecture row(std::span<const TensorRule> tensors) {
  return {.name = "clip", .huggingface = "CLIPModel", .tensors = tensors, .sizes = {}};
}

constexpr ClipTensors huggingface_names{row(text_tensors), row(image_tensors)};
constexpr ClipTensors open_clip_names{row(open_text_tensors), row(open_image_tensors)};

}  // namespace

const ClipTensors& huggingface_clip() {
  return huggingface_names;
}

const ClipTensors& open_clip() {
  return open_clip_names;
}

}  // namespace crayon::importers
