import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A name for a running process that no other one has, in three parts: where its id counts (this start of this machine, and the container), the id,
 * and when it began, since ids are used again. Without `/proc` the last part says nothing.
 */
export const processMark = (pid: number): string => `${placeMark()}-${pid}-${beganAt(pid) ?? 0}`;

/** Whether the process of a mark has surely ended: one of another place may run, as far as we can see. */
export function hasEnded(mark: string): boolean {
  const [place, pid = '', began = ''] = mark.split('-');
  if (place !== placeMark()) return false;
  const now = beganAt(Number(pid));
  if (now !== undefined) return String(now) !== began;
  if (textOf('/proc/self/stat') !== '') return true;
  return !isThere(Number(pid));
}

function placeMark(): string {
  const names = [hostname(), textOf('/proc/sys/kernel/random/boot_id').trim(), linkOf('/proc/self/ns/pid')];
  return createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 12);
}

/** In ticks since the machine began (proc(5), field 22 of `stat`); `undefined` when the process is not there, or only its exit code is. */
function beganAt(pid: number): number | undefined {
  const fields = textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  const [state, began] = [fields[0], Number(fields[19])];
  return state === 'Z' || !Number.isFinite(began) ? undefined : began;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
