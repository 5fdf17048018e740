// node kaitai_compile.js FILE.ksy DIRECTORY LANGUAGE...: compiles into DIRECTORY/LANGUAGE/.
// Kaitai's compiler comes from npm as a library (kaitai-struct-compiler); NODE_PATH says where it is.
const fs = require("fs");
const path = require("path");
const compiler = require("kaitai-struct-compiler");
const yaml = require("js-yaml");

async function main(file, directory, ...languages) {
    const description = yaml.load(fs.readFileSync(file, "utf8"));
    for (const language of languages) {
        const files = await compiler.compile(language, description, null, false);
        const target = path.join(directory, language);
        fs.mkdirSync(target, { recursive: true });
        for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(target, path.basename(name)), text);
    }
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(String(error));
    process.exit(1);
});
