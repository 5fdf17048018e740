// The runner contract (spec/vectors/README.md) over tcrp.mjs, for Node 18 or later:
//
//   node runner.mjs decode MESSAGE   hex on standard input -> JSON of the fields
//   node runner.mjs encode MESSAGE   JSON of the fields -> hex
//   node runner.mjs lines            one request per line, `decode MESSAGE HEX`, `encode MESSAGE JSON` or
//                                    `stream ACCEPT CLOSED HEX,HEX,...`; for each a line `EXIT RESULT`
//
// Exit 0: valid; 1: invalid; 2: incomplete; 64: wrong usage; 127: no such message or verb here.
// The names of the fields in JSON, and which of them are octets, are read from spec/tcrp.json.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as codec from "./tcrp.mjs";

const { TcrpError, ErrorCode } = codec;
const [VALID, INVALID, INCOMPLETE, USAGE, NOT_SUPPORTED] = [0, 1, 2, 64, 127];

/** @type {{ messages: any[] }} */
const description = JSON.parse(readFileSync(new URL("../../tcrp.json", import.meta.url), "utf8"));
const messages = new Map(description.messages.map((message) => [message.name, message]));

/** The request cannot be answered: the exit code, and why. */
class Refused extends Error {
  /**
   * @param {number} exit
   * @param {string} message
   */
  constructor(exit, message) {
    super(message);
    this.exit = exit;
  }
}

/** @param {string} name */
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
/** @param {string} name */
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

// ---- values of the codec as JSON, and back ----

/**
 * JSON of a decoded value; the names of `fields` are those of the codec.
 *
 * @param {any} value
 * @param {boolean} fields
 * @returns {string}
 */
