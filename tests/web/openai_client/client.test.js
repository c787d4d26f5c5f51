// The official `openai` client, unmodified, against `crayon serve`. test_openai_client.py makes the
// models and runs this. Expectations are those of OpenAI's API reference.
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {createInterface} from "node:readline";
import {after, before, describe, test} from "node:test";
import OpenAI from "openai";

const [program, ...programArguments] = JSON.parse(process.env.WEB_COMMAND);
const QUESTION = [{role: "user", content: "What is the colour of the sky?"}];
const children = [];

// Starts a server; returns a client for it.
async function serve(model, ...options) {
  const child = spawn(program, [...programArguments, "serve", `${model}.crayon`, "--port", "0", "--json",
                                ...options], {stdio: ["ignore", "pipe", "inherit"]});
  children.push(child);
  for await (const line of createInterface({input: child.stdout})) {
    const client = new OpenAI({baseURL: `${JSON.parse(line).url}/v1`, apiKey: "any", maxRetries: 0,
                               timeout: 60_000});
    return {child, client};
  }
  throw new Error(`crayon serve ${model} ended before it began`);
}

after(() => { for (const child of children) child.kill("SIGKILL"); });

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function isRefused(kind, status, message, code) {
  return (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
    assert.match(error.message, message);
    if (code) assert.equal(error.code, code);
    assert.equal(typeof error.type, "string");
    return true;
  };
}

const sum = (numbers) => numbers.reduce((left, right) => left + right, 0);

