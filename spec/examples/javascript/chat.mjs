// A complete TCRP chat client for Node 18.3 or later, over ../../codecs/javascript/tcrp.mjs; nothing to install.
//
//   node chat.mjs [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM
//
// Each line of standard input is sent to the room; its end leaves. Standard output has lines `user: text`, and
// standard error the events. Exit 0: left, or the room was closed; 2: wrong usage; 3: refused; 4: no valid
// answer; 5: no datagrams get through; 6: removed. Numbers such as (5.5) refer to spec/tcrp.md.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import * as tcrp from "../../codecs/javascript/tcrp.mjs";

const { ControlKind, LIMITS, NoticeKind, Operation, State, Status, TIMERS } = tcrp;
const USAGE = "usage: chat.mjs [--server HOST:PORT] --user NAME [--password-file FILE] create|join ROOM";
const isTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
const octets = (/** @type {string} */ text) => new TextEncoder().encode(text).length;

// ---- display (8.5): text from peers is one line and cannot control the terminal ----

const AT_WORK = /(?<=[\p{Emoji}\p{M}\p{scx=Arab}])[\u200c\u200d]|(?<=[\p{Emoji}\p{Ideographic}])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const UNSHOWN = new RegExp(`(${AT_WORK.source})|[\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]`, "gu");
const safe = (/** @type {string} */ text) =>
  text.replace(/\t/g, " ").replace(UNSHOWN, (_, kept) => kept ?? "\ufffd").replace(/(\p{M}{8})\p{M}+/gu, "$1");

/** @type {import("node:readline").Interface | undefined} */
let input;
function print(/** @type {NodeJS.WriteStream} */ stream, /** @type {string} */ line) {
  stream.write(isTerminal ? `\r\x1b[K${line}\n` : `${line}\n`); // overwrites the prompt, which is printed again below
  if (isTerminal) input?.prompt(true);
}
/** A note. Dim in a terminal, so that no chat line can look like one. */
function note(/** @type {string} */ text) {
  print(process.stderr, process.stderr.isTTY ? `\x1b[2m* ${safe(text)}\x1b[0m` : `* ${safe(text)}`);
}
/** Reads a line from the terminal without echo; undefined if there is none. @returns {Promise<string | undefined>} */
async function askSecret(/** @type {string} */ question) {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asker = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const line = await new Promise((resolve) => asker.on("line", resolve).on("close", () => resolve(undefined)));
  asker.close();
  process.stderr.write("\n");
  return line;
}

// ---- the control connection: a request, its RESPONSE, and a COMPLETE if that is OK (5) ----

