import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * When all cores compute, the thread that does I/O, and a client on the same machine, would wait for them between any two requests.
 * With a niceness they come first, and the model loses no more than what they take.
 */
const moreNice = 5;
const mostNice = 19;

/**
 * Lets other threads go before this one and those that it starts. On Linux each thread has a niceness of its own (setpriority(2), "C
 * library/kernel differences"), and anybody may raise it; elsewhere nothing happens.
 */
export function yieldToIo(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, Math.min(mostNice, getPriority(thread) + moreNice));
  } catch {
    // There is no such file on this system.
  }
}
