-- For wrk: lookups of random countries, and one update in a thousand requests.
-- wrk -t1 -c64 -d10 --latency -s examples/load.lua http://127.0.0.1:3000

local countries = {}
local first = true
for line in io.lines("examples/data/countries.tsv") do
  if not first then
    local code, _, _, name = line:match("([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)")
    countries[#countries + 1] = { code = code, name = name }
  end
  first = false
end

local json = { ["Content-Type"] = "application/json" }

function request()
  local country = countries[math.random(#countries)]
  local path = "/countries/" .. country.code
  local dice = math.random(1000)
  if dice == 1 then
    return wrk.format("PUT", path, json, '{"name":"' .. country.name .. '"}')
  elseif dice <= 100 then
    return wrk.format("GET", path .. "/subdivisions")
  end
  return wrk.format("GET", path)
end
