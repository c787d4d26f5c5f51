#!/usr/bin/env bash
# The recipe of the shipped example models: generates the tasks, trains a tokenizer, a model for the
# device, a pool of adapters for it, a larger model for the server and a reader of long contexts,
# and packs all of it.
# Usage: scripts/train_examples.sh SIZE BOOKS FOLDER
#   SIZE    cpu  what examples/models and examples/pool hold: about four hours of one core
#           gpu  wider models and many more tokens: about 40 minutes on one large GPU
#   BOOKS   public-domain books, a .txt or .txt.zst
#   FOLDER  gets everything; started again, it goes on where it was interrupted
# CRAYON_BUILD names the build folder (build/native); CRAYON_TRAIN_PROGRAM another crayon-train, such
# as one that was built against a libtorch with CUDA.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

size=${1:-} books=${2:-} folder=${3:-}
if [ $# -ne 3 ] || [ ! -f "$books" ]; then
  sed -n 's/^# \{0,1\}//; 5,9p' "$0" >&2
  exit 2
fi
books=$(realpath "$books")
build=$(realpath "${CRAYON_BUILD:-$root/build/native}")
# The runtime's tokenizer is needed for shards; only the training itself may run elsewhere.
crayon=$build/cli/crayon
prepare=$build/train/crayon-train
train=${CRAYON_TRAIN_PROGRAM:-$prepare}
for program in "$crayon" "$prepare" "$train"; do
  [ -x "$program" ] || { echo "there is no $program: cmake --build --preset native" >&2; exit 4; }
done

# What is trained, on how much. `cpu` is what was run for the shipped models; the budgets of `gpu`
# are estimated. `more` multiplies the generated items.
case $size in
  cpu)
    more=1 book_bytes=24000000 book_tokens=4000000
    machine=(--type bf16 --threads 1)
    device=(--dim 192 --layers 6 --heads 6 --kv-heads 2 --hidden 512)
    copying_run=(--tokens 9M --batch-tokens 3072)
    device_run=(--tokens 12M --batch-tokens 3072)
    pool_run=(--tokens 4M --batch-tokens 2560)
    server_start=(--from device --grow 12)  # twice as deep, and the same function at first
    server_run=(--tokens 4M --batch-tokens 3072)
    near_run=(--tokens 2M --batch-tokens 3072)
    reader_run=(--tokens 2865k --batch-tokens 3584)
    ;;
  gpu)
    more=5 book_bytes=110000000 book_tokens=30000000
    machine=(--type bf16 --device cuda)
    device=(--dim 256 --layers 6 --heads 8 --kv-heads 4 --hidden 704)
    copying_run=(--tokens 100M --batch-tokens 65536)
    device_run=(--tokens 200M --batch-tokens 65536)
    pool_run=(--tokens 60M --batch-tokens 65536)
    server_start=(--tokenizer tokenizer --dim 512 --layers 8 --heads 8 --kv-heads 4 --hidden 1408)
    server_run=(--tokens 300M --batch-tokens 65536)
    near_run=(--tokens 40M --batch-tokens 65536)
    reader_run=(--tokens 150M --batch-tokens 65536)
    ;;
  *) echo "the size is cpu or gpu, not $size" >&2; exit 2 ;;
esac
rates=(--optimizer muon --muon-rate 0.006 --rate 2e-3 --warmup 0.01 --decay 0.35)
# The reader goes on from a trained model: lower.
reader_rates=(--optimizer muon --muon-rate 0.004 --rate 1.3e-3)

mkdir -p "$folder"
cd "$folder"

# make_file FILE COMMAND...: runs a command that writes FILE on standard output or, where it has `-o`,
# itself, unless an earlier start has made it.
make_file() {
  local file=$1
  shift
  [ ! -e "$file" ] || return 0
  echo "== $file"
  case " $* " in
    *' -o '*) "$@" ;;
    *) "$@" >"$file.part" && mv "$file.part" "$file" ;;
  esac
}
# learn FOLDER VERB ARGUMENTS...: one run of training, or what is left of it.
learn() {
  local output=$1
  shift
  [ ! -e "$output/done" ] || return 0
  echo "== $output"
  "$train" "$@" -o "$output" "${machine[@]}" --resume
  touch "$output/done"
}
generate() { "$prepare" tasks "$@"; }
every() { awk -v step="$1" 'NR % step == 1' "$2"; }
first_bytes() {
  # zstd is told to stop when head has had enough: that is no error.
  case $books in
    *.zst) { zstd -dcq "$books" || true; } | head -c "$1" ;;
    *) head -c "$1" "$books" ;;
  esac
}

skills() {
  generate --set skills -n $((more * 11000)) --seed 1
  generate --set skills -n $((more * 9000)) --seed 2 list_value list_key word_next word_previous
}
copies() {
  generate --set skills -n $((more * 12000)) --seed 21 list_copy list_copy_from
  generate --set skills -n $((more * 6000)) --seed 22 list_value word_next
}
sample() { every 8 skills.jsonl; every 9 base.jsonl; cat custom.jsonl; }
server_items() {
  cat base.jsonl
  generate --set custom -n $((more * 2000)) --seed 6
}

