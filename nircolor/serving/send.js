// One picture to the server and back: XMLHttpRequest, because fetch does not tell how far an upload is.

export class Refused extends Error {
  constructor(words, retry) {
    super(words.error);
    Object.assign(this, words, { retry });
  }
}

// -> { result, before, after, output }, the last three as Blobs. tell(stage, share): share is null where nobody knows.
export async function colorize(file, settings, tell, signal) {
  const job = crypto.getRandomValues(new Uint32Array(4)).join("-");
  const form = new FormData();
  for (const [name, value] of Object.entries(settings)) form.append(name, value);
  form.append("file", file, file.name);
  const watch = watching(job, tell);
  try {
    const answer = await post(`/colorize?job=${job}`, form, tell, watch.start, signal);
    if (answer.status !== 200) throw await refusal(answer);
    const parts = await new Response(answer.response, { headers: { "content-type": answer.getResponseHeader("content-type") } }).formData();
    return {
      result: JSON.parse(await text(parts.get("result"))),
      before: parts.get("before"), after: parts.get("after"), output: parts.get("output"),
    };
  } finally {
    watch.end();
  }
}

const text = (part) => (typeof part === "string" ? part : part.text());

function post(url, form, tell, sent, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("accept", "multipart/form-data");
    request.responseType = "blob";
    request.upload.onprogress = (event) => tell("sending", event.lengthComputable ? event.loaded / event.total : null);
    request.upload.onload = sent;
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Refused({ error: "The server does not answer. Is nircolor serve still running?" }));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) return reject(new DOMException("stopped", "AbortError"));
    request.send(form);
  });
}

async function refusal(answer) {
  const retry = Number(answer.getResponseHeader("retry-after")) || null;
  try {
    return new Refused(JSON.parse(await answer.response.text()), retry);
  } catch {
    return new Refused({ error: `The server refuses this (${answer.status}).` }, retry);
  }
}

// asks twice a second how far the work is, from when the upload has been sent
function watching(job, tell) {
  let timer = null;
  const ask = async () => {
    try {
      const { stage, done, total, ahead } = await (await fetch(`/progress/${job}`)).json();
      if (timer !== null && stage !== "unknown") tell(ahead ? `waiting, ${ahead} before it` : stage, total ? done / total : null);
    } catch { /* the answer itself will tell */ }
    if (timer !== null) timer = setTimeout(ask, 500);
  };
  return { start: () => { timer = setTimeout(ask, 200); }, end: () => { clearTimeout(timer); timer = null; } };
}
