// ---- the stream ----

/** From a stream of octets to whole control frames: feed what arrived, then take frames until there is none. */
export class FrameReader {
  #buffer = new Uint8Array(256);
  #size = 0;
  #accept;
  /** @type {ControlHeader | null} */
  #header = null;

  /**
   * @param {number} accept how many octets of payload a frame may have here; the limits are in LIMITS
   */
  constructor(accept) {
    this.#accept = accept;
  }

  /**
   * Append octets of the stream; they are copied. Any chunking gives the same frames.
   *
   * @param {Uint8Array} octets
   */
  receive(octets) {
    const size = this.#size + octets.length;
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = larger;
    }
    this.#buffer.set(octets, this.#size);
    this.#size = size;
  }

  /** The header of the frame that comes next, as soon as it is here, else null; frame() judges its sizes. */
  header() {
    if (this.#header === null && this.#size >= LIMITS.controlHeaderSize) {
      this.#header = decodeControlHeader(this.#buffer.subarray(0, LIMITS.controlHeaderSize));
    }
    return this.#header;
  }

  /**
   * The next whole frame, removed from the stream; null if more octets are needed.
   *
   * Throws TcrpError as soon as the header is here: out_of_range (no valid size) or too_large (above what is accepted);
   * when the frame is whole: bad_utf8 (room name).
   *
   * @returns {ControlFrame | null}
   */
  frame() {
    const header = this.header();
    if (header === null) return null;
    const payload = header.operationPayloadSize;
    for (const [code, limit] of /** @type {[ErrorCode, number][]} */ ([
      [ErrorCode.OUT_OF_RANGE, LIMITS.operationPayloadSize],
      [ErrorCode.TOO_LARGE, this.#accept],
    ])) {
      if (payload > limit) {
        const field = "control_frame.operation_payload_size";
        throw new TcrpError(code, `${payload} octets, the limit is ${limit}`, field, 3, false);
      }
    }
    const size = LIMITS.controlHeaderSize + header.roomNameSize + Number(payload);
    if (this.#size < size) return null;
    const octets = this.#take(size);
    this.#header = null;
    return decodeControlFrame(octets);
  }

  /** All octets after the last whole frame, removed from the stream. */
  takeRest() {
    this.#header = null;
    return this.#take(this.#size);
  }

  /** Octets that belong to no frame given out so far; at 0 the stream can end without cutting a frame. */
  get waiting() {
    return this.#size;
  }

  /** @param {number} size */
  #take(size) {
    const octets = this.#buffer.slice(0, size);
    this.#buffer.copyWithin(0, size, this.#size);
    this.#size -= size;
    return octets;
  }
}
