// ---- JSON (RFC 8259, without its ambiguities) ----

/** @typedef {{ [key: string]: any }} JsonObject A JSON object; decoded ones have no prototype. */

const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;

class JsonReader {
  /**
   * @param {string} text
   * @param {string} field
   * @param {number | null} offset
   */
  constructor(text, field, offset) {
    this.text = text;
    this.field = field;
    this.offset = offset;
    this.at = 0;
  }

  /**
   * @param {string} message
   * @returns {never}
   */
  fail(message) {
    const where = `${message} at character ${this.at}`;
    throw new TcrpError(ErrorCode.BAD_JSON, where, this.field, this.offset, false);
  }

  /**
   * The match of `pattern`, which is sticky, at this position; null if there is none.
   *
   * @param {RegExp} pattern
   */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found && found[0];
  }

  /**
   * Consumes `text` if it comes next, after white space; whether it did.
   *
   * @param {string} text
   */
  took(text) {
    this.match(SPACE);
    const here = this.text.startsWith(text, this.at);
    if (here) this.at += text.length;
    return here;
  }

  /** @returns {JsonObject} */
  whole() {
    if (!this.took("{")) this.fail("not a JSON object");
    const value = this.object(1);
    this.match(SPACE);
    if (this.at < this.text.length) this.fail("more than the object");
    return value;
  }

  /**
   * @param {number} depth
   * @returns {unknown}
   */
  value(depth) {
    if (this.took('"')) return this.string();
    if (this.took("{")) return this.object(depth + 1);
    if (this.took("[")) return this.list(depth + 1);
    if (this.took("true")) return true;
    if (this.took("false")) return false;
    if (this.took("null")) return null;
    const number = Number(this.match(NUMBER) ?? this.fail("no value"));
    return Number.isFinite(number) ? number : this.fail("a number beyond binary64");
  }

  /** @param {number} depth */
  object(depth) {
    this.nested(depth);
    const members = Object.create(null); // "__proto__" is a key like any other
    if (this.took("}")) return members;
    do {
      if (!this.took('"')) this.fail("no key");
      const key = this.string();
      if (key in members) this.fail("a key occurs twice");
      if (!this.took(":")) this.fail("no colon");
      members[key] = this.value(depth);
    } while (this.took(","));
    return this.took("}") ? members : this.fail("the object does not end");
  }

  /** @param {number} depth */
  list(depth) {
    this.nested(depth);
    const items = /** @type {unknown[]} */ ([]);
    if (this.took("]")) return items;
    do items.push(this.value(depth));
    while (this.took(","));
    return this.took("]") ? items : this.fail("the list does not end");
  }

  /** @param {number} depth */
  nested(depth) {
    if (depth > LIMITS.jsonDepth) this.fail(`nested deeper than ${LIMITS.jsonDepth} levels`);
  }

  string() {
    let text = this.match(PLAIN) ?? "";
    while (this.text[this.at] === "\\") {
      this.at += 1;
      text += this.escaped();
      text += this.match(PLAIN) ?? "";
    }
    if (this.text[this.at] !== '"') this.fail("the string does not end");
    this.at += 1;
    if (LONE_SURROGATE.test(text)) this.fail("a string holds a lone surrogate");
    return text;
  }

  /** @returns {string} */
  escaped() {
    const letter = this.text[this.at] ?? "";
    this.at += 1;
    if (Object.hasOwn(ESCAPES, letter)) return ESCAPES[/** @type {keyof typeof ESCAPES} */ (letter)];
    const digits = this.match(/[0-9a-fA-F]{4}/y);
    if (letter !== "u" || digits === null) return this.fail("no such escape");
    return String.fromCharCode(parseInt(digits, 16));
  }
}

/**
 * Parses `octets`, the value of `field` at `offset`, as one JSON object.
 *
 * @param {Uint8Array} octets
 * @param {string} field
 * @param {number} offset
 * @returns {JsonObject}
 */
function parseObject(octets, field, offset) {
  if (findBadUtf8(octets) >= 0) {
    throw new TcrpError(ErrorCode.BAD_UTF8, "the JSON is not UTF-8", field, offset, false);
  }
  return new JsonReader(decoder.decode(octets), field, offset).whole();
}

/**
 * `value` as JSON without white space; objects and lists in it may nest `levels` deep.
 *
 * @param {unknown} value
 * @param {number} levels
 * @param {string} field
 * @returns {string}
 */
function jsonText(value, levels, field) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint") {
    if (Number.isFinite(Number(value))) return String(value);
    throw refused(ErrorCode.BAD_JSON, "a number is beyond binary64", field);
  }
  if (typeof value === "string") {
    if (!LONE_SURROGATE.test(value)) return JSON.stringify(value);
    throw refused(ErrorCode.BAD_JSON, "a string holds a lone surrogate", field);
  }
  if (!Array.isArray(value) && !isJsonObject(value)) {
    throw refused(ErrorCode.BAD_JSON, "not expressible in JSON", field);
  }
  if (levels === 0) {
    throw refused(ErrorCode.BAD_JSON, `nested deeper than ${LIMITS.jsonDepth} levels`, field);
  }
  /** @param {unknown} item */
  const text = (item) => jsonText(item, levels - 1, field);
  if (Array.isArray(value)) return `[${Array.from(value, text).join(",")}]`;
  const members = Object.entries(value).map(([key, item]) => `${text(key)}:${text(item)}`);
  return `{${members.join(",")}}`;
}

/**
 * The octets that parseObject reads as `value`, for `field`.
 *
 * @param {JsonObject} value
 * @param {string} field
 */
function buildObject(value, field) {
  return encoder.encode(jsonText(value, LIMITS.jsonDepth, field));
}

/**
 * @param {unknown} value
 * @returns {value is JsonObject}
 */
function isJsonObject(value) {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Checks the members of a JSON object, the value of `field` at `offset`, which is null in encoding. */
class Members {
  /**
   * @param {JsonObject} members
   * @param {string} field
   * @param {number | null} offset
   */
  constructor(members, field, offset) {
    this.members = members;
    this.field = field;
    this.offset = offset;
  }

  /**
   * @param {ErrorCode} code
   * @param {string} message
   */
  fault(code, message) {
    return new TcrpError(code, message, this.field, this.offset, false);
  }

  /**
   * The value under the first of `keys` that has one, or null; the values of all `keys` are checked.
   *
   * @param {"string" | "object"} kind
   * @param {string[]} keys
   * @param {{ required?: boolean, blankIsAbsent?: boolean, minimum?: number, maximum?: number }} [rules]
   */
  read(kind, keys, { required = false, blankIsAbsent = false, minimum = 0, maximum = Infinity } = {}) {
    const present = keys.filter((key) => Object.hasOwn(this.members, key));
    if (required && present.length === 0) throw this.fault(ErrorCode.BAD_JSON, `has no ${keys[0]}`);
    let found = null;
    for (const key of present) {
      const value = this.members[key];
      if (blankIsAbsent && (value === null || value === "")) continue;
      if (kind === "string" ? typeof value !== "string" : !isJsonObject(value)) {
        throw this.fault(ErrorCode.BAD_JSON, `${key} is not a JSON ${kind}`);
      }
      const size = kind === "string" ? encoder.encode(value).length : 0;
      if (size < minimum || size > maximum) {
        const text = `${key} of ${size} octets is not in ${range(minimum, maximum)}`;
        throw this.fault(ErrorCode.OUT_OF_RANGE, text);
      }
      found ??= value;
    }
    return found;
  }
}
