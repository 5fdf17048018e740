// ---- errors ----

/**
 * A fault of octets (decoding) or of a value (encoding): the first in the order of the fields.
 */
export class TcrpError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} message
   * @param {string} field
   * @param {number | null} offset
   * @param {boolean} incomplete
   */
  constructor(code, message, field, offset, incomplete) {
    super(`${field}${offset === null ? "" : ` at octet ${offset}`}: ${message}`);
    this.name = "TcrpError";
    /** What is wrong. @type {ErrorCode} */
    this.code = code;
    /** The dotted path of the field, in the names of the specification. @type {string} */
    this.field = field;
    /** Octets before the fault; null in encoding. @type {number | null} */
    this.offset = offset;
    /** Whether more octets of the stream may make the message whole. @type {boolean} */
    this.incomplete = incomplete;
  }
}

/**
 * The error for a value that cannot be encoded.
 *
 * @param {ErrorCode} code
 * @param {string} message
 * @param {string} field
 */
function refused(code, message, field) {
  return new TcrpError(code, message, field, null, false);
}

/**
 * @param {number | bigint} minimum
 * @param {number | bigint} maximum
 */
function range(minimum, maximum) {
  return `${minimum}..${maximum === Infinity ? "" : maximum}`;
}

// ---- text ----

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Cs}/u;

/**
 * Where the first ill-formed sequence of UTF-8 (RFC 3629) begins in `octets`, or -1.
 *
 * @param {Uint8Array} octets
 */
function findBadUtf8(octets) {
  const size = octets.length;
  for (let at = 0; at < size; ) {
    const first = octets[at];
    if (first < 0x80) {
      at += 1;
      continue;
    }
    const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    // The second octet rules out overlong forms, surrogates, and values above U+10FFFF.
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (more === 0 || at + more >= size || octets[at + 1] < low || octets[at + 1] > high) return at;
    for (let other = at + 2; other <= at + more; other += 1) {
      if ((octets[other] & 0xc0) !== 0x80) return at;
    }
    at += more + 1;
  }
  return -1;
}

/**
 * The index of the first octet that is not printable ASCII, or -1.
 *
 * @param {Uint8Array} octets
 */
function findUnprintable(octets) {
  return octets.findIndex((octet) => octet < 0x21 || octet > 0x7e);
}

/**
 * Where `part` begins in `octets` at or after `from`, or -1.
 *
 * @param {Uint8Array} octets
 * @param {readonly number[]} part
 * @param {number} from
 */
function find(octets, part, from) {
  let at = octets.indexOf(part[0], from);
  while (at >= 0 && !part.every((octet, index) => octets[at + index] === octet)) {
    at = octets.indexOf(part[0], at + 1);
  }
  return at;
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const octets = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}

// ---- reading octets ----

/**
 * The extent of a run (`size` octets; or up to the octets `until`; or without both, to the end), and how many
 * octets it may have.
 *
 * @typedef {{ size?: number, until?: readonly number[], minimum?: number, maximum?: number }} Extent
 */

/** Reads fields one after the other; each method throws the first fault. */
class Reader {
  /**
   * @param {Uint8Array} octets
   * @param {string} name
   * @param {{ maximum?: number, stream?: boolean }} [rules]
   */
  constructor(octets, name, { maximum = Infinity, stream = false } = {}) {
    if (!(octets instanceof Uint8Array)) throw new TypeError("octets must be a Uint8Array");
    this.octets = octets;
    this.at = 0;
    this.stream = stream;
    if (octets.length > maximum) {
      throw this.fault(ErrorCode.OUT_OF_RANGE, `${octets.length} octets, the limit is ${maximum}`, name, 0);
    }
  }

  get left() {
    return this.octets.length - this.at;
  }

  /**
   * @param {ErrorCode} code
   * @param {string} message
   * @param {string} field
   * @param {number | null} offset
   */
  fault(code, message, field, offset) {
    return new TcrpError(code, message, field, offset, this.stream && code === ErrorCode.TRUNCATED);
  }

  /**
   * A view of the next `size` octets of `field`.
   *
   * @param {string} field
   * @param {number} size
   */
  take(field, size) {
    if (this.left < size) {
      throw this.fault(ErrorCode.TRUNCATED, `ends after ${this.left} of ${size} octets`, field, this.at);
    }
    this.at += size;
    return this.octets.subarray(this.at - size, this.at);
  }

  /**
   * An integer of `size` octets; values that a number cannot hold exactly are out of range.
   *
   * @param {string} field
   * @param {number} size
   * @param {{ minimum?: number, maximum?: number }} [bounds]
   */
  unsigned(field, size, { minimum = 0, maximum = Infinity } = {}) {
    const start = this.at;
    const value = this.take(field, size).reduce((sum, octet) => sum * 256 + octet, 0);
    if (value < minimum || value > maximum) {
      const text = `${value} is not in ${range(minimum, maximum)}`;
      throw this.fault(ErrorCode.OUT_OF_RANGE, text, field, start);
    }
    return value;
  }

