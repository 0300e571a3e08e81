#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Read findings from Redis with a consumer group, one line each, in Node. Needs node-redis 4 (npm install redis; Debian: node-redis,
// and NODE_PATH=/usr/share/nodejs where node is not Debian's). docs/stream.md explains the steps; consume.py is the same in Python.
//
//     consume.mjs --url unix:///run/redis/redis.sock --group oncall --route page
//
// Run several with the same --group and different --consumer to share the work. Handle a finding in firing(), revised(), resolved().
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";

const { createClient } = createRequire(import.meta.url)("redis"); // require, as import knows no NODE_PATH

const ROUTES = ["page", "ticket", "log"];
const text = (value) => ({ type: "string", default: value });
const { values: args } = parseArgs({
  options: {
    url: text("redis://127.0.0.1:6379/0"), username: text(), "password-file": text(), prefix: text("oddline"), shard: text("0"),
    route: { type: "string", multiple: true, default: ROUTES }, group: text("samples"), consumer: text(hostname()),
    "claim-after": text("60"), once: { type: "boolean", default: false },
  },
});

// Log text on a terminal: what could steer it is shown as an escape.
const safe = (value) =>
  String(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");

// ---- what is done with a finding: an exception leaves it unacknowledged, so it comes again ----

const show = (word, fields, finding) =>
  console.log(safe(`${fields.route.toUpperCase().padEnd(6)} ${word.padEnd(8)} ${finding.starts_at}  ` +
    `${fields.host}/${fields.stream}  ${finding.summary}  (${finding.id}, n ${fields.n})`));

async function firing(fields, finding) {
  show("firing", fields, finding); // it begins: open something under finding.id
}
async function revised(fields, finding) {
  show("revised", fields, finding); // the same id, there is more to say of it: change what is there
}
async function resolved(fields, finding) {
  show("resolved", fields, finding); // it is over: close what is there, if anything
}

async function handle(fields) {
  const finding = JSON.parse(fields.data);
  const what = finding.status === "resolved" ? resolved : finding.revision > 0 ? revised : firing;
  await what(fields, finding);
}

// ---- the steps of a consumer ----

const keys = args.route.map((route) => `${args.prefix}:{${args.shard}}:${route}`);
const last = new Map(); // "host epoch route" -> n: `prev` shows what never came
const KEPT = 100000, handled = new Set(); // "host epoch route n": once. A lower n than the last may be what a peer that died had taken

async function take(client, key, [entry, list]) {
  const fields = {};
  for (let i = 0; list && i < list.length; i += 2) fields[list[i]] = list[i + 1];
  const who = `${fields.host} ${fields.epoch} ${fields.route}`;
  const before = last.get(who), n = BigInt(fields.n ?? 0);
  if (!list) {
    console.error(`gone: ${key} ${entry} was trimmed before it was acknowledged`);
  } else if (handled.has(`${who} ${n}`)) {
    console.error(`duplicate: ${safe(fields.host)} n ${n}`);
  } else {
    await handle(fields);
    if (before !== undefined && n > before && BigInt(fields.prev) !== before)
      console.error(`hole: ${safe(fields.host)} ${fields.route}: expected what follows n ${before}, got n ${n} with prev ${fields.prev}`);
    if (before === undefined || n > before) last.set(who, n);
    handled.add(`${who} ${n}`);
    if (handled.size > KEPT) handled.delete(handled.values().next().value);
  }
  await client.sendCommand(["XACK", key, args.group, entry]);
}

// One round behind `from` ("0": ours, unacknowledged; ">": new). Raw replies: entries that were trimmed come without fields.
async function read(client, from, block) {
  const reply = await client.sendCommand(["XREADGROUP", "GROUP", args.group, args.consumer, "COUNT", "100",
    ...(block ? ["BLOCK", String(block)] : []), "STREAMS", ...keys, ...keys.map(() => from)]);
  let came = 0;
  for (const [key, entries] of reply ?? [])
    for (const entry of entries) {
      await take(client, key, entry);
      came++;
    }
  return came;
}

// What a consumer of the group that died had taken becomes ours, and is read as our unacknowledged.
async function claim(client) {
  for (const key of keys) {
    const [, , gone] = await client.sendCommand(["XAUTOCLAIM", key, args.group, args.consumer,
      String(Number(args["claim-after"]) * 1000), "0-0", "COUNT", "100", "JUSTID"]);
    for (const entry of gone ?? []) // Redis 7 forgets them here; 6.2 hands them over without fields
      console.error(`gone: ${key} ${entry} was trimmed before it was acknowledged`);
  }
}

async function run(client) {
  for (const key of keys)
    await client.sendCommand(["XGROUP", "CREATE", key, args.group, "0", "MKSTREAM"]).catch((error) => {
      if (!error.message.startsWith("BUSYGROUP")) throw error;
    });
  while (await read(client, "0")); // ours of before
  for (let claimed = -Infinity; ;) {
    if (Date.now() - claimed >= Math.max(1, Number(args["claim-after"])) * 1000) {
      await claim(client);
      claimed = Date.now();
      while (await read(client, "0"));
    }
    if (!(await read(client, ">", args.once ? 0 : 2000)) && args.once) return;
  }
}

const password = args["password-file"] ? readFileSync(args["password-file"], "utf8").split(/\r?\n/)[0] : undefined;
const options = { username: args.username, password };
const client = createClient(args.url.startsWith("unix://")
  ? { ...options, socket: { path: args.url.slice(7).replace(/\?.*/, "") }, database: Number(/db=(\d+)/.exec(args.url)?.[1] ?? 0) }
  : { ...options, url: args.url });
client.on("error", (error) => { // it connects again by itself, with a growing pause
  console.error(`redis: ${safe(error.message)}`);
  if (args.once) process.exit(69);
});
await client.connect();
for (;;) {
  try {
    await run(client);
    break;
  } catch (error) {
    if (args.once) throw error;
    console.error(`redis: ${safe(error.message)}`); // the connection was lost, or a stream was deleted: begin again
    await new Promise((done) => setTimeout(done, 1000));
  }
}
await client.quit();