/** The status; if it is OK, also the token and the server's address, for the datagrams. */
async function request(/** @type {string} */ host, /** @type {number} */ port, /** @type {Uint8Array} */ frame) {
  const reader = new tcrp.FrameReader(LIMITS.replyAccept);
  const connection = connect(port, host);
  const tooLate = () => connection.destroy(new Error(`no answer in ${TIMERS.answerTimeout} s`));
  const timer = setTimeout(tooLate, 1000 * TIMERS.answerTimeout);
  try {
    await once(connection, "connect");
    const address = connection.remoteAddress ?? host;
    connection.write(frame);
    let isAccepted = false;
    for await (const chunk of connection) {
      reader.receive(chunk);
      for (let reply = reader.frame(); reply; reply = reader.frame()) {
        if (reply.state !== (isAccepted ? State.COMPLETE : State.RESPONSE)) throw new Error("a reply out of order");
        if (isAccepted) return { address, status: Status.OK, ...tcrp.decodeCompletePayload(reply.operationPayload) };
        const { status } = tcrp.decodeResponsePayload(reply.operationPayload);
        if (status !== Status.OK) return { address, status, token: "" };
        isAccepted = true;
      }
    }
    throw new Error("the server closed without an answer");
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}

// ---- the membership (6, 7, 9.5) ----

/** The texts of a line: without control characters, and split between graphemes where it is too long (8.4). */
function* texts(/** @type {string} */ line, /** @type {number} */ limit) {
  let text = "";
  for (const { segment } of new Intl.Segmenter().segment(line.replace(/(?!\t)\p{Cc}/gu, ""))) {
    for (const part of octets(segment) > limit ? segment : [segment]) {
      if (octets(text + part) > limit) {
        yield text;
        text = "";
      }
      text += part;
    }
  }
  if (text) yield text;
}

/** From the token to the exit. @param {Record<"room" | "user" | "token" | "address", string>} names */
async function chat({ room, user, token, address }, /** @type {number} */ port) {
  const toServer = LIMITS.chatDatagramSize - 2 - octets(room) - octets(token); // (6.6)
  const limit = Math.min(toServer, LIMITS.relayDatagramSize - 2 - octets(user));
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.connect(port, address); // so that datagrams from others are dropped
  await once(socket, "connect");
  const waiting = /** @type {string[]} */ ([]); // texts
  let [isMember, isLeaving, isEndOfInput] = [false, false, false];
  let [heard, unreachable] = [0, 0]; // datagrams; "port unreachable" since the last of them
  let [allowance, counted] = [LIMITS.messageBurst - 1, performance.now()]; // (LIM-08), and one WHO for later
  const timers = /** @type {{ [name: string]: NodeJS.Timeout }} */ ({});

  function after(/** @type {string} */ name, /** @type {number} */ seconds, /** @type {() => void} */ work) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(work, 1000 * seconds);
  }
  function end(/** @type {number} */ exit, text = "") {
    if (text) note(text);
    if (waiting.length > 0) note(`not sent: ${waiting.length} lines`);
    process.exit(exit);
  }
  function send(/** @type {tcrp.ChatDatagram["message"]} */ message) {
    socket.send(tcrp.encodeChatDatagram({ roomName: room, token, message }));
    after("keepalive", TIMERS.keepaliveInterval, () => send({ form: "keepalive" }));
  }
  /** WHO, until MEMBERS comes (6.1). */
  function ask(tries = LIMITS.registerTries, before = heard) {
    if (tries === 0) return isMember && heard > before ? undefined : end(5, "no datagrams get through");
    send({ form: "control_message", kind: ControlKind.WHO });
    after("ask", TIMERS.registerInterval, () => ask(tries - 1, before));
  }
  /** Sends as many texts as the allowance permits; after the last of the input, LEAVE. */
  function say() {
    if (!isMember || isLeaving) return;
    const now = performance.now();
    allowance = Math.min(LIMITS.messageBurst - 1, allowance + ((now - counted) / 1000) * LIMITS.messageRate);
    counted = now;
    for (; waiting.length > 0 && allowance >= 1; allowance -= 1) {
      send({ form: "text_message", text: waiting.shift() ?? "" });
    }
    if (waiting.length > 0) after("say", (1 - allowance) / LIMITS.messageRate, say);
    else if (isEndOfInput) leave();
  }
  /** LEAVE, until it is confirmed; after the last one the server's timeout applies. */
  function leave(tries = LIMITS.leaveTries) {
    isLeaving = true;
    for (const name of ["ask", "silence", "say"]) clearTimeout(timers[name]);
    if (tries === 0) return end(0);
    send({ form: "control_message", kind: ControlKind.LEAVE });
    after("leave", TIMERS.leaveInterval, () => leave(tries - 1));
  }

  socket.on("message", (datagram) => {
    heard += 1;
    unreachable = 0;
    if (!isLeaving) after("silence", TIMERS.silenceInterval, ask);
    let relayed;
    try {
      relayed = tcrp.decodeRelayDatagram(datagram);
    } catch {
      return; // an invalid datagram is ignored (RLY-08)
    }
    if (relayed.form === "chat_line") {
      return print(process.stdout, `${safe(relayed.username)}: ${safe(relayed.text)}`);
    }
    const { kind, subject, text } = relayed;
    note(kind === NoticeKind.MEMBERS ? `here: ${text}` : text);
    if (kind === NoticeKind.MEMBERS) {
      clearTimeout(timers.ask);
      isMember = true;
      say();
    }
    if (kind === NoticeKind.ROOM_CLOSED || (kind === NoticeKind.LEFT && subject === user && isLeaving)) end(0);
    if (kind === NoticeKind.REMOVED) end(isLeaving ? 0 : 6);
  });
  socket.on("error", () => {
    unreachable += 1;
    if (unreachable >= 3) end(isLeaving ? 0 : 5, "the server is gone");
  });
  input = createInterface({ input: process.stdin, output: process.stdout, terminal: isTerminal, prompt: "> " });
  input.on("line", (line) => (waiting.push(...texts(line, limit)), say()));
  input.on("close", () => ((isEndOfInput = true), say()));
  const interrupted = () => (isLeaving ? end(130) : leave());
  input.on("SIGINT", interrupted);
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  process.stdout.on("error", interrupted); // nobody reads any more
  ask();
}

// ---- the command line ----

function readArguments() {
  const text = /** @type {const} */ ({ type: "string" });
  const { values, positionals } = parseArgs({
    options: { server: { ...text, default: "localhost" }, user: text, "password-file": text },
    allowPositionals: true,
  });
  const server = /^(?:\[(?<ipv6>.+)\]|(?<name>[^:]+))(?::(?<port>\d+))?$/.exec(values.server ?? "")?.groups;
  const [verb, room, ...more] = positionals;
  const operation = verb === "create" ? Operation.CREATE : verb === "join" ? Operation.JOIN : 0;
  if (!values.user || !server || !operation || !room || more.length > 0) throw new Error(USAGE);
  const file = values["password-file"];
  const password = file && readFileSync(file, "utf8").split(/\r?\n/)[0];
  const port = Number(server.port ?? tcrp.PORT);
  return { user: values.user, host: server.ipv6 ?? server.name, port, operation, room, password };
}

async function main() {
  const { user, host, port, operation, room, password } = readArguments();
  const enter = (/** @type {string | undefined} */ secret) => {
    const operationPayload = tcrp.encodeRequestPayload({ username: user, password: secret });
    const frame = { roomName: room, operation, state: State.REQUEST, operationPayload };
    return request(host, port, tcrp.encodeControlFrame(frame));
  };
  const isAsked = isTerminal && password === undefined;
  const isCreated = operation === Operation.CREATE;
  let answer = await enter(isAsked && isCreated ? await askSecret("Password for the room (empty: none): ") : password);
  if (isAsked && answer.status === Status.WRONG_PASSWORD) {
    answer = await enter(await askSecret("Password of the room: "));
  }
  const { status, token, address } = answer;
  if (status === Status.OK) return chat({ room, user, token, address }, port);
  const known = Object.entries(Status).find(([, value]) => value === status);
  note(`refused: ${known ? known[0].toLowerCase().replaceAll("_", " ") : `status ${status}`}`);
  process.exitCode = 3;
}

main().catch((error) => {
  // A value that cannot be encoded (offset null) is the user's fault; faults of the server have an offset.
  const isUsage = error.message === USAGE || error.offset === null || /ARG|ENOENT|EACCES|EISDIR/.test(error.code ?? "");
  note(error.message);
  process.exitCode = isUsage ? 2 : 4;
});
