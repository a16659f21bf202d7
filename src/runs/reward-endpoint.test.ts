import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Answer } from "../mdp/index.ts";
import { rewardEndpoint } from "./reward-endpoint.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that answers the k-th request by a function; gives its address and what it was asked. */
async function serving(answer: (items: { prompt: string; response: string }[], reply: ServerResponse, call: number) => void) {
  const sizes: number[] = [];
  const own = createServer((request, reply) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      const { items } = JSON.parse(body);
      sizes.push(items.length);
      answer(items, reply, sizes.length);
    });
  });
  server = own;
  await new Promise<void>((done) => own.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(own.address() as AddressInfo).port}/`, sizes };
}

const answers = Array.from({ length: 5 }, (_, i): Answer => ({ x: Int32Array.of(i), y: { actions: Int32Array.of(2 * i) } }));
const texts = ({ x, y }: Answer) => ({ prompt: String(x[0]), response: String(y.actions[0]) });
const scores = (items: readonly { response: string }[]) =>
  JSON.stringify({ scores: items.map(({ response }) => Number(response)) });
const quick = { patience: 0.001, timeout: 2 };

describe("a reward on the other side of the network", () => {
  it("is asked in batches and answers in order", async () => {
    const { url, sizes } = await serving((items, reply) => reply.end(scores(items)));
    expect([...(await rewardEndpoint(url, texts, { batch: 2 })(answers))]).toEqual([0, 2, 4, 6, 8]);
    expect(sizes).toEqual([2, 2, 1]);
  });

  it("is asked again where it is busy, fails, or is slow", async () => {
    const { url, sizes } = await serving((items, reply, call) => {
      if (call === 1) reply.writeHead(503).end();
      else if (call === 2) reply.writeHead(429).end();
      else if (call > 3) reply.end(scores(items)); // the third request gets no answer
    });
    expect([...(await rewardEndpoint(url, texts, quick)(answers))]).toEqual([0, 2, 4, 6, 8]);
    expect(sizes.length).toBe(4);
  });

  it.each([
    ["slow", (_: ServerResponse) => {}, /no answer within 0.1 s; tried 2 times, is the server running\?/],
    ["failing", (reply: ServerResponse) => reply.writeHead(500).end(), /it answered with status 500; tried 2 times$/],
    ["elsewhere", (reply: ServerResponse) => reply.writeHead(404).end(), /it answered with status 404, expected 200$/],
    [
      "answering NaN",
      (reply: ServerResponse) => reply.end('{"scores":[1,2,null,4,5]}'),
      /score 3 of 5 is null, expected a finite/,
    ],
    [
      "too short",
      (reply: ServerResponse) => reply.end('{"scores":[1]}'),
      /it gave 1 of the 5 scores that were asked for, expected one each/,
    ],
    ["answering the word NaN", (reply: ServerResponse) => reply.end('{"scores":[NaN,2,3,4,5]}'), /which is not JSON, expected/],
    [
      "answering a number as text",
      (reply: ServerResponse) => reply.end('{"scores":["1",2,3,4,5]}'),
      /score 1 of 5 is "1", expected/,
    ],
    ["too long", (reply: ServerResponse) => reply.end('{"scores":[1,2,3,4,5,6]}'), /it gave 6 of the 5 scores/],
    ["another thing", (reply: ServerResponse) => reply.end("[1,2,3,4,5]"), /it answered "\[1,2,3,4,5\]", expected \{"scores"/],
    [
      "cut off",
      (reply: ServerResponse) => void reply.write('{"scores":[1,', () => reply.destroy()),
      /it closed the connection in the middle of its answer; tried 2 times/,
    ],
    ["a page", (reply: ServerResponse) => reply.end("<html>"), /it answered "<html>", which is not JSON/],
  ])("says so where it is %s", async (name, answer, message) => {
    const { url } = await serving((_items, reply) => answer(reply));
    const timeout = name === "slow" ? 0.1 : quick.timeout;
    await expect(rewardEndpoint(url, texts, { ...quick, timeout, retries: 1 })(answers)).rejects.toThrow(message);
  });

  it("says so where nobody is there", async () => {
    const { url } = await serving(() => {});
    await new Promise((done) => server?.close(done));
    await expect(rewardEndpoint(url, texts, { ...quick, retries: 0 })(answers)).rejects.toThrow(
      /it can't be reached \(ECONNREFUSED\); tried 1 time,/,
    );
  });

  it.each([
    ["nonsense", {}, /nonsense: expected an address such as/],
    ["http://localhost/", { batch: 0 }, /batch is 0, expected a whole number from 1 on/],
    ["http://localhost/", { retries: -1 }, /retries is -1, expected a whole number from 0 on/],
    ["http://localhost/", { timeout: 0 }, /timeout is 0, expected seconds, more than 0/],
    ["http://localhost/", { timeout: Number.NaN }, /timeout is NaN/],
  ])("at %s with %j is refused before anything is asked", (url, options, message) => {
    expect(() => rewardEndpoint(url, texts, options)).toThrow(message);
  });
});