describe("chat", () => {
  let client, greedy;
  const ask = (more = {}) => client.chat.completions.create(
      {model: "tiny", messages: QUESTION, max_tokens: 16, temperature: 0, ...more});

  before(async () => {
    ({client} = await serve("tiny", "--name", "tiny"));
    greedy = (await ask()).choices[0].message.content;
  });

  test("a whole reply", async () => {
    const reply = await ask();
    assert.equal(reply.object, "chat.completion");
    assert.match(reply.id, /^chatcmpl-/);
    assert.equal(reply.model, "tiny");
    assert.ok(Math.abs(reply.created - Date.now() / 1000) < 3600);
    assert.equal(reply.choices.length, 1);
    const [choice] = reply.choices;
    assert.equal(choice.index, 0);
    assert.equal(choice.message.role, "assistant");
    assert.equal(choice.message.content, greedy);
    assert.ok(["stop", "length"].includes(choice.finish_reason));
    const {prompt_tokens, completion_tokens, total_tokens} = reply.usage;
    assert.ok(prompt_tokens > 0 && completion_tokens > 0 && completion_tokens <= 16);
    assert.equal(total_tokens, prompt_tokens + completion_tokens);
    assert.equal(reply.x_crayon.route, "local");  // what is Crayon's own passes through
    assert.equal(reply.timings.predicted_n, completion_tokens);
  });

  test("the HTTP reply behind it", async () => {
    const {data, response} = await ask().withResponse();
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^application\/json/);
    assert.equal(data.choices[0].message.content, greedy);
  });

  test("all roles, and content in parts", async () => {
    const whole = await ask({messages: [
      {role: "system", content: "Be brief."}, {role: "user", content: "Hello there"},
      {role: "assistant", content: "Hello."}, ...QUESTION]});
    const parts = await ask({messages: [
      {role: "developer", content: "Be brief."},
      {role: "user", content: [{type: "text", text: "Hello "}, {type: "text", text: "there"}]},
      {role: "assistant", content: "Hello."}, ...QUESTION]});
    assert.equal(parts.choices[0].message.content, whole.choices[0].message.content);
    assert.equal(parts.usage.prompt_tokens, whole.usage.prompt_tokens);
  });

  test("the same seed, the same answer", async () => {
    const sampled = async (seed) =>
      (await ask({temperature: 1, seed})).choices[0].message.content;
    assert.equal(await sampled(7), await sampled(7));
    assert.ok(new Set([await sampled(7), await sampled(8), await sampled(9)]).size > 1);
  });

  test("max_completion_tokens ends an answer", async () => {
    const reply = await ask({max_tokens: undefined, max_completion_tokens: 3});
    assert.equal(reply.usage.completion_tokens, 3);
    assert.equal(reply.choices[0].finish_reason, "length");
  });

  test("a stop text ends an answer and is no part of it", async () => {
    const [stop] = greedy.slice(1).match(/[!-~]+/);
    const before = greedy.slice(0, greedy.indexOf(stop)).trimEnd();
    for (const form of [stop, ["never said", stop]]) {
      const [choice] = (await ask({stop: form})).choices;
      assert.equal(choice.message.content, before);
      assert.equal(choice.finish_reason, "stop");
    }
  });

  test("logprobs", async () => {
    const [choice] = (await ask({logprobs: true, top_logprobs: 3})).choices;
    const tokens = choice.logprobs.content;
    assert.ok(tokens.length > 1);
    for (const token of tokens) {
      assert.ok(token.logprob <= 0 && Number.isFinite(token.logprob));
      assert.equal(token.top_logprobs.length, 3);
      const ranks = token.top_logprobs.map((each) => each.logprob);
      assert.deepEqual(ranks, [...ranks].sort((left, right) => right - left));
      assert.ok(sum(ranks.map(Math.exp)) <= 1.0001);
      // At temperature 0, what is said is the likeliest.
      assert.deepEqual(token.top_logprobs[0].bytes, token.bytes);
      assert.equal(token.top_logprobs[0].logprob, token.logprob);
    }
    const text = Buffer.from(tokens.flatMap((token) => token.bytes)).toString();
    assert.equal(text.trim(), greedy);
    assert.equal((await ask()).choices[0].logprobs ?? null, null);
    const [none] = (await ask({logprobs: true})).choices;
    assert.deepEqual(none.logprobs.content.map((token) => token.top_logprobs),
                     tokens.map(() => []));
  });

  test("a JSON object, or as much of one as fits", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const [choice] = (await ask({response_format: {type: "json_object"}, temperature: 1, seed,
                                   max_tokens: 100})).choices;
      assert.match(choice.message.content, /^\{/);
      if (choice.finish_reason === "stop") {
        assert.equal(typeof JSON.parse(choice.message.content), "object");
      } else {
        assert.equal(choice.finish_reason, "length");
      }
    }
    await assert.rejects(ask({response_format: {type: "poem"}}),
                         isRefused(OpenAI.BadRequestError, 400, /response_format/));
  });

  test("a stream", async () => {
    const chunks = await collect(await ask({stream: true}));
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk" &&
                                      chunk.choices.length === 1 && chunk.model === "tiny"));
    assert.ok(chunks.length > 1);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), greedy);
    assert.deepEqual(chunks.map((chunk) => chunk.choices[0].finish_reason ?? null),
                     [...chunks.slice(1).map(() => null), "length"]);
  });

  test("a stream that accounts for its tokens", async () => {
    const {usage} = await ask();
    const chunks = await collect(
        await ask({stream: true, stream_options: {include_usage: true}}));
    const last = chunks.pop();
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.completion_tokens, usage.completion_tokens);
    assert.equal(last.usage.prompt_tokens, usage.prompt_tokens);
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1));
  });

  test("a stream with logprobs", async () => {
    const whole = (await ask({logprobs: true, top_logprobs: 2})).choices[0].logprobs.content;
    const chunks = await collect(await ask({stream: true, logprobs: true, top_logprobs: 2}));
    assert.deepEqual(chunks.flatMap((chunk) => chunk.choices[0].logprobs?.content ?? []), whole);
  });

  test("the client's own stream helper", async () => {
    const runner = client.chat.completions.stream(
        {model: "tiny", messages: QUESTION, max_tokens: 16, stream_options: {include_usage: true}});
    let said = "";
    runner.on("content", (delta) => { said += delta; });
    const whole = await runner.finalChatCompletion();
    assert.equal(said, greedy);
    assert.equal(whole.choices[0].message.content, greedy);
    assert.ok(whole.usage.completion_tokens > 0);
  });

  test("what is wrong with a request is named", async () => {
    const wrong = [[{temperature: 3}, /temperature/], [{max_tokens: 0}, /max_tokens/],
                   [{top_p: -1}, /top_p/], [{messages: []}, /messages/], [{n: 2}, /"n"/],
                   [{messages: [{role: "poet", content: "x"}]}, /role/], [{stop: [1]}, /stop/],
                   [{logprobs: true, top_logprobs: 1000}, /top_logprobs/]];
    for (const [field, message] of wrong) {
      await assert.rejects(ask(field), isRefused(OpenAI.BadRequestError, 400, message));
      await assert.rejects(ask({...field, stream: true}),
                           isRefused(OpenAI.BadRequestError, 400, message));
    }
    await assert.rejects(ask({messages: [{role: "user", content: "word ".repeat(2000)}]}),
                         isRefused(OpenAI.BadRequestError, 400, /./, "context_full"));
  });

  test("a model or a path that is not there", async () => {
    await assert.rejects(ask({model: "gpt-4o"}), isRefused(OpenAI.NotFoundError, 404, /gpt-4o/));
    await assert.rejects(client.models.retrieve("gpt-4o"),
                         isRefused(OpenAI.NotFoundError, 404, /gpt-4o/));
    await assert.rejects(client.post("/nothing", {body: {}}),
                         isRefused(OpenAI.NotFoundError, 404, /path/));
  });
});

