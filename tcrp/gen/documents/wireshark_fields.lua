
-- ---- registered with Wireshark once ----

local tcrp = Proto("tcrp", "TCRP chat rooms")
tcrp.prefs.ports = Pref.range("TCP and UDP ports", tostring(model.port), "Ports that TCRP servers listen on", 65535)

local registries = {}
for name, ranges in pairs(model.registries) do
    registries[name] = function(value)
        for _, range in ipairs(ranges) do
            if range[1] <= value and value <= range[2] then return range[3] end
        end
    end
end

local fields, experts = {}, {}
for _, field in ipairs(model.fields) do
    local title = field.filter:match("[^.]*$")
    if field.registry then
        local ranges = model.registries[field.registry]
        local shown = base.RANGE_STRING + base.DEC
        fields[field.filter] = ProtoField[field.type](field.filter, title, shown, ranges, nil, field.doc)
    elseif field.type == "none" then
        fields[field.filter] = ProtoField.none(field.filter, title, field.doc)
    elseif field.type == "string" then
        fields[field.filter] = ProtoField.string(field.filter, title, base.UNICODE, field.doc)
    elseif field.type == "bytes" then
        fields[field.filter] = ProtoField.bytes(field.filter, title, base.NONE, field.doc)
    else
        fields[field.filter] = ProtoField[field.type](field.filter, title, base.DEC, nil, nil, field.doc)
    end
end
for _, fault in ipairs(model.faults) do
    local group = fault.refused and expert.group.PROTOCOL or expert.group.MALFORMED
    local severity = fault.refused and expert.severity.WARN or expert.severity.ERROR
    experts[fault.code] = ProtoExpert.new("tcrp." .. fault.code, fault.doc, group, severity)
end
tcrp.fields = fields
tcrp.experts = experts

-- ---- octets ----

local function raw(m, from, to)
    return to > from and m.tvb:raw(from, to - from) or ""
end

-- The number at `from`, or nil if it does not fit 4 octets.
local function number(tvb, from, octets)
    if octets > 4 then
        if tvb:raw(from, octets - 4):find("[^\0]") then return nil end
        from, octets = from + octets - 4, 4
    end
    return tvb(from, octets):uint()
end

-- Where `octets` stop being UTF-8 (RFC 3629), counted from 0, or nil.
local function utf8_fault(octets)
    local at, size = 1, #octets
    while at <= size do
        local first, low, high, more = octets:byte(at), 0x80, 0xBF, 0
        if first >= 0xC2 and first <= 0xDF then more = 1
        elseif first >= 0xE0 and first <= 0xEF then more = 2
        elseif first >= 0xF0 and first <= 0xF4 then more = 3
        elseif first >= 0x80 then return at - 1
        end
        if first == 0xE0 then low = 0xA0 elseif first == 0xED then high = 0x9F
        elseif first == 0xF0 then low = 0x90 elseif first == 0xF4 then high = 0x8F
        end
        for next = at + 1, at + more do
            local octet = octets:byte(next)
            if not octet or octet < low or octet > high then return at - 1 end
            low, high = 0x80, 0xBF
        end
        at = at + more + 1
    end
end

local function encoding_fault(encoding, octets)
    if encoding == "utf-8" then
        local at = utf8_fault(octets)
        if at then return "bad_utf8", ("octet %d of the text is not UTF-8"):format(at) end
    elseif encoding == "ascii" then
        local at = octets:find("[^\33-\126]")
        if at then return "bad_ascii", ("octet 0x%02x is not printable"):format(octets:byte(at)) end
    end
end

-- ---- fields ----
-- m is the message being read: tvb, `to` (where it ends), tree, path, pinfo, sender, values (numbers by name),
-- accept (the most that a size may announce), line (words for the info column; the code of the first fault).
-- Each reader returns where the next field starts, or nil if the rest cannot be read.

local function fault(m, item, code, name, text)
    local path = name and m.path .. "." .. name or m.path
    item:add_proto_expert_info(experts[code], path .. ": " .. code .. ": " .. text)
    m.line.fault = m.line.fault or code
end

local function add(m, filter, from, to, ...)
    return m.tree:add(fields[filter], m.tvb(from, to - from), ...)
end

-- Wireshark ends a text at a NUL: it is replaced by U+2400, the symbol for it.
local function add_text(m, filter, from, to)
    local range = m.tvb(from, to - from)
    local text = range:string(ENC_UTF_8)
    if not text:find("\0", 1, true) then return m.tree:add_packet_field(fields[filter], range, ENC_UTF_8), text end
    text = text:gsub("\0", "\226\144\128")
    return m.tree:add(fields[filter], range, text), text
end

local function say(m, words)
    if words and words ~= "" then table.insert(m.line, (tostring(words):gsub("%c", " "))) end
end

local function out_of_bounds(field, value)
    local minimum, maximum = field.minimum or 0, field.maximum
    if field.kind == "unsigned" and not maximum then maximum = 256 ^ field.octets - 1 end
    if value < minimum or (maximum and value > maximum) then
        return ("%d is not in %d..%s"):format(value, minimum, maximum and ("%d"):format(maximum) or "")
    end
end

