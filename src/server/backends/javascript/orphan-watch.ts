import { workerData } from 'node:worker_threads';

/**
 * A thread beside a model: when the server was killed, a model that never returns keeps its process from hearing of it, and
 * a core busy for good.
 */

const lookMs = 1000;
const serverPid = workerData as number;

setInterval(() => {
  if (process.ppid !== serverPid) process.kill(process.pid, 'SIGKILL');
}, lookMs);
