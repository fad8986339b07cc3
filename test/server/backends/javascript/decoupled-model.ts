import { javascriptModel } from './javascript-model.js';

/** Sends as many responses as the first element says, and then does what the second one says. */
const decoupledModule = `
export async function execute(requests) {
  for (const request of requests) {
    const [count, act = 0] = request.inputs.X.data;
    for (let index = 0; index < count; index++) await request.send({ outputs: { Y: [index] } });
    await acts[act](request);
  }
}
const acts = [
  (request) => request.end(),
  (request) => request.send({ outputs: { Y: [-1] } }, { isFinal: true }),
  async (request) => { await request.send({ error: 'no more' }); request.end(); },
  (request) => { request.end(); return request.send({ outputs: { Y: [5] } }); },
  (request) => request.send({ outputs: { Y: [0.5] } }),
  () => { throw new Error('not today'); },
  () => process.exit(6),
  (request) => { setTimeout(() => request.end(), 20); },
  async ({ signal }) => {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    console.log('gone');
  },
];`;

export const endSilently = 0;
export const endWithResponse = 1;
export const sendError = 2;
export const sendAfterEnd = 3;
export const sendWrong = 4;
export const throwError = 5;
export const exitProcess = 6;
export const endLater = 7;
export const waitForCancel = 8;

export const decoupledModel = (config = '', module = decoupledModule) =>
  javascriptModel(module, `model_transaction_policy { decoupled: true } ${config}`);