local function read_unsigned(m, field, at)
    local stop = at + field.octets
    if stop > m.to then
        return fault(m, m.tree, "truncated", field.name, ("ends after %d of %d octets"):format(m.to - at, field.octets))
    end
    local value = number(m.tvb, at, field.octets)
    if not value then
        return fault(m, m.tree, "out_of_range", field.name, ("is above %d"):format(field.maximum))
    end
    local item = add(m, field.filter, at, stop, value)
    local wrong = out_of_bounds(field, value)
    if wrong then return fault(m, item, "out_of_range", field.name, wrong) end
    if field.counts and m.accept and value > m.accept then
        return fault(m, item, "too_large", field.name, ("%d octets, a receiver accepts %d"):format(value, m.accept))
    end
    m.values[field.name] = value
    if field.registry then
        local text = registries[field.registry](value)
        say(m, text:find("%l") and ("%s %d"):format(text, value) or text)  -- only assigned names are in capitals
    elseif not field.counts then
        say(m, ("%s %d"):format(field.name, value))
    end
    return stop
end

local function read_run(m, field, at)
    local stop, size = m.to, field.exactly or (field.sized_by and m.values[field.sized_by])
    if size then
        stop = at + size
        if stop > m.to then
            return fault(m, m.tree, "truncated", field.name, ("ends after %d of %d octets"):format(m.to - at, size))
        end
    elseif field.up_to then
        local found = raw(m, at, m.to):find(field.up_to, 1, true)
        if not found then return fault(m, m.tree, "missing_delimiter", field.name, "its end is missing") end
        stop = at + found - 1
    end
    local wrong = out_of_bounds(field, stop - at)
    if wrong then return fault(m, m.tree, "out_of_range", field.name, "size " .. wrong) end
    local item
    if field.encoding then
        local text
        item, text = add_text(m, field.filter, at, stop)
        if field.encoding == "utf-8" and stop > at then say(m, text .. (field.up_to and ":" or "")) end
    else
        item = add(m, field.filter, at, stop)
    end
    local code, text = encoding_fault(field.encoding, raw(m, at, stop))
    if code then fault(m, item, code, field.name, text) end
    return stop + #(field.up_to or "")
end

local function read_json(m, field, at)
    local item = add_text(m, field.filter, at, m.to)
    local octets = raw(m, at, m.to)
    local code, text = encoding_fault("utf-8", octets)
    if code then
        fault(m, item, code, field.name, text)
    elseif not octets:find("^[ \t\r\n]*{.*}[ \t\r\n]*$") then
        fault(m, item, "bad_json", field.name, "is not a JSON object")
    else
        local found, json = pcall(Dissector.get, "json")
        if found and json then json:call(m.tvb(at, m.to - at):tvb(), m.pinfo, m.tree) end
    end
    return m.to
end

local read_body  -- (m, body, at)

local function read_choice(m, field, at)
    local form = field.empty
    if at < m.to then form = field.cases[m.tvb(at, 1):uint()] or field.default end
    if not form then return fault(m, m.tree, "truncated", field.name, "is empty") end
    local path = m.path .. (field.name and "." .. field.name or "") .. "." .. form.name
    local inner = setmetatable({path = path}, {__index = m})
    inner.tree = add(m, form.filter, at, m.to)
    say(m, form.name)
    return read_body(inner, form, at)
end

-- What a field that is not there means, as a field that Wireshark shows in brackets.
local function read_absent(m, field)
    m.tree:add(fields[field.filter], field.absent):set_generated()
    if field.registry then say(m, registries[field.registry](field.absent)) end
end

local readers = {unsigned = read_unsigned, run = read_run, json = read_json, choice = read_choice}

function readers.constant(m, field, at)
    local stop = at + #field.octets
    local item = add(m, field.filter, at, math.min(stop, m.to))
    if raw(m, at, math.min(stop, m.to)) ~= field.octets then
        return fault(m, item, "wrong_constant", field.name, "is not the fixed value")
    end
    return stop
end

function readers.ignored(m, field, at)
    if at < m.to then add(m, field.filter, at, m.to) end
    return m.to
end

function read_body(m, body, at)
    for _, field in ipairs(body.fields) do
        if field.optional and at == m.to then
            if field.absent then read_absent(m, field) end
        else
            local next = readers[field.kind](m, field, at)
            if not next then return nil end
            if field.holds then m.hold(field.holds[m.values.state], at, next) end
            at = next
        end
    end
    if body.closed and at < m.to then return fault(m, m.tree, "trailing_octets", nil, "must end here") end
    return at
end

-- ---- messages ----

-- Reads the message `name` from octet `from` to `to`; `above` is what contains it (pinfo, tree, sender, line).
local function read_message(above, name, tvb, from, to)
    local message = model.messages[name]
    local m = setmetatable({tvb = tvb, to = to, path = name, values = {}}, {__index = above})
    m.tree = above.tree:add(fields[message.filter], tvb(from, to - from))
    function m.hold(inner, start, stop)
        if not inner then return end
        if model.messages[inner].sender ~= m.sender then
            fault(m, m.tree, "unexpected", nil, inner .. " from the " .. m.sender)
        end
        read_message(m, inner, tvb, start, stop)
    end
    if message.maximum and to - from > message.maximum then
        fault(m, m.tree, "out_of_range", nil, ("%d octets, the limit is %d"):format(to - from, message.maximum))
    else
        read_body(m, message, from)
    end
end

-- The tree of the packet; there is none as long as nothing is shown in it.
local function root(above)
    if not above.tree then
        above.tree = above.packet_tree:add(tcrp, above.tvb())
        above.tree:append_text(", from the " .. above.sender)
    end
    return above.tree
end

-- A message by itself: a line of the info column, which begins with its name or that of its form.
local function read_line(above, name, tvb, from, to)
    root(above)
    above.line = model.messages[name].has_forms and {} or {name}
    read_message(above, name, tvb, from, to)
    if above.line.fault then table.insert(above.line, "[" .. above.line.fault .. "]") end
    table.insert(above.lines, table.concat(above.line, " "))
end
