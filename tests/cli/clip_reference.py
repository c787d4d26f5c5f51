"""CLIP (Radford et al. 2021) written down plainly in numpy, and folders of random weights for it: what
`crayon embed` is compared with, and shares nothing with."""
import dataclasses
import json
import struct

import numpy


@dataclasses.dataclass
class Tower:
    """Sizes of one tower. `positions`: of tokens, or of patches and the class token."""
    dim: int
    layers: int
    heads: int
    hidden: int
    positions: int


@dataclasses.dataclass
class Shape:
    text: Tower
    image: Tower
    vocabulary: int
    side: int      # pixels of an image
    patch: int     # pixels of a patch
    output: int    # numbers of an embedding
    quick: bool = True


VIT_B32 = Shape(Tower(512, 12, 8, 2048, 77), Tower(768, 12, 12, 3072, 50), 49408, 224, 32, 512)
VIT_B16 = Shape(Tower(512, 12, 8, 2048, 77), Tower(768, 12, 12, 3072, 197), 49408, 224, 16, 512)


def random_weights(shape, seed):
    """All tensors under the names of Hugging Face's CLIPModel, float32."""
    source = numpy.random.default_rng(seed)
    weights = {}

    def matrix(name, *sizes, deviation=None):
        inputs = numpy.prod(sizes[1:])
        weights[name] = source.normal(0, deviation or inputs ** -0.5, sizes).astype("float32")

    def vector(name, size, mean):
        weights[name] = (mean + source.normal(0, 0.1, size)).astype("float32")

    def norm(name, size):
        vector(name + ".weight", size, 1)
        vector(name + ".bias", size, 0)

    def linear(name, outputs, inputs):
        matrix(name + ".weight", outputs, inputs)
        vector(name + ".bias", outputs, 0)

    def tower(prefix, sizes):
        for layer in range(sizes.layers):
            here = f"{prefix}.encoder.layers.{layer}"
            norm(here + ".layer_norm1", sizes.dim)
            for which in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(f"{here}.self_attn.{which}", sizes.dim, sizes.dim)
            norm(here + ".layer_norm2", sizes.dim)
            linear(here + ".mlp.fc1", sizes.hidden, sizes.dim)
            linear(here + ".mlp.fc2", sizes.dim, sizes.hidden)

    matrix("text_model.embeddings.token_embedding.weight", shape.vocabulary, shape.text.dim,
           deviation=1)
    matrix("text_model.embeddings.position_embedding.weight", shape.text.positions, shape.text.dim,
           deviation=0.3)
    tower("text_model", shape.text)
    norm("text_model.final_layer_norm", shape.text.dim)
    matrix("text_projection.weight", shape.output, shape.text.dim)
    matrix("vision_model.embeddings.patch_embedding.weight", shape.image.dim, 3, shape.patch,
           shape.patch)
    vector("vision_model.embeddings.class_embedding", shape.image.dim, 0)
    matrix("vision_model.embeddings.position_embedding.weight", shape.image.positions,
           shape.image.dim, deviation=0.3)
    norm("vision_model.pre_layrnorm", shape.image.dim)
    tower("vision_model", shape.image)
    norm("vision_model.post_layernorm", shape.image.dim)
    matrix("visual_projection.weight", shape.output, shape.image.dim)
    weights["logit_scale"] = numpy.float32(2.5).reshape(())
    return weights


