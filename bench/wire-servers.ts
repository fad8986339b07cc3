import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { benchAnswer } from './wire-request.js';

/** C servers with fixed answers. */
export interface FixedServers extends AsyncDisposable {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Lets the HTTP server stand still for so long, as far as a timer tells. */
  stallHttp(ms: number): Promise<void>;
  /** A place for files that is removed at the end. */
  readonly folder: string;
}

/** Where servers run, and how many processes nginx has. */
export interface ServerRoom {
  /** As `taskset` names them. */
  readonly cores: string;
  readonly workers: number;
}

const nginxConf = (port: number, folder: string, workers: number): string => `
daemon off; master_process ${workers > 1 ? 'on' : 'off'}; worker_processes ${workers}; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 1000000000; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${'x'.repeat(64)}"; } }
}`;

/**
 * nginx with 64 bytes for everybody, and nghttpd with a file that is the gRPC answer of a 64-byte tensor; on core 0, one process
 * each, unless they are given another room.
 */
export async function startFixedServers(room: ServerRoom = { cores: '0', workers: 1 }): Promise<FixedServers> {
  const pinned = (...command: string[]): ChildProcess =>
    spawn('taskset', ['-c', room.cores, ...command], { stdio: 'ignore' });
  const folder = await mkdtemp(join(tmpdir(), 'wire-bench-'));
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const answer = join(folder, 'root', 'inference.GRPCInferenceService', 'ModelInfer');
  await mkdir(dirname(answer), { recursive: true });
  await writeFile(answer, benchAnswer(64));
  await writeFile(join(folder, 'nginx.conf'), nginxConf(httpPort, folder, room.workers));
  const nginx = pinned('nginx', '-p', folder, '-c', join(folder, 'nginx.conf'));
  const children = [
    nginx,
    pinned('nghttpd', '--no-tls', '-d', join(folder, 'root'), '--trailer', 'grpc-status: 0', String(grpcPort)),
  ];
  await Promise.all([answering(httpPort), answering(grpcPort)]);
  return {
    httpPort,
    grpcPort,
    folder,
    stallHttp: async (ms) => {
      nginx.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, ms));
      nginx.kill('SIGCONT');
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(children.map(ended));
      await rm(folder, { recursive: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at port ${port}`);
}
