"""Which mutant of the server fails which cases (tests/conformance/test_conformance_server.py)."""
from __future__ import annotations

TABLE = {
    "addresses-not-checked": [
        "server-other-address", "server-other-address-endpoint", "server-other-address-leave",
        "server-other-address-registers",
    ],
    "announcement-of-port-0": [
        "server-announcement-0",
    ],
    "announcements-little-endian": [
        "server-announcement-early", "server-announcement-hears", "server-announcement-more",
        "server-announcement-split",
    ],
    "answers-empty-connections": [
        "server-announcement-half", "server-end-before-request",
    ],
    "answers-every-request": [
        "server-one-request",
    ],
    "answers-strangers": [
        "server-empty-datagram", "server-first-octet-0", "server-noise", "server-noise-huge", "server-room-size-lies",
        "server-short-datagram", "server-sizes-beyond-the-end", "server-token-not-ascii", "server-token-prefix",
        "server-unknown-token", "server-zero-sizes",
    ],
    "any-name": [
        "server-json-bom", "server-json-space-before", "server-name-bidi", "server-name-colon",
        "server-name-colon-nfkc", "server-name-controls", "server-name-del-c1", "server-name-invisible",
        "server-name-joiners", "server-name-other-space-around", "server-name-private", "server-name-separators",
        "server-name-space-around", "server-name-unassigned", "server-order-name-exists", "server-order-name-room",
    ],
    "anything-is-activity": [
        "server-stranger-keeps-nobody",
    ],
    "ascii-names": [
        "server-name-brace", "server-name-emoji-joined", "server-name-ideograph-forms",
        "server-name-joiners-of-scripts", "server-name-look-alikes", "server-name-marks", "server-name-scripts",
        "server-name-spaces-inside", "server-room-name-colon",
    ],
    "believes-sizes": [
        "server-echo-bad-header", "server-size-above-32-bits", "server-size-above-64-bits",
        "server-size-above-accept-limit", "server-size-above-limit", "server-size-high-octet",
        "server-size-little-endian",
    ],
    "bursts-of-5": [
        "server-burst-relayed", "server-relay-order", "server-text-commands", "server-text-odd",
    ],
    "closed-not-confirmed": [
        "server-name-free-at-once", "server-room-closed", "server-room-closed-alone", "server-subject-octets",
    ],
    "closes-late": [
        "server-closes-after-announcement", "server-closes-with-client", "server-order-full-name", "server-room-full",
    ],
    "complete-twice": [
        "server-one-complete",
    ],
    "connections-unlimited": [
        "server-connections-limited",
    ],
    "create-overwrites": [
        "server-no-complete", "server-order-exists-password", "server-room-exists",
    ],
    "detail-always": [
        "server-no-detail", "server-no-detail-refusal",
    ],
    "endpoints-of-tcp": [
        "server-endpoint-of-tcp",
    ],
    "endpoints-stay": [
        "server-announcement-then-datagram", "server-endpoint-moves", "server-endpoint-moves-first",
        "server-endpoint-moves-rejected", "server-endpoint-moves-silently",
    ],
    "ends-at-invalid-requests": [
        "server-http",
    ],
    "ends-at-resets": [
        "server-reset-connections",
    ],
    "ends-at-short-datagrams": [
        "server-members-outlive-noise",
    ],
    "ends-with-the-client": [
        "server-half-close", "server-half-close-password",
    ],
    "failures-not-counted": [
        "server-unreachable-removed",
    ],
    "fixed-json": [
        "server-json-depth-4", "server-json-other-members", "server-json-pair", "server-json-white-space",
        "server-name-symbols",
    ],
    "handshake-time-for-each-read": [
        "server-handshake-time-drip",
    ],
    "header-judged-as-internal-error": [
        "server-order-header-payload",
    ],
    "header-judged-late": [
        "server-operation-0", "server-operation-never", "server-operation-reserved", "server-room-name-size-0",
        "server-state-complete", "server-state-response", "server-state-unassigned",
    ],
    "heard-members-replaced": [
        "server-name-in-use", "server-name-in-use-host", "server-name-in-use-keeps", "server-order-password-name",
        "server-replace-not-announced", "server-replace-other-address", "server-token-of-holder",
    ],
    "host-is-a-guest": [
        "server-closed-room-silent", "server-creator-is-host", "server-host-leaves", "server-old-tokens-dead",
    ],
    "internal-error-always": [
        "server-create",
    ],
    "join-creates": [
        "server-room-not-found",
    ],
    "joined-by-tcp": [
        "server-joined-not-by-tcp",
    ],
    "joined-tells-token": [
        "server-token-secret",
    ],
    "joined-to-itself-only": [
        "server-announcement", "server-announcement-late", "server-joined-others", "server-text-first",
        "server-user-replaced-in-another-form",
    ],
    "keepalives-answered": [
        "server-endpoint-old-port", "server-joined-once", "server-keepalive",
    ],
    "lax-payloads": [
        "server-bare-name-long", "server-bare-name-not-utf8", "server-empty-payload", "server-json-cut",
        "server-json-depth-3000", "server-json-depth-5", "server-json-empty-name", "server-json-huge-number",
        "server-json-infinity", "server-json-key-twice", "server-json-key-twice-escaped",
        "server-json-key-twice-inside", "server-json-leading-zero", "server-json-long-name", "server-json-name-null",
        "server-json-name-number", "server-json-nan", "server-json-no-name", "server-json-not-utf8",
        "server-json-nul-after", "server-json-password-false", "server-json-password-number",
        "server-json-raw-control", "server-json-single-quotes", "server-json-surrogate", "server-json-surrogate-key",
        "server-json-tcrp-array", "server-json-tcrp-null", "server-json-trailing", "server-json-trailing-comma",
        "server-json-two-objects", "server-json-unused-name", "server-name-long-in-octets",
        "server-order-payload-room",
    ],
    "left-not-confirmed": [
        "server-left", "server-relay-not-after-leaving",
    ],
    "line-ends-relayed": [
        "server-line-end-free", "server-line-end-only",
    ],
    "lonely-rooms-close": [
        "server-leave-first", "server-leave-lone-zero", "server-leave-more", "server-leave-twice",
        "server-left-token", "server-room-without-members",
    ],
    "members-in-part": [
        "server-members-cut",
    ],
    "members-to-all": [
        "server-who-alone",
    ],
    "membership-ends-with-a-reset": [
        "server-membership-outlives-reset",
    ],
    "membership-ends-with-the-connection": [
        "server-membership-outlives",
    ],
    "names-compared-by-look": [
        "server-user-look-alike",
    ],
    "names-compared-by-octets": [
        "server-user-case", "server-user-compatibility", "server-user-composition", "server-user-folded-elsewhere",
        "server-user-full-folding", "server-user-ignorable", "server-user-width",
    ],
    "names-of-at-most-20": [
        "server-bare-name-of-64",
    ],
    "names-unique-on-the-server": [
        "server-name-in-another-room",
    ],
    "never-closes": [
        "server-closes-after-bad-header", "server-closes-after-refusal", "server-closes-in-time",
    ],
    "no-bare-names": [
        "server-bare-name", "server-bare-name-japanese", "server-bare-name-quoted",
    ],
    "no-complete": [
        "server-join",
    ],
    "no-extensions": [
        "server-extension-detail", "server-extension-empty", "server-extension-refused", "server-extension-unknown",
    ],
    "no-handshake-time": [
        "server-handshake-time-half", "server-handshake-time-silent",
    ],
    "no-joined": [
        "server-joined", "server-json-escapes", "server-json-username", "server-room-unregistered",
    ],
    "no-passwords": [
        "server-join-password-empty", "server-password-case", "server-password-composed", "server-password-long",
        "server-password-missing", "server-password-nul", "server-password-space", "server-password-wrong",
    ],
    "no-room-name-in-replies": [
        "server-refusal-repeats", "server-reply-repeats", "server-room-name-size-255",
        "server-sizes-beyond-the-plane", "server-sizes-in-octets",
    ],
    "nobody-idle": [
        "server-idle-host", "server-idle-removed",
    ],
    "nobody-replaced": [
        "server-replace-host", "server-replace-keeps-place", "server-replace-silently", "server-replace-unheard",
    ],
    "nothing-limited": [
        "server-creations-limited", "server-passwords-limited", "server-texts-limited",
    ],
    "notices-tell-all": [
        "server-address-secret",
    ],
    "notices-with-line-ends": [
        "server-leave", "server-members", "server-members-unknown-endpoint", "server-notices-printable",
    ],
    "null-is-a-password": [
        "server-password-empty", "server-password-null",
    ],
    "one-client-at-a-time": [
        "server-half-requests", "server-huge-announced", "server-idle-connections",
    ],
    "one-member-at-a-time": [
        "server-open-after-complete",
    ],
    "one-read-is-one-request": [
        "server-cut-after-header", "server-cut-header", "server-cut-last-octet", "server-cut-payload",
        "server-cut-room-name", "server-octet-by-octet",
    ],
    "only-texts-are-activity": [
        "server-keepalive-keeps", "server-rejected-keeps",
    ],
    "only-username": [
        "server-json-user-name",
    ],
    "padded-replies": [
        "server-reply-is-all",
    ],
    "password-checked-first": [
        "server-order-room-password",
    ],
    "passwords-for-open-rooms": [
        "server-password-ignored",
    ],
    "passwords-never-right": [
        "server-password", "server-passwords-limited-by-room",
    ],
    "refused-create-clears": [
        "server-room-exists-keeps",
    ],
    "rejected-each-time": [
        "server-rejected-seldom",
    ],
    "rejected-once": [
        "server-rejected-again",
    ],
    "rejected-to-all": [
        "server-control-too-long", "server-datagram-too-long", "server-limit-of-its-own", "server-rejected-alone",
        "server-rejected-free", "server-text-cut-utf8", "server-text-not-utf8", "server-text-surrogate-utf8",
    ],
    "relays-names-folded": [
        "server-name-as-it-is", "server-relay-octets",
    ],
    "relays-no-repetition": [
        "server-relay-repeated",
    ],
    "relays-nothing": [
        "server-relay",
    ],
    "relays-of-4000-octets": [
        "server-largest-datagram", "server-relay-largest",
    ],
    "relays-of-any-size": [
        "server-relay-too-large", "server-text-grows-too-long",
    ],
    "relays-to-all-rooms": [
        "server-relay-not-to-other-rooms",
    ],
    "relays-to-the-sender": [
        "server-endpoint-from-json", "server-endpoint-unknown", "server-no-token-registers-nobody",
        "server-relay-not-to-sender", "server-relay-to-all",
    ],
    "relays-twice": [
        "server-relay-once", "server-text-colon", "server-text-json", "server-text-line-end",
        "server-text-line-inside", "server-text-space", "server-text-tab", "server-text-unicode",
    ],
    "relays-when-all-are-there": [
        "server-relay-to-registered",
    ],
    "repairs-room-names": [
        "server-echo-bad-room", "server-room-cut-utf8", "server-room-not-utf8", "server-room-overlong-utf8",
        "server-room-surrogate-utf8",
    ],
    "replies-little-endian": [
        "server-reply-size-field",
    ],
    "room-name-only-if-valid": [
        "server-echo-bad-name", "server-echo-bad-payload",
    ],
    "room-names-not-checked": [
        "server-room-case", "server-room-not-utf8-in-datagram", "server-token-of-another-room", "server-unknown-room",
    ],
    "rooms-folded": [
        "server-room-case-differs", "server-room-composition-differs",
    ],
    "sends-from-another-address": [
        "server-udp-address",
    ],
    "sends-from-another-port": [
        "server-udp-port",
    ],
    "silent-when-cut": [
        "server-echo-half-body", "server-echo-half-header", "server-end-after-header", "server-end-in-header",
        "server-end-in-payload",
    ],
    "slams-the-door": [
        "server-refusal-arrives",
    ],
    "small-accept-limit": [
        "server-accept-limit",
    ],
    "texts-normalized": [
        "server-text-c0", "server-text-del-c1", "server-text-escape",
    ],
    "tokens-all-the-same": [
        "server-tokens-differ",
    ],
    "tokens-counted": [
        "server-token-unguessable",
    ],
    "tokens-with-spaces": [
        "server-token-ascii",
    ],
    "unheard-never-idle": [
        "server-idle-unheard",
    ],
    "unknown-kinds-not-counted": [
        "server-control-kind-registers",
    ],
    "unknown-kinds-rejected": [
        "server-control-kind-0", "server-control-kind-200", "server-control-kind-3",
    ],
    "user-name-first": [
        "server-json-both-names",
    ],
    "user-names-never-free": [
        "server-after-leaving-again", "server-members-after-leave", "server-token-after-rejoin",
    ],
    "who-exactly": [
        "server-who-more",
    ],
    "who-free": [
        "server-who-charged",
    ],
    "who-unknown": [
        "server-who",
    ],
}
