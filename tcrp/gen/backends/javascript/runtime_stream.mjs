// ---- the stream ----

/** Finds control frames in a stream: feed what arrived, then take frames until there is none. */
export class FrameReader {
  #buffer = new Uint8Array(256);
  #size = 0;
  #accept;
  /** @type {ControlHeader | null} */
  #header = null;

  /**
   * @param {number} accept the most octets of payload that a frame may have; see LIMITS
   */
  constructor(accept) {
    this.#accept = accept;
  }

  /**
   * Appends a copy of octets of the stream. Any chunking gives the same frames.
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

  /** The header of the next frame once it is complete, else null; its sizes are checked by frame(). */
  header() {
    if (this.#header === null && this.#size >= LIMITS.controlHeaderSize) {
      this.#header = decodeControlHeader(this.#buffer.subarray(0, LIMITS.controlHeaderSize));
    }
    return this.#header;
  }

  /**
   * Removes and returns the next frame; null if more octets are needed.
   *
   * Throws TcrpError once the header is complete: out_of_range (never valid) or too_large (above what is accepted);
   * once the frame is complete: bad_utf8 (room name).
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

  /** Removes and returns all octets after the last frame returned. */
  takeRest() {
    this.#header = null;
    return this.#take(this.#size);
  }

  /** The number of octets after the last frame returned; where the stream ends, it must be 0. */
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
