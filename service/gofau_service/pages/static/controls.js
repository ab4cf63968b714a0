// @ts-check
/** What a person may do to a study; each asks first. */

import { call } from "./api.js";
import { button, h, put } from "./dom.js";
import { complain, confirm } from "./notices.js";

const FINAL = ["completed", "failed", "cancelled"];

/**
 * @typedef {object} Action
 * @property {string} name
 * @property {(study: any) => boolean} allowed
 * @property {string} question
 * @property {string} text
 * @property {(study: any) => HTMLElement[]} [fields]
 * @property {(study: any, values: Record<string, string>) => Promise<any>} run
 */

/** @param {any} study @param {string} verb @param {any} [body] */
function post(study, verb, body) {
  return call(`/v1/studies/${encodeURIComponent(study.id)}/${verb}`, { method: "POST", body });
}

/** @type {Action[]} */
const ACTIONS = [
  {
    name: "Pause",
    allowed: (s) => ["queued", "running"].includes(s.state),
    question: "Pause this study?",
    text: "Nothing more runs until it is resumed. What has completed is kept; trials in training go back to waiting.",
    run: (s) => post(s, "pause"),
  },
  {
    name: "Resume",
    allowed: (s) => s.state === "paused",
    question: "Resume this study?",
    text: "It is queued again and goes on where it stopped.",
    run: (s) => post(s, "resume"),
  },
  {
    name: "Cancel",
    allowed: (s) => ["queued", "running", "paused"].includes(s.state),
    question: "Cancel this study?",
    text: "Trials that have not ended are cancelled for good. Completed results are kept.",
    run: (s) => post(s, "cancel"),
  },
  {
    name: "Retry failed",
    allowed: (s) => s.counts.failed > 0 && !s.state.startsWith("cancel"),
    question: "Retry the failed trials?",
    text: "They wait again, with all their attempts.",
    run: (s) => post(s, "retry"),
  },
  {
    name: "Extend",
    allowed: (s) => !s.state.startsWith("cancel"),
    question: "Extend this study",
    text: "All that it has stays, and only the new trials run. To widen an axis, its new values must include the old ones.",
    fields: extensionFields,
    run: extend,
  },
  {
    name: "Tags",
    allowed: () => true,
    question: "Tags of this study",
    text: "Separate tags by commas; they replace the old ones.",
    fields: (s) => [field("tags", "Tags", s.tags.join(", "))],
    run: (s, values) => {
      const tags = values.tags.split(",").map((t) => t.trim()).filter(Boolean);
      return call(`/v1/studies/${encodeURIComponent(s.id)}`, { method: "PATCH", body: { tags } });
    },
  },
  {
    name: "Delete",
    allowed: (s) => FINAL.includes(s.state),
    question: "Delete this study?",
    text: "The study goes with all its trials and results. This cannot be undone.",
    run: async (s) => {
      await call(`/v1/studies/${encodeURIComponent(s.id)}`, { method: "DELETE" });
      location.assign("/");
    },
  },
];

/**
 * Buttons for what is allowed now.
 * @param {Element} where @param {any} study @param {() => Promise<void>} onDone
 */
export function showControls(where, study, onDone) {
  const allowed = ACTIONS.filter((action) => action.allowed(study));
  const names = allowed.map((action) => action.name).join();
  if (where.getAttribute("data-names") === names) return;
  where.setAttribute("data-names", names);
  put(where, ...allowed.map((action) => button(action.name, () => perform(action, study, onDone))));
}

/** @param {Action} action @param {any} study @param {() => Promise<void>} onDone */
async function perform(action, study, onDone) {
  const now = await call(`/v1/studies/${encodeURIComponent(study.id)}`).catch(complain);
  if (!now) return;
  const values = await confirm(action.question, action.text, action.name === "Cancel" ? "Cancel the study" : action.name, action.fields?.(now));
  if (values === null) return;
  try {
    complain(null);
    await action.run(now, values);
    await onDone();
  } catch (error) {
    complain(error);
  }
}

/** @param {string} name @param {string} label @param {string} value @param {any} [more] */
function field(name, label, value, more = {}) {
  return h("label", { class: "field" }, h("span", {}, label), h("input", { name, value, ...more }));
}

/** @param {any} study */
function extensionFields(study) {
  const axes = Object.entries(study.spec.axes).map(([name, form]) => field(`axis ${name}`, `Axis ${name}`, formText(form)));
  return [field("seeds", "Seeds", String(study.spec.seeds.length), { type: "number", min: study.spec.seeds.length }), ...axes];
}

/** An axis as JSON without what it leaves out. @param {any} form */
function formText(form) {
  return JSON.stringify(Object.fromEntries(Object.entries(form).filter(([, v]) => v !== null)));
}

/** @param {any} study @param {Record<string, string>} values */
async function extend(study, values) {
  const changed = Object.entries(study.spec.axes).filter(([name, form]) => values[`axis ${name}`] !== formText(form));
  const axes = Object.fromEntries(changed.map(([name]) => [name, readAxis(name, values[`axis ${name}`])]));
  const seeds = Number(values.seeds) > study.spec.seeds.length ? Number(values.seeds) : undefined;
  return post(study, "extend", { seeds, axes: changed.length ? axes : undefined });
}

/** @param {string} name @param {string} text */
function readAxis(name, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`axis ${name}: got ${text}, expected JSON such as {"log": [0.001, 10], "points": 9}`);
  }
}