long() { generate --set long "$@"; }
# Contexts of up to 300 tokens, then of up to 900, all within the model's 1024 with their questions.
near_items() {
  local lengths=60,80,100,120,140,160,180,200,230,260,300
  long -n $((more * 2000)) --seed 31 --length "40,$lengths" --filler filler.txt
  long -n $((more * 3000)) --seed 32 --length "$lengths" \
    long_log_several long_code_several needle_several
}
far_items() {
  local lengths=60,100,150,200,250,300,350,400,500,600,700
  long -n $((more * 3000)) --seed 41 --length "$lengths,830" \
    long_log_unit long_code_meaning long_code_action
  long -n $((more * 1500)) --seed 41 --length "$lengths,830" \
    long_log_event long_log_time needle_in_log needle_in_manual
  long -n $((more * 2000)) --seed 41 --length "$lengths,750" long_code_several
  long -n $((more * 1000)) --seed 41 --length "$lengths,750" long_log_several needle_several
  # A book's words have more tokens than a manual's.
  long -n $((more * 1500)) --seed 41 --length "$lengths" --filler filler.txt needle_in_text
}
reader_skills() {
  generate --set skills -n $((more * 6000)) --seed 51
  generate --set skills -n $((more * 6000)) --seed 52 list_value list_key word_next word_previous
  generate --set skills -n $((more * 2000)) --seed 53 list_copy list_copy_from
}

make_file books.txt first_bytes "$book_bytes"
make_file skills.jsonl skills
make_file copies.jsonl copies
make_file base.jsonl generate --set base -n $((more * 4000)) --seed 3
make_file custom.jsonl generate --set custom -n 50 --seed 4
make_file server.jsonl server_items
make_file filler.txt first_bytes 3000000
make_file near.jsonl near_items
make_file far.jsonl far_items
make_file reader-skills.jsonl reader_skills

make_file some-books.txt first_bytes 6000000
make_file sample.jsonl sample
make_file tokenizer "$prepare" tokenizer some-books.txt sample.jsonl --vocab 4096 -o tokenizer
make_file books.tokens "$prepare" encode books.txt --tokenizer tokenizer --chunk 256,1024 \
  --limit-tokens "$book_tokens" -o books.tokens
make_file short-books.tokens "$prepare" encode books.txt --tokenizer tokenizer --chunk 256 \
  --limit-tokens 1500000 -o short-books.tokens
make_file long-books.tokens "$prepare" encode books.txt --tokenizer tokenizer --chunk 512,1024 \
  --limit-tokens "$book_tokens" -o long-books.tokens
for name in skills copies base server near far reader-skills; do
  make_file "$name.tokens" "$prepare" encode "$name.jsonl" --tokenizer tokenizer -o "$name.tokens"
done

# First a third of lists to be copied, from whose every token it learns to look back at all.
learn copying pretrain books.tokens=0.1 copies.tokens=0.3 skills.tokens=0.6 --tokenizer tokenizer \
  --prompt-weight 0 --seed 1 "${device[@]}" "${copying_run[@]}" "${rates[@]}"
learn device pretrain books.tokens=0.15 copies.tokens=0.05 skills.tokens=0.8 --from copying \
  --prompt-weight 0 --seed 2 "${device_run[@]}" "${rates[@]}"
learn pool pool device base.tokens --size 8 --rank 8 --tau 0.01 --rate 4e-3 --seed 1 \
  "${pool_run[@]}"
learn server pretrain server.tokens=0.7 skills.tokens=0.2 books.tokens=0.1 \
  --prompt-weight 0 --seed 1 "${server_start[@]}" "${server_run[@]}" "${rates[@]}"

# The shipped reader went on from the shipped device.crayon, with its int8 weights as floats.
learn near pretrain near.tokens=0.75 reader-skills.tokens=0.15 short-books.tokens=0.1 \
  --from device --prompt-weight 0 --seed 3 "${near_run[@]}" "${reader_rates[@]}" --warmup 0.02 --decay 0
learn reader pretrain far.tokens=0.77 reader-skills.tokens=0.1 long-books.tokens=0.13 --from near \
  --prompt-weight 0 --seed 4 "${reader_run[@]}" "${reader_rates[@]}" --warmup 0.01 --decay 0.3

make_file device.crayon "$crayon" pack device -o device.crayon
make_file server.crayon "$crayon" pack server -o server.crayon
make_file reader.crayon "$crayon" pack reader -o reader.crayon
make_file pool.crayon "$crayon" pack-pool pool --base device.crayon -o pool.crayon
for model in device server reader; do
  make_file "$model.svg" "$root/bench/customization/loss_chart.py" "$model/loss.csv" \
    --title "Training loss of the $model model"
done
echo "== device.crayon, server.crayon, reader.crayon and pool.crayon are in $PWD"
