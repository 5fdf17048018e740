// node kaitai_read.js DIRECTORY <cases: reads each case (a JSON array of {"type", "octets"}) with DIRECTORY/Tcrp.js
// and prints, in a JSON array, what was read, or {"refused": why}. NODE_PATH has Kaitai's runtime (kaitai-struct).
const fs = require("fs");
const path = require("path");
const { KaitaiStream } = require("kaitai-struct");
const { Tcrp } = require(path.resolve(process.argv[2], "Tcrp.js"));

const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());

function attempt(read) {
    try {
        return read();
    } catch (error) {
        return { refused: error.name };
    }
}

// A reader object as plain data: its fields, and the values of its getters.
function plain(value) {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    const result = { type: value.constructor.name };
    const getters = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(value)))
        .filter(([, property]) => property.get)
        .map(([name]) => name);
    for (const name of [...Object.keys(value), ...getters]) {
        if (!name.startsWith("_")) result[snake(name)] = attempt(() => plain(value[name]));
    }
    return result;
}

function read({ type, octets }) {
    const Reader = type === "Tcrp" ? Tcrp : Tcrp[type];
    return attempt(() => plain(new Reader(new KaitaiStream(new Uint8Array(Buffer.from(octets, "hex")).buffer), null, null)));
}

console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(read)));
