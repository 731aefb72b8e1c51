-- What benches/proxy.py has wrk send: another token and another query each time; one line of JSON at the end.
local requests, at = {}, 0

function init(arguments)
  local target = arguments[1]
  for line in io.lines(arguments[2]) do
    local number = #requests + 1
    requests[number] = wrk.format("GET", target .. "?n=" .. number, { Authorization = "Bearer " .. line })
  end
  -- Threads do not send the same at the same time.
  at = math.random(#requests)
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,"refused":%d,"broken":%d,"late":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