describe("completions", () => {
  const PROMPT = "The sky is";
  let client;
  const complete = (more = {}) => client.completions.create(
      {model: "tiny", prompt: PROMPT, max_tokens: 8, temperature: 0, ...more});

  before(async () => { ({client} = await serve("tiny", "--name", "tiny")); });

  test("a whole reply", async () => {
    const reply = await complete();
    assert.equal(reply.object, "text_completion");
    assert.match(reply.id, /^cmpl-/);
    assert.equal(typeof reply.choices[0].text, "string");
    assert.equal(reply.choices[0].logprobs ?? null, null);
    assert.equal(reply.choices[0].finish_reason, "length");
    assert.equal(reply.usage.completion_tokens, 8);
  });

  test("a stream", async () => {
    const {text} = (await complete()).choices[0];
    const chunks = await collect(
        await complete({stream: true, stream_options: {include_usage: true}}));
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.text ?? "").join(""), text);
    assert.equal(chunks.at(-1).usage.completion_tokens, 8);
  });

  test("logprobs", async () => {
    const {logprobs} = (await complete({logprobs: 2})).choices[0];
    assert.equal(logprobs.tokens.length, 8);
    for (const name of ["token_logprobs", "top_logprobs", "text_offset"]) {
      assert.equal(logprobs[name].length, 8, name);
    }
    logprobs.token_logprobs.forEach((logprob, index) => {
      assert.ok(logprob <= 0);
      const likeliest = Object.values(logprobs.top_logprobs[index]);
      assert.ok(likeliest.length >= 1 && likeliest.length <= 2);
      assert.equal(Math.max(...likeliest), logprob);  // greedy
    });
  });

  test("echo tells the prompt's own logprobs", async () => {
    const plain = (await complete()).choices[0];
    const echoed = (await complete({echo: true, logprobs: 1})).choices[0];
    assert.equal(echoed.text, PROMPT + plain.text);
    const {tokens, token_logprobs, text_offset} = echoed.logprobs;
    assert.equal(token_logprobs[0], null);  // nothing stands before the first
    assert.ok(token_logprobs.slice(1).every((logprob) => logprob <= 0));
    const inPrompt = tokens.filter((_, index) => text_offset[index] < PROMPT.length);
    assert.equal(inPrompt.join(""), PROMPT);
    tokens.forEach((token, index) => {
      if (text_offset[index] < PROMPT.length) {
        assert.ok(PROMPT.slice(text_offset[index]).startsWith(token), `${index}: ${token}`);
      }
    });
    assert.equal(tokens.length, inPrompt.length + 8);
  });

  test("scoring without generating", async () => {
    const reply = await complete({echo: true, logprobs: 0, max_tokens: 0});
    assert.equal(reply.choices[0].text, PROMPT);
    assert.equal(reply.usage.completion_tokens, 0);
    const longer = (await complete({echo: true, logprobs: 0})).choices[0].logprobs;
    const {token_logprobs} = reply.choices[0].logprobs;
    assert.ok(token_logprobs.length > 1);
    assert.deepEqual(longer.token_logprobs.slice(0, token_logprobs.length), token_logprobs);
  });

  test("what is wrong with a request is named", async () => {
    for (const [field, message] of [[{prompt: 5}, /prompt/], [{logprobs: -1}, /logprobs/],
                                    [{max_tokens: -1}, /max_tokens/]]) {
      await assert.rejects(complete(field), isRefused(OpenAI.BadRequestError, 400, message));
    }
    await assert.rejects(complete({model: "other"}),
                         isRefused(OpenAI.NotFoundError, 404, /other/));
  });
});

