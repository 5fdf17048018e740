"""One program per language that reads a message with the generated codec and writes it again.

Each line of standard input is "MESSAGE HEX" ("-" for no octets). The answer to it is the octets in hex ("-" for none),
or "! CODE FIELD OFFSET" of what the decoder refuses, with -1 for no offset. A program has the name and the place of
the runner of its language, so that it is built as that one is. Only messages without forms and JSON are handled.
"""

from __future__ import annotations

from tcrp.gen.backends.names import pascal

_PYTHON = """
import sys

import tcrp_codec as t

for line in sys.stdin:
    name, given = line.split()
    octets = bytes.fromhex(given.strip("-"))
    try:
        message = getattr(t, f"decode_{name}")(octets)
        print(getattr(t, f"encode_{name}")(message).hex() or "-")
    except t.ProtocolError as error:
        print("!", error.code.value, error.field, -1 if error.offset is None else error.offset)
"""

_JAVASCRIPT = """
import { readFileSync } from "node:fs";
import * as t from "./tcrp.mjs";

for (const line of readFileSync(0, "utf8").trimEnd().split("\\n")) {
  const [name, given] = line.split(" ");
  const pascal = name.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  try {
    const message = t[`decode${pascal}`](new Uint8Array(Buffer.from(given.replace("-", ""), "hex")));
    console.log(Buffer.from(t[`encode${pascal}`](message)).toString("hex") || "-");
  } catch (error) {
    if (!(error instanceof t.TcrpError)) throw error;
    console.log("!", error.code, error.field, error.offset ?? -1);
  }
}
"""

_C = """
#include <stdio.h>
#include <stdlib.h>
#include "tcrp.h"

static void answer(tcrp_fault fault, const uint8_t *octets, size_t size)
{
    if (fault.code != TCRP_OK) {
        long offset = fault.offset == TCRP_NO_OFFSET ? -1 : (long)fault.offset;
        printf("! %s %s %ld\\n", tcrp_error_name(fault.code), fault.field, offset);
        return;
    }
    for (size_t at = 0; at < size; at++) {
        printf("%02x", octets[at]);
    }
    puts(size ? "" : "-");
}

#define ECHO(name)                                                           \\
    if (strcmp(message, #name) == 0) {                                       \\
        tcrp_##name value;                                                   \\
        tcrp_fault fault = tcrp_decode_##name(octets, size, &value);         \\
        if (fault.code == TCRP_OK) {                                         \\
            fault = tcrp_encode_##name(&value, buffer, sizeof buffer, &used); \\
        }                                                                    \\
        answer(fault, buffer, used);                                         \\
    }

int main(void)
{
    static char line[20000], message[64], hex[19000];
    static uint8_t buffer[9000];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t size = 0, used = 0;
        if (sscanf(line, "%63s %18999s", message, hex) != 2) {
            return 1;
        }
        size = hex[0] == '-' ? 0 : strlen(hex) / 2;
        uint8_t *octets = malloc(size ? size : 1);
        for (size_t at = 0; at < size; at++) {
            unsigned int octet;
            sscanf(hex + 2 * at, "%2x", &octet);
            octets[at] = (uint8_t)octet;
        }
@CASES@
        free(octets);
    }
    return 0;
}
"""

_GO = """
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"@MODULE@"
)

func answer(octets []byte, err error) {
	var fault *tcrp.Error
	if errors.As(err, &fault) {
		fmt.Println("!", fault.Code, fault.Field, fault.Offset)
	} else if len(octets) == 0 {
		fmt.Println("-")
	} else {
		fmt.Println(hex.EncodeToString(octets))
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		octets, _ := hex.DecodeString(strings.Trim(words[1], "-"))
		switch words[0] {
@CASES@
		}
	}
}
"""

_JAVA = """
import java.util.HexFormat;
import java.util.Scanner;
import tcrp.Tcrp;

public final class Runner {
    private static byte[] echo(String name, byte[] octets) throws Tcrp.TcrpException {
        switch (name) {
@CASES@
            default: throw new IllegalArgumentException(name);
        }
    }

    public static void main(String[] arguments) {
        Scanner lines = new Scanner(System.in);
        while (lines.hasNext()) {
            String name = lines.next();
            byte[] octets = HexFormat.of().parseHex(lines.next().replace("-", ""));
            try {
                String hex = HexFormat.of().formatHex(echo(name, octets));
                System.out.println(hex.isEmpty() ? "-" : hex);
            } catch (Tcrp.TcrpException error) {
                System.out.println("! " + error.code.value + " " + error.field + " " + error.offset);
            }
        }
    }
}
"""

_RUST = """
use std::io::{self, BufRead};

#[allow(dead_code)]
mod tcrp;

fn echo(name: &str, octets: &[u8]) -> tcrp::Result<Vec<u8>> {
    match name {
@CASES@
        _ => panic!("{}", name),
    }
}

fn main() {
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let (name, given) = line.split_once(' ').unwrap();
        let given = given.trim_matches('-');
        let octets: Vec<u8> = (0..given.len() / 2)
            .map(|at| u8::from_str_radix(&given[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        match echo(name, &octets) {
            Ok(octets) if octets.is_empty() => println!("-"),
            Ok(octets) => {
                let hex: Vec<String> = octets.iter().map(|octet| format!("{:02x}", octet)).collect();
                println!("{}", hex.concat());
            }
            Err(error) => {
                let offset = error.offset.map_or(-1, |offset| offset as i64);
                println!("! {} {} {}", error.code.name(), error.field, offset);
            }
        }
    }
}
"""

# By language; one that is not here is not asked to read the toys.
FILES = {"python": ("runner.py", _PYTHON), "javascript": ("runner.mjs", _JAVASCRIPT), "c": ("runner.c", _C),
         "go": ("runner/main.go", _GO), "java": ("Runner.java", _JAVA), "rust": ("runner.rs", _RUST)}


def _case(language: str, name: str) -> str:
    if language == "c":
        return f"        ECHO({name})"
    if language == "go":
        return (f'\t\tcase "{name}":\n\t\t\tmessage, err := tcrp.Decode{pascal(name)}(octets)\n\t\t\tif err == nil {{\n'
                f"\t\t\t\toctets, err = tcrp.Encode{pascal(name)}(message)\n\t\t\t}}\n\t\t\tanswer(octets, err)")
    if language == "java":
        return f'            case "{name}": return Tcrp.encode{pascal(name)}(Tcrp.decode{pascal(name)}(octets));'
    return f'        "{name}" => tcrp::encode_{name}(&tcrp::decode_{name}(octets)?),'


def program(language: str, names: list[str], module: str = "") -> tuple[str, str]:
    """(file in the folder of the codec, text) for the messages `names`; `module` is the import path of Go."""
    path, text = FILES[language]
    cases = "\n".join(_case(language, name) for name in names)
    return path, text.lstrip("\n").replace("@CASES@", cases).replace("@MODULE@", module)
