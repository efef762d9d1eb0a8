// Everything that the front end asks of the program comes through here, in a frame of another origin.
// What is not of a known command in its known shape goes no further.
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const has = (value, ...names) => isObject(value) && Object.keys(value).sort().join() === names.sort().join();

const SHAPES = {
  call: ({ payload }) => has(payload, "method", "params") && /^[a-z_]{1,64}$/.test(payload.method) && isObject(payload.params),
  events: ({ payload }) => has(payload, "channel") && /^__CHANNEL__:\d+$/.test(payload.channel),
  stage: ({ payload, options }) => payload instanceof ArrayBuffer && has(options?.headers, "x-name", "x-type") && Object.values(options.headers).every((value) => typeof value === "string"),
  // By which a channel hands over what is too long to be told at once.
  "plugin:__TAURI_CHANNEL__|fetch": ({ payload }) => payload === undefined || payload === null || has(payload),
};

window.__TAURI_ISOLATION_HOOK__ = (message) => {
  const fits = Object.hasOwn(SHAPES, message.cmd) && SHAPES[message.cmd](message);
  if (!fits) throw new Error(`the front end may not ask for this: ${String(message.cmd).slice(0, 64)}`);
  return message;
};