def open_clip_names(weights):
    """The same tensors under the names of the first release, which OpenCLIP has kept."""
    renamed = {"logit_scale": weights["logit_scale"],
               "text_projection": weights["text_projection.weight"].T,
               "visual.proj": weights["visual_projection.weight"].T,
               "visual.class_embedding": weights["vision_model.embeddings.class_embedding"],
               "visual.conv1.weight": weights["vision_model.embeddings.patch_embedding.weight"],
               "visual.positional_embedding":
                   weights["vision_model.embeddings.position_embedding.weight"],
               "positional_embedding":
                   weights["text_model.embeddings.position_embedding.weight"],
               "token_embedding.weight": weights["text_model.embeddings.token_embedding.weight"]}
    for old, new in (("text_model.final_layer_norm", "ln_final"),
                     ("vision_model.pre_layrnorm", "visual.ln_pre"),
                     ("vision_model.post_layernorm", "visual.ln_post")):
        for kind in ("weight", "bias"):
            renamed[f"{new}.{kind}"] = weights[f"{old}.{kind}"]
    for old, new in (("text_model", "transformer"), ("vision_model", "visual.transformer")):
        layer = 0
        while f"{old}.encoder.layers.{layer}.layer_norm1.weight" in weights:
            before = f"{old}.encoder.layers.{layer}"
            after = f"{new}.resblocks.{layer}"
            for kind in ("weight", "bias"):
                renamed[f"{after}.attn.in_proj_{kind}"] = numpy.concatenate(
                    [weights[f"{before}.self_attn.{which}_proj.{kind}"] for which in "qkv"])
                for from_name, to_name in (("self_attn.out_proj", "attn.out_proj"),
                                           ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                                           ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")):
                    renamed[f"{after}.{to_name}.{kind}"] = weights[f"{before}.{from_name}.{kind}"]
            layer += 1
    return renamed


def write_safetensors(path, weights):
    header, offset = {}, 0
    for name, values in weights.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape),
                        "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in weights.values():
            file.write(numpy.ascontiguousarray(values).tobytes())