describe("models", () => {
  let client;

  before(async () => { ({client} = await serve("base", "--adapter", "pool.crayon")); });

  test("list and retrieve", async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);
    assert.ok(models.every((model) => model.object === "model" &&
                                      typeof model.created === "number" && model.owned_by));
    const names = models.map((model) => model.id);
    assert.deepEqual([...names].sort(), ["base", "base:counting", "base:digits", "base:question",
                                         "base:shouting"]);
    for (const name of names) assert.equal((await client.models.retrieve(name)).id, name);
  });

  test("an adapter by its name", async () => {
    const answers = [];
    for (const model of ["base:counting", "base:digits", "base:counting"]) {
      const reply = await client.chat.completions.create({model, messages: QUESTION, max_tokens: 16});
      assert.equal(reply.model, model);
      answers.push(reply.choices[0].message.content);
    }
    assert.equal(answers[0], answers[2]);
    assert.notEqual(answers[0], answers[1]);
  });
});

test("a model's name may hold what a URL must spell otherwise", async () => {
  const name = "tiny model/1 50% é";
  const {client} = await serve("tiny", "--name", name);
  assert.equal((await client.models.list()).data[0].id, name);
  assert.equal((await client.models.retrieve(name)).id, name);
});

describe("embeddings", () => {
  let client;
  const INPUT = ["The sky is blue.", "Grass is green."];

  before(async () => { ({client} = await serve("tiny", "--name", "tiny")); });

  test("numbers, and the same in base64", async () => {
    // Asked for nothing, the client wants base64 and decodes it.
    const packed = await client.embeddings.create({model: "tiny", input: INPUT});
    const plain = await client.embeddings.create(
        {model: "tiny", input: INPUT, encoding_format: "float"});
    assert.deepEqual(packed.data.map((each) => each.index), [0, 1]);
    for (const [index, {object, embedding}] of plain.data.entries()) {
      assert.equal(object, "embedding");
      assert.equal(embedding.length, 64);
      assert.ok(Math.abs(sum(embedding.map((each) => each * each)) - 1) < 1e-3);  // of length 1
      embedding.forEach((value, at) =>
        assert.ok(Math.abs(value - packed.data[index].embedding[at]) < 1e-6));
    }
    assert.notDeepEqual(plain.data[0].embedding, plain.data[1].embedding);
    assert.ok(plain.usage.prompt_tokens > 1);
    assert.equal(plain.usage.total_tokens, plain.usage.prompt_tokens);
  });

  test("one text", async () => {
    const {data} = await client.embeddings.create({model: "tiny", input: INPUT[0]});
    assert.equal(data.length, 1);
  });

  test("what is wrong with a request is named", async () => {
    await assert.rejects(client.embeddings.create({model: "tiny", input: []}),
                         isRefused(OpenAI.BadRequestError, 400, /input/));
  });
});