function toJson(value, fields) {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("hex"));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item, false)).join(",")}]`;
  const members = Object.entries(value).map(([key, item]) => {
    const payload = fields && Object.getPrototypeOf(item ?? 0) === null; // the codec's objects out of JSON
    return `${JSON.stringify(fields ? snake(key) : key)}:${toJson(item, fields && !payload)}`;
  });
  return `{${members.join(",")}}`;
}

/** A number as written in the JSON: no digit of a large one is lost, and 1.0 is not an integer. */
class Literal {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  get value() {
    const isWhole = /^-?\d+$/.test(this.text) && !Number.isSafeInteger(Number(this.text));
    return isWhole ? BigInt(this.text) : Number(this.text);
  }
}

/**
 * JSON with its numbers as Literal: every string is marked with "s" and every number becomes a string marked with "n".
 *
 * @param {string} text
 */
function parseJson(text) {
  const marked = text.replace(
    /"((?:[^"\\]|\\.)*)"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity/gs,
    (token, string) => (string === undefined ? `"n${token}"` : `"s${string}"`),
  );
  return JSON.parse(marked, (_, value) => {
    if (typeof value === "string") return value[0] === "s" ? value.slice(1) : new Literal(value.slice(1));
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Literal) return value;
    const members = Object.create(null);
    for (const key of Object.keys(value)) members[key.slice(1)] = value[key];
    return members;
  });
}

/**
 * The value of a field that is not an integer.
 *
 * @param {any} value
 * @returns {any}
 */
function withoutLiterals(value) {
  if (value instanceof Literal) return value.value;
  if (Array.isArray(value)) return value.map(withoutLiterals);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.create(null);
  for (const key of Object.keys(value)) members[key] = withoutLiterals(value[key]);
  return members;
}

/**
 * @param {string} message
 * @param {string} field
 */
const badType = (message, field) => new TcrpError(ErrorCode.BAD_TYPE, message, field, null, false);

/**
 * @param {any} value
 * @param {string} path
 */
function asObject(value, path) {
  const isObject = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
  if (!isObject) throw badType("wants an object", path);
  return value;
}

/**
 * The codec's value of a `body` of tcrp.json, whose value type is `type`.
 *
 * @param {any} body
 * @param {any} type
 * @param {any} given
 * @param {string} path
 */
function fromBody(body, type, given, path) {
  const members = asObject(given, path);
  for (const name of Object.keys(members)) {
    if (!type.fields.includes(name)) throw badType("has a member too many", path);
  }
  /** @type {{ [name: string]: any }} */
  const value = {};
  for (const name of type.fields) {
    const part = (body.fields ?? body.members).find((/** @type {any} */ item) => item.name === name);
    if (name in members) value[camel(name)] = fromField(part, members[name], `${path}.${name}`);
    else if (part.type.kind === "octets" && part.type.minimum === 0) value[camel(name)] = new Uint8Array(0);
    else if (part.type.empty) value[camel(name)] = { form: part.type.empty.name };
    else if (part.required ?? part.absent !== null) throw badType(`the member ${name} is missing`, path);
  }
  return value;
}

/**
 * @param {any} part
 * @param {any} given
 * @param {string} path
 */
function fromField(part, given, path) {
  const { kind } = part.type;
  if (kind === "choice") return fromChoice(part.type, given, path);
  if (kind === "unsigned" && given instanceof Literal) {
    return /[.eEN]/.test(given.text) ? given : given.value; // a Literal is a wrong type to the codec
  }
  if (kind !== "octets") return withoutLiterals(given);
  const hex = typeof given === "string" ? given.replace(/([0-9a-fA-F]{2})[ \t\n\v\f\r]*/g, "$1").trimStart() : "?";
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(hex)) throw badType("wants octets as hex", path);
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/**
 * @param {any} choice
 * @param {any} given
 * @param {string} path
 */
function fromChoice(choice, given, path) {
  const cases = choice.cases.map((/** @type {any} */ item) => item.form);
  const forms = [...(choice.empty ? [choice.empty] : []), ...cases, choice.default];
  if (new Set(forms.map((form) => form.value.name)).size === 1) {
    const form = forms.find((item) => item.written);
    return fromBody(form.body, form.value, given, path);
  }
  const { form: name, ...members } = asObject(given, path);
  const form = forms.find((item) => item.name === name);
  if (!form) throw badType("form is none of those there are", path);
  const others = Object.assign(Object.create(null), members);
  return { form: name, ...fromBody(form.body, form.value, others, `${path}.${name}`) };
}

// ---- the verbs: each returns an exit code and a line ----

/**
 * @param {string} verb
 * @param {string} name
 * @returns {(argument: any) => any}
 */
function codecFunction(verb, name) {
  if (!messages.has(name)) throw new Refused(NOT_SUPPORTED, `no message is called ${JSON.stringify(name)}`);
  const suffix = camel(`_${name}`);
  return /** @type {any} */ (codec)[`${verb}${suffix}`];
}

/** @param {Buffer} text */
function readHex(text) {
  const words = text.toString("latin1").split(/[\s:,]+/).map((word) => word.replace(/^0x/i, ""));
  if (words.join("") === "-") return new Uint8Array(0);
  if (!words.every((word) => /^(?:[0-9a-fA-F]{2})*$/.test(word))) throw new Refused(USAGE, "the input is not hex");
  return new Uint8Array(Buffer.from(words.join(""), "hex"));
}

/**
 * @param {() => string} work
 * @returns {[number, string]}
 */
function judged(work) {
  try {
    return [VALID, work()];
  } catch (error) {
    if (error instanceof Refused) return [error.exit, error.message];
    if (!(error instanceof TcrpError)) throw error;
    const { code, field, offset, message } = error;
    return [error.incomplete ? INCOMPLETE : INVALID, JSON.stringify({ error: code, field, offset, message })];
  }
}

/**
 * @param {string} name
 * @param {Buffer} text
 */
function decode(name, text) {
  return judged(() => toJson(codecFunction("decode", name)(readHex(text)), true));
}

/**
 * @param {string} name
 * @param {Buffer} text
 */
function encode(name, text) {
  return judged(() => {
    const { body, value: type } = messages.get(name) ?? {};
    const encoded = codecFunction("encode", name);
    let given;
    try {
      given = parseJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
    } catch {
      throw new TcrpError(ErrorCode.BAD_JSON, "is not JSON in UTF-8", name, null, false);
    }
    const value = body.kind === "choice" ? fromChoice(body, given, name) : fromBody(body, type, given, name);
    return Buffer.from(encoded(value)).toString("hex");
  });
}

/**
 * @param {number} accept
 * @param {boolean} isClosed
 * @param {Uint8Array[]} chunks
 * @returns {[number, string]}
 */
function stream(accept, isClosed, chunks) {
  const reader = new codec.FrameReader(accept);
  const events = [];
  let at = 0;
  for (const chunk of chunks) {
    reader.receive(chunk);
    at += chunk.length;
    try {
      for (let frame = reader.frame(); frame; frame = reader.frame()) {
        events.push(`{"at":${at},"frame":${toJson(frame, true)}}`);
      }
    } catch (error) {
      if (!(error instanceof TcrpError)) throw error;
      events.push(`{"at":${at},"error":"${error.code}"}`);
      return [INVALID, `[${events.join(",")}]`];
    }
  }
  return [isClosed && reader.waiting > 0 ? INCOMPLETE : VALID, `[${events.join(",")}]`];
}

/**
 * @param {Buffer} line
 * @returns {[number, string]}
 */
function answer(line) {
  const [verb, rest] = word(line);
  const [first, text] = word(rest);
  if (verb === "decode") return decode(first, text);
  if (verb === "encode") return encode(first, text);
  if (verb !== "stream") return [NOT_SUPPORTED, "no such verb"];
  const [closed, hex] = word(text);
  if (!/^\d+$/.test(first) || !/^[01]$/.test(closed)) return [USAGE, "stream wants ACCEPT, CLOSED and chunks of hex"];
  const chunks = hex.toString("latin1").split(",");
  try {
    return stream(Number(first), closed === "1", chunks.map((chunk) => readHex(Buffer.from(chunk, "latin1"))));
  } catch (error) {
    if (error instanceof Refused) return [error.exit, error.message];
    throw error;
  }
}

/**
 * The first word of a line, and what follows the space after it.
 *
 * @param {Buffer} line
 * @returns {[string, Buffer]}
 */
function word(line) {
  const space = line.indexOf(0x20);
  const end = space < 0 ? line.length : space;
  return [line.toString("latin1", 0, end), line.subarray(end + 1)];
}

async function lines() {
  let rest = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    rest = Buffer.concat([rest, chunk]);
    const answers = [];
    let start = 0;
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, start)) {
      answers.push(answer(rest.subarray(start, rest[end - 1] === 0x0d ? end - 1 : end)).join(" "));
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (answers.length > 0 && !process.stdout.write(`${answers.join("\n")}\n`)) await once(process.stdout, "drain");
  }
  if (rest.length > 0) process.stdout.write(`${answer(rest).join(" ")}\n`);
}

/** @param {string[]} words */
async function main([verb, name, ...more]) {
  if (verb !== undefined && !["decode", "encode", "lines"].includes(verb)) return NOT_SUPPORTED;
  if (verb === undefined || more.length > 0 || (verb === "lines") !== (name === undefined)) {
    console.error("usage: runner.mjs decode MESSAGE | encode MESSAGE | lines");
    return USAGE;
  }
  if (verb === "lines") {
    await lines();
    return VALID;
  }
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const [exit, text] = (verb === "decode" ? decode : encode)(name, Buffer.concat(chunks));
  if (exit === USAGE || exit === NOT_SUPPORTED) console.error(text);
  else console.log(text);
  return exit;
}

process.exitCode = await main(process.argv.slice(2));