  /**
   * An integer of `size` octets that may exceed what a number holds exactly.
   *
   * @param {string} field
   * @param {number} size
   * @param {{ minimum?: bigint, maximum?: bigint }} [bounds]
   */
  bigUnsigned(field, size, { minimum = 0n, maximum } = {}) {
    const start = this.at;
    const value = this.take(field, size).reduce((sum, octet) => (sum << 8n) + BigInt(octet), 0n);
    if (value < minimum || (maximum !== undefined && value > maximum)) {
      const text = `${value} is not in ${range(minimum, maximum ?? Infinity)}`;
      throw this.fault(ErrorCode.OUT_OF_RANGE, text, field, start);
    }
    return value;
  }

  /**
   * The next octet, not consumed; -1 if none is left and `mayBeEmpty`.
   *
   * @param {string} field
   * @param {boolean} mayBeEmpty
   */
  peek(field, mayBeEmpty) {
    if (this.left > 0) return this.octets[this.at];
    if (mayBeEmpty) return -1;
    throw this.fault(ErrorCode.TRUNCATED, "is empty", field, this.at);
  }

  /**
   * @param {string} field
   * @param {readonly number[]} octets
   */
  constant(field, octets) {
    if (!octets.every((octet, index) => this.octets[this.at + index] === octet)) {
      throw this.fault(ErrorCode.WRONG_CONSTANT, "is not the fixed value", field, null);
    }
    this.at += octets.length;
  }

  /**
   * A view of the octets of a run.
   *
   * @param {string} field
   * @param {Extent} extent
   */
  run(field, { size, until, minimum = 0, maximum = Infinity }) {
    const start = this.at;
    const end = until ? find(this.octets, until, start) : start + (size ?? this.left);
    if (end < 0) throw this.fault(ErrorCode.MISSING_DELIMITER, "its delimiter does not follow", field, start);
    const octets = this.take(field, end - start);
    if (octets.length < minimum || octets.length > maximum) {
      const text = `${octets.length} octets are not in ${range(minimum, maximum)}`;
      throw this.fault(ErrorCode.OUT_OF_RANGE, text, field, start);
    }
    this.at += until ? until.length : 0;
    return octets;
  }

  /**
   * A copy of the octets of a run.
   *
   * @param {string} field
   * @param {Extent} extent
   */
  bytes(field, extent) {
    return new Uint8Array(this.run(field, extent));
  }

  /**
   * @param {string} field
   * @param {Extent} extent
   */
  utf8(field, extent) {
    const start = this.at;
    const octets = this.run(field, extent);
    const bad = findBadUtf8(octets);
    if (bad >= 0) throw this.fault(ErrorCode.BAD_UTF8, "is not UTF-8", field, start + bad);
    return decoder.decode(octets);
  }

  /**
   * @param {string} field
   * @param {Extent} extent
   */
  ascii(field, extent) {
    const start = this.at;
    const octets = this.run(field, extent);
    const bad = findUnprintable(octets);
    if (bad >= 0) throw this.fault(ErrorCode.BAD_ASCII, "holds an octet that is not printable", field, start + bad);
    return decoder.decode(octets);
  }

  /**
   * All remaining octets, as a JSON object.
   *
   * @param {string} field
   */
  object(field) {
    const value = parseObject(this.octets.subarray(this.at), field, this.at);
    this.at = this.octets.length;
    return value;
  }

  /**
   * All remaining octets, as the members of a JSON object, not yet checked.
   *
   * @param {string} field
   */
  members(field) {
    const start = this.at;
    return new Members(this.object(field), field, start);
  }

  /** Ignores all remaining octets. */
  skip() {
    this.at = this.octets.length;
  }

  /**
   * Checks that no octet of `body` is left.
   *
   * @param {string} body
   */
  end(body) {
    if (this.left > 0) throw this.fault(ErrorCode.TRAILING_OCTETS, "must end here", body, this.at);
  }
}

// ---- writing octets ----

/** @param {unknown} value */
function isAbsent(value) {
  return value === null || value === undefined;
}

/** @param {unknown} value */
function typeName(value) {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

/**
 * `value` as an object with attributes.
 *
 * @param {unknown} value
 * @param {string} field
 * @returns {{ [attribute: string]: any }}
 */
function attributesOf(value, field) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw refused(ErrorCode.BAD_TYPE, `wants an object, not ${typeName(value)}`, field);
}

/**
 * `value` as octets; a string is encoded as UTF-8.
 *
 * @param {unknown} value
 * @param {string} field
 */
function octetsOf(value, field) {
  if (value instanceof Uint8Array) return value;
  const text = `wants text or octets, not ${typeName(value)}`;
  if (typeof value !== "string") throw refused(ErrorCode.BAD_TYPE, text, field);
  if (LONE_SURROGATE.test(value)) throw refused(ErrorCode.BAD_UTF8, "holds a lone surrogate", field);
  return encoder.encode(value);
}

/** Writes fields one after the other; each method throws the first fault. */
class Writer {
  constructor() {
    /** @type {Uint8Array[]} */
    this.parts = [];
  }