test("an API key", async () => {
  const {client} = await serve("tiny", "--name", "tiny", "--api-key", "right");
  const request = {model: "tiny", messages: QUESTION, max_tokens: 2};
  for (const apiKey of ["wrong", "righ", "right2"]) {
    const other = client.withOptions({apiKey});
    await assert.rejects(other.chat.completions.create(request),
                         isRefused(OpenAI.AuthenticationError, 401, /API key/, "invalid_api_key"));
    await assert.rejects(other.models.list(), OpenAI.AuthenticationError);
  }
  const known = client.withOptions({apiKey: "right"});
  assert.equal((await known.models.list()).data[0].id, "tiny");
  assert.ok((await known.chat.completions.create(request)).usage.completion_tokens > 0);
});

// A server of one place with a model whose answer would take many minutes.
describe("a busy server", () => {
  let client;
  const request = {model: "long", messages: QUESTION, max_tokens: 8};

  before(async () => {
    ({client} = await serve("long", "--max-tokens", "1000000", "--context", "262144", "--parallel", "1",
                            "--queue", "0"));
  });

  // Until its first text has come; the rest is for the caller.
  async function occupy(options) {
    for (let attempt = 0; ; ++attempt) {
      try {
        const stream = await client.chat.completions.create(
            {...request, max_tokens: 200_000, stream: true}, options);
        const chunks = stream[Symbol.asyncIterator]();
        await chunks.next();
        return {stream, chunks};
      } catch (error) {  // an earlier request may still be on its way out
        if (!(error instanceof OpenAI.RateLimitError) || attempt > 300) throw error;
        await new Promise((resolve) => { setTimeout(resolve, 100); });
      }
    }
  }

  // That the place is free long before the answer would have ended.
  async function free() {
    const patient = client.withOptions({maxRetries: 30});
    assert.ok((await patient.chat.completions.create(request)).usage.completion_tokens > 0);
    // The server puts an answer away after it has sent it; until then the next one would be refused.
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }

  test("429, and a client that waits gets its turn", async () => {
    const {stream} = await occupy();
    await assert.rejects(client.chat.completions.create(request),
                         isRefused(OpenAI.RateLimitError, 429, /wait/, "queue_full"));
    setTimeout(() => stream.controller.abort(), 100);
    await free();
  });

  test("abort in mid-stream ends the server's work", async () => {
    const {stream, chunks} = await occupy();
    stream.controller.abort();
    for (let end = await chunks.next(); !end.done;) end = await chunks.next();  // does not throw
    await free();
  });

  test("a signal, too, and leaving the loop", async () => {
    const cancel = new AbortController();
    const {chunks} = await occupy({signal: cancel.signal});
    cancel.abort();
    for (let end = await chunks.next(); !end.done;) end = await chunks.next();
    await free();

    const stream = await client.chat.completions.create(
        {...request, max_tokens: 200_000, stream: true});
    for await (const chunk of stream) {
      assert.ok(chunk.choices);
      break;
    }
    await free();
  });

  test("a client's patience ends a request", async () => {
    await assert.rejects(
        client.chat.completions.create({...request, max_tokens: 200_000}, {timeout: 500}),
        OpenAI.APIConnectionTimeoutError);
    await free();
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 200);
    await assert.rejects(
        client.chat.completions.create({...request, max_tokens: 200_000}, {signal: cancel.signal}),
        OpenAI.APIUserAbortError);
    await free();
  });

  test("a server that dies is an error, not an end", async () => {
    const {child, client: other} = await serve("long", "--max-tokens", "1000000", "--context",
                                               "262144", "--parallel", "1");
    const stream = await other.chat.completions.create(
        {...request, max_tokens: 200_000, stream: true});
    await assert.rejects(async () => {
      for await (const chunk of stream) {
        assert.ok(chunk.choices);
        child.kill("SIGKILL");
      }
    });
    await assert.rejects(other.models.list(), OpenAI.APIConnectionError);
  });
});
