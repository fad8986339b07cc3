import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import type { Metrics } from '../../core/trial.js';

/** What a server that we launched needs of the machine, by metric tag; empty where the system does not tell. */
export interface ServerMeter {
  read(): Metrics;
}

/** Clock ticks of `/proc` in a second: `USER_HZ`, which is 100 on all systems that Node.js runs on. */
const ticksPerSecond = 100;
const bytesPerMb = 1e6;

/**
 * Watches the processes of a group from now on: their peak resident memory together, in MB, and how busy they kept the cores of this machine, in
 * per cent of all. Linux only: resets the peaks (`/proc/PID/clear_refs`, see proc(5)).
 */
export function startServerMeter(group: number): ServerMeter {
  const startedAt = performance.now();
  const before = new Map(membersOf(group).map((pid) => [pid, cpuSecondsOf(pid)]));
  for (const pid of before.keys()) resetPeak(pid);
  return {
    read: () => {
      const members = membersOf(group);
      if (members.length === 0) return {};
      const cpuSeconds = members.reduce((sum, pid) => sum + cpuSecondsOf(pid) - (before.get(pid) ?? 0), 0);
      const seconds = (performance.now() - startedAt) / 1000;
      return {
        cpu_used_ram: members.reduce((sum, pid) => sum + peakBytesOf(pid), 0) / bytesPerMb,
        cpu_available_ram: freemem() / bytesPerMb,
        cpu_utilization: (100 * cpuSeconds) / (seconds * availableParallelism()),
      };
    },
  };
}

/** What `/proc` says, or nothing: processes come and go, and other systems have no `/proc`. */
function procText(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** The fields of `/proc/PID/stat` behind the name of the program, which may have spaces in it. */
const statOf = (pid: number): readonly string[] => procText(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];

function membersOf(group: number): number[] {
  try {
    const pids = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    return pids.filter((pid) => Number(statOf(pid)[2]) === group);
  } catch {
    return [];
  }
}

/** In user and in kernel mode. */
function cpuSecondsOf(pid: number): number {
  const [user = 0, system = 0] = statOf(pid).slice(11, 13).map(Number);
  return (user + system) / ticksPerSecond;
}

const peakBytesOf = (pid: number): number =>
  1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(procText(pid, 'status'))?.[1] ?? 0);

function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // The peak is then that since the process began.
  }
}