  /** @param {readonly number[] | Uint8Array} octets */
  write(octets) {
    this.parts.push(octets instanceof Uint8Array ? octets : Uint8Array.from(octets));
  }

  /**
   * An integer of `size` octets.
   *
   * @param {string} field
   * @param {unknown} value
   * @param {number} size
   * @param {{ minimum?: number | bigint, maximum?: number | bigint }} [bounds]
   */
  unsigned(field, value, size, { minimum = 0, maximum = (1n << BigInt(8 * size)) - 1n } = {}) {
    if (typeof value !== "bigint" && !(typeof value === "number" && Number.isInteger(value))) {
      throw refused(ErrorCode.BAD_TYPE, `wants an integer, not ${typeName(value)}`, field);
    }
    let left = BigInt(value);
    if (left < minimum || left > maximum) {
      throw refused(ErrorCode.OUT_OF_RANGE, `${value} is not in ${minimum}..${maximum}`, field);
    }
    const octets = new Uint8Array(size);
    for (let at = size - 1; at >= 0; at -= 1, left >>= 8n) octets[at] = Number(left & 0xffn);
    this.parts.push(octets);
  }

  /**
   * Writes the size of `value`, which is written later; returns its octets.
   *
   * @param {string} field
   * @param {unknown} value
   * @param {number} size
   * @param {{ minimum?: number | bigint, maximum?: number | bigint }} [bounds]
   */
  sizeOf(field, value, size, bounds) {
    const octets = octetsOf(value, field);
    this.unsigned(field, octets.length, size, bounds);
    return octets;
  }

  /**
   * Octets, then the delimiter `until` if there is one; `ready` is the result of octetsOf(value).
   *
   * @param {string} field
   * @param {unknown} value
   * @param {Extent} [extent]
   * @param {Uint8Array} [ready]
   */
  bytes(field, value, extent, ready) {
    if (!(value instanceof Uint8Array)) {
      throw refused(ErrorCode.BAD_TYPE, `wants octets, not ${typeName(value)}`, field);
    }
    this.run(field, ready ?? value, extent);
  }

  /**
   * @param {string} field
   * @param {unknown} value
   * @param {Extent} [extent]
   * @param {Uint8Array} [ready]
   */
  utf8(field, value, extent, ready) {
    if (typeof value !== "string") throw refused(ErrorCode.BAD_TYPE, `wants text, not ${typeName(value)}`, field);
    this.run(field, ready ?? octetsOf(value, field), extent);
  }

  /**
   * @param {string} field
   * @param {unknown} value
   * @param {Extent} [extent]
   * @param {Uint8Array} [ready]
   */
  ascii(field, value, extent, ready) {
    if (typeof value !== "string") throw refused(ErrorCode.BAD_TYPE, `wants text, not ${typeName(value)}`, field);
    const octets = ready ?? octetsOf(value, field);
    if (findUnprintable(octets) >= 0) {
      throw refused(ErrorCode.BAD_ASCII, "holds an octet that is not printable", field);
    }
    this.run(field, octets, extent);
  }

  /**
   * @param {string} field
   * @param {Uint8Array} octets
   * @param {Extent} [extent]
   */
  run(field, octets, { until, minimum = 0, maximum = Infinity } = {}) {
    if (octets.length < minimum || octets.length > maximum) {
      const text = `${octets.length} octets are not in ${range(minimum, maximum)}`;
      throw refused(ErrorCode.OUT_OF_RANGE, text, field);
    }
    if (until && find(octets, until, 0) >= 0) {
      throw refused(ErrorCode.BAD_NAME, "holds what ends the field", field);
    }
    this.write(octets);
    if (until) this.write(until);
  }

  /**
   * @param {string} field
   * @param {unknown} value
   */
  object(field, value) {
    if (!isJsonObject(value)) throw refused(ErrorCode.BAD_TYPE, `wants an object, not ${typeName(value)}`, field);
    this.write(buildObject(value, field));
  }

  /**
   * A JSON object of the `members` that are present; returned for checking, since reading has the same rules.
   *
   * @param {string} field
   * @param {JsonObject} members
   */
  members(field, members) {
    const there = Object.fromEntries(Object.entries(members).filter(([, value]) => !isAbsent(value)));
    this.write(buildObject(there, field));
    return new Members(there, field, null);
  }

  /**
   * Fails if the octets of the choice `field` begin with `first` (null: are none): they would be read as `other`.
   *
   * @param {string} field
   * @param {number | null} first
   * @param {string} other
   */
  notReadAs(field, first, other) {
    const begins = this.parts.find((part) => part.length > 0)?.[0] ?? null;
    if (begins === first) throw refused(ErrorCode.OUT_OF_RANGE, `would be read as ${other}`, field);
  }

  /**
   * All octets written, for the message or choice `name`.
   *
   * @param {string} name
   * @param {number} [maximum]
   */
  finish(name, maximum = Infinity) {
    const octets = joined(this.parts);
    const text = `${octets.length} octets, the limit is ${maximum}`;
    if (octets.length > maximum) throw refused(ErrorCode.OUT_OF_RANGE, text, name);
    return octets;
  }
}
