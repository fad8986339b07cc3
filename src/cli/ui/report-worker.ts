import { parentPort, workerData } from 'node:worker_threads';
import { formatHtml } from '../../../reports/html/run-page.js';
import type { Run } from '../../core/run.js';

/** The entry of a thread that makes one report, so that the thread that holds the load does not have to. */
parentPort?.postMessage(formatHtml([workerData as Run]));
