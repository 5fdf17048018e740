
-- ---- the TCP stream ----
-- Where more octets are needed, the whole next segment is asked for, so that what is read ends where a packet does:
-- then the number of a packet tells on which side of the request's end it is, however often it is dissected.

-- By the two ends of a connection: a list of {request = , announcement = }, numbers of the packets that end them. Of
-- connections between the same two ends, a later one begins where a whole header is read after the request.
local exchanges

function tcrp.init()
    exchanges = {}
end

local function exchanges_of(pinfo)
    local key = ("%s %d %s %d"):format(tostring(pinfo.src), pinfo.src_port, tostring(pinfo.dst), pinfo.dst_port)
    exchanges[key] = exchanges[key] or {}
    return exchanges[key]
end

-- The exchange whose request ended in packet `number` or before it, or nil.
local function exchange_at(list, number)
    for index = #list, 1, -1 do
        if list[index].request <= number then return list[index] end
    end
end

-- How many octets the frame at `at` has, by its own sizes; nil if its header is not here or is to be refused.
local function frame_size(frame, tvb, at, accept)
    if tvb:len() - at < frame.header then return nil end
    local total, place = 0, at
    for _, field in ipairs(frame.fields) do
        local fixed = field.exactly or (field.kind == "constant" and #field.octets) or field.octets
        total = total + (fixed or 0)
        if field.kind == "unsigned" and place < at + frame.header then
            local value = number(tvb, place, field.octets)
            if not value or out_of_bounds(field, value) or (field.counts and value > accept) then return nil end
            if field.counts then total = total + value end
        end
        place = place + (fixed or 0)
    end
    return total
end

-- A client's octets behind its request: perhaps an announcement; the server ignores the rest.
-- Returns where they start if more are needed.
local function read_after_request(above, exchange, tvb, at)
    local number, announcement = above.pinfo.number, model.after_request
    if announcement and (exchange.announcement or number) >= number then
        if tvb:len() - at < announcement.size and above.pinfo.can_desegment > 0 then return at end
        local stop = math.min(at + announcement.size, tvb:len())
        read_line(above, announcement.name, tvb, at, stop)
        exchange.announcement, at = number, stop
    end
    if at < tvb:len() then
        root(above):add_proto_expert_info(experts.unexpected, "unexpected: octets after the request are ignored")
        table.insert(above.lines, "[unexpected]")
    end
end

-- Reads all whole frames; returns where an incomplete one starts.
local function read_stream(above, tvb)
    local frame, number, at = model.messages[model.frame], above.pinfo.number, 0
    local client = above.sender == "client"
    local list = client and exchanges_of(above.pinfo)
    above.accept = model.accept[above.sender]
    while at < tvb:len() do
        local left, size = tvb:len() - at, frame_size(frame, tvb, at, above.accept)
        local exchange = client and exchange_at(list, number)
        if exchange and (at > 0 or (exchange.request < number and not size)) then
            return read_after_request(above, exchange, tvb, at)
        end
        local refused, whole = left >= frame.header and not size, size and size <= left
        if not whole and not refused and above.pinfo.can_desegment > 0 then return at end
        local stop = whole and at + size or tvb:len()
        read_line(above, model.frame, tvb, at, stop)
        if client and not (exchange and exchange.request == number) then
            -- behind a refused request no announcement is read
            table.insert(list, {request = number, announcement = refused and number or nil})
        end
        at = stop
    end
end

-- ---- packets ----

local server_ports = {}

local function is_server(port)
    for _, range in ipairs(server_ports) do
        if range[1] <= port and port <= range[2] then return true end
    end
    return false
end

-- With "Decode As" on a port that is no server's, the lower one is taken for it.
local function sender_of(pinfo)
    if is_server(pinfo.dst_port) then return "client" end
    if is_server(pinfo.src_port) then return "server" end
    return pinfo.dst_port < pinfo.src_port and "client" or "server"
end

function tcrp.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "TCRP"
    local above = {pinfo = pinfo, packet_tree = tree, tvb = tvb, sender = sender_of(pinfo), lines = {}}
    if pinfo.port_type == 2 then
        local start = read_stream(above, tvb)
        if start then pinfo.desegment_offset, pinfo.desegment_len = start, DESEGMENT_ONE_MORE_SEGMENT end
    else
        read_line(above, model.datagrams[above.sender], tvb, 0, tvb:len())
    end
    if #above.lines > 0 then
        pinfo.cols.protocol = "TCRP"  -- again: a dissector that was called puts its own there
        pinfo.cols.info:set(table.concat(above.lines, ", "))
    end
end

local registered

local function set_ports()
    for _, transport in ipairs({"tcp.port", "udp.port"}) do
        local ports = DissectorTable.get(transport)
        if registered then ports:remove(registered, tcrp) end
        ports:add(tcrp.prefs.ports, tcrp)
    end
    registered = tcrp.prefs.ports
    server_ports = {}
    for first, last in tostring(registered):gmatch("(%d+)%-?(%d*)") do
        table.insert(server_ports, {tonumber(first), tonumber(last) or tonumber(first)})
    end
end

tcrp.prefs_changed = set_ports
set_ports()