def write_tokenizer(folder, words):
    """A CLIP tokenizer that knows `words` and single letters: what it takes to embed them."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = letters + [letter + "</w>" for letter in letters]
    merges = []
    for word in words:
        whole = word[0]
        for i, letter in enumerate(word[1:], 1):
            end = "</w>" if i + 1 == len(word) else ""
            merges.append(f"{whole} {letter}{end}")
            whole += letter + end
            pieces.append(whole)
    pieces = list(dict.fromkeys(pieces)) + ["<|startoftext|>", "<|endoftext|>"]
    merges = list(dict.fromkeys(merges))
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "CLIPTokenizer", "bos_token": "<|startoftext|>",
         "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}))
    return len(pieces)


def huggingface_config(shape):
    def tower(sizes):
        return {"hidden_size": sizes.dim, "intermediate_size": sizes.hidden,
                "num_hidden_layers": sizes.layers, "num_attention_heads": sizes.heads,
                "hidden_act": "quick_gelu" if shape.quick else "gelu", "layer_norm_eps": 1e-5}
    return {"architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": shape.output,
            "logit_scale_init_value": 2.6592,
            "text_config": {**tower(shape.text), "vocab_size": shape.vocabulary,
                            "max_position_embeddings": shape.text.positions},
            "vision_config": {**tower(shape.image), "image_size": shape.side,
                              "patch_size": shape.patch}}


def open_clip_config(shape):
    return {"model_cfg": {"embed_dim": shape.output, "quick_gelu": shape.quick,
                          "vision_cfg": {"image_size": shape.side, "layers": shape.image.layers,
                                         "width": shape.image.dim, "patch_size": shape.patch,
                                         "head_width": shape.image.dim // shape.image.heads,
                                         "mlp_ratio": shape.image.hidden / shape.image.dim},
                          "text_cfg": {"context_length": shape.text.positions,
                                       "vocab_size": shape.vocabulary, "width": shape.text.dim,
                                       "heads": shape.text.heads, "layers": shape.text.layers,
                                       "mlp_ratio": shape.text.hidden / shape.text.dim}},
            "preprocess_cfg": {"mean": [0.48145466, 0.4578275, 0.40821073],
                               "std": [0.26862954, 0.26130258, 0.27577711]}}


def norm(weights, name, x):
    x = x - x.mean(-1, keepdims=True)
    x = x / numpy.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)
    return x * weights[name + ".weight"] + weights[name + ".bias"]


def linear(weights, name, x):
    return x @ weights[name + ".weight"].T + weights[name + ".bias"]


def gelu(x, quick):
    if quick:
        return x / (1 + numpy.exp(-1.702 * x))
    import math
    return x / 2 * (1 + numpy.vectorize(math.erf)(x / math.sqrt(2)))


def attention(weights, name, x, heads, mask):
    """mask [tokens][tokens]: added to the scores."""
    tokens, dim = x.shape

    def split(which):
        return linear(weights, f"{name}.{which}", x).reshape(tokens, heads, -1).swapaxes(0, 1)
    scores = split("q_proj") @ split("k_proj").swapaxes(1, 2) / numpy.sqrt(dim // heads) + mask
    scores = numpy.exp(scores - scores.max(-1, keepdims=True))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ split("v_proj")
    return linear(weights, f"{name}.out_proj", mixed.swapaxes(0, 1).reshape(tokens, dim))


def run(weights, prefix, sizes, x, masks, quick):
    for layer in range(sizes.layers):
        here = f"{prefix}.encoder.layers.{layer}"
        x = x + attention(weights, here + ".self_attn", norm(weights, here + ".layer_norm1", x),
                          sizes.heads, masks[layer])
        inner = gelu(linear(weights, here + ".mlp.fc1", norm(weights, here + ".layer_norm2", x)),
                     quick)
        x = x + linear(weights, here + ".mlp.fc2", inner)
    return x


def unit(x):
    return x / numpy.linalg.norm(x)


def in_doubles(weights):
    return {name: values.astype("float64") for name, values in weights.items()}


def embed_text(shape, weights, ids, token_weights=None, first_layer=0):
    """ids with start and end; token_weights as SToRI has them (Kim et al. 2024)."""
    x = weights["text_model.embeddings.token_embedding.weight"][ids]
    x = x + weights["text_model.embeddings.position_embedding.weight"][:len(ids)]
    causal = numpy.triu(numpy.full((len(ids), len(ids)), -numpy.inf), 1)
    with numpy.errstate(divide="ignore"):
        stressed = causal + numpy.log(numpy.ones(len(ids)) if token_weights is None
                                      else numpy.asarray(token_weights, "float64"))
    masks = [stressed if layer >= first_layer else causal for layer in range(shape.text.layers)]
    x = run(weights, "text_model", shape.text, x, masks, shape.quick)
    x = norm(weights, "text_model.final_layer_norm", x[-1])
    return unit(weights["text_projection.weight"] @ x)


def embed_image(shape, weights, pixels):
    """pixels [3][side][side], scaled."""
    count = shape.side // shape.patch
    patches = pixels.reshape(3, count, shape.patch, count, shape.patch)
    patches = patches.transpose(1, 3, 0, 2, 4).reshape(count * count, -1)
    kernel = weights["vision_model.embeddings.patch_embedding.weight"]
    x = numpy.concatenate([weights["vision_model.embeddings.class_embedding"][None],
                           patches @ kernel.reshape(shape.image.dim, -1).T])
    x = x + weights["vision_model.embeddings.position_embedding.weight"]
    x = norm(weights, "vision_model.pre_layrnorm", x)
    x = run(weights, "vision_model", shape.image, x, [0] * shape.image.layers, shape.quick)
    x = norm(weights, "vision_model.post_layernorm", x[0])
    return unit(weights["visual_projection.weight"] @ x)


def scaled(rgb):
    """uint8 [side][side][3] -> [3][side][side] as CLIP reads it."""
    mean = numpy.array([0.48145466, 0.4578275, 0.40821073])
    deviation = numpy.array([0.26862954, 0.26130258, 0.27577711])
    return ((rgb / 255 - mean) / deviation).transpose(2, 0, 1)


def write_ppm(path, rgb):
    path.write_bytes(b"P6 %d %d 255\n" % (rgb.shape[1], rgb.shape[0]) + rgb.tobytes())
