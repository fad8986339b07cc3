import type { ConnectionOptions } from '../client/connection.js';
import { PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { ServiceKind } from './choose-server.js';
import type { Protocol } from './connect.js';
import { newSeed } from './flags/cache-test-flags.js';
import { checkTargets, hasTls } from './flags/check-targets.js';
import { type ComposingFlags, composingModels } from './flags/composing-flags.js';
import { type EngineFlags, engineNotes, parseMaxThreads } from './flags/engine-flags.js';
import { refuseForeignKind } from './flags/foreign-flags.js';
import { type InputDataFlags, parseInputData, parseShapes } from './flags/input-data.js';
import { type LoadFlags, loadSettings } from './flags/load-flags.js';
import { type MeasurementFlags, measurementSettings } from './flags/measurement-flags.js';
import { type MetricsFlags, metricsSettings } from './flags/metrics-flags.js';
import { parseModels } from './flags/model-shares.js';
import { badFlag, oneOf, parseInteger, parseUrl } from './flags/parse.js';
import { type ProfileFlags, type ProfileSettings, profileSettings } from './flags/profile-flags.js';
import { filesByFlag, type ReportFiles, type ReportFlags, reportFiles } from './flags/report-flags.js';
import { type RequestFlags, requestSettings } from './flags/request-flags.js';
import { batchSizeOf } from './flags/scenario-flags.js';
import {
  checkSequences,
  type SequenceFlags,
  type SequenceWish,
  sequenceNotes,
  sequenceSettings,
} from './flags/sequence-flags.js';
import { parseSharedMemory, type SharedMemoryFlags } from './flags/shared-memory.js';
import { type TlsFlags, tlsNotes, tlsOptions } from './flags/tls-flags.js';
import { type TraceFlags, traceSettings } from './flags/trace-flags.js';
import { connectionOptions, type WireFlags, wireSettings } from './flags/wire-flags.js';
import { checkDistinct } from './write-output.js';

/** The flags of the default command as yargs gives them: text, so that every refusal can quote what was typed. */
export interface AnalyzeFlags extends InputDataFlags, SharedMemoryFlags {
  readonly modelName: string | undefined;
  readonly modelVersion: string;
  readonly urls: readonly string[];
  readonly protocol: string;
  readonly serviceKind: string;
  readonly modelRepository: string | undefined;
  readonly batchSize: string | undefined;
  readonly load: LoadFlags;
  readonly requests: RequestFlags;
  readonly measurement: MeasurementFlags;
  readonly shape: readonly string[];
  readonly seed: string | undefined;
  readonly reports: ReportFlags;
  readonly profile: ProfileFlags;
  readonly verbose: boolean;
  readonly engine: EngineFlags;
  readonly wire: WireFlags;
  readonly metrics: MetricsFlags;
  readonly tls: TlsFlags;
  readonly trace: TraceFlags;
  readonly sequences: SequenceFlags;
  readonly composing: ComposingFlags;
}

/** What the default command was asked to do: decided once, nothing downstream asks again. */
export interface AnalyzeOptions {
  /** Without those of sequences, which the model decides on. */
  readonly settings: RunSettings;
  readonly sequences: SequenceWish;
  readonly server: {
    readonly serviceKind: ServiceKind;
    /** Those that are named; several share the load. */
    readonly urls: readonly string[];
    readonly modelRepository: string | undefined;
    readonly connection: ConnectionOptions;
  };
  readonly output: {
    readonly reports: ReportFiles;
    readonly profile: ProfileSettings | undefined;
  };
  readonly isVerbose: boolean;
  /** What to tell before the run, one sentence each. */
  readonly notes: readonly string[];
}

/** @throws PerfError `usage` that names the flag, what was expected and what was got */
export function analyzeOptions(flags: AnalyzeFlags): AnalyzeOptions {
  refuseForeignKind(flags.serviceKind);
  const serviceKind = oneOf('--service-kind', flags.serviceKind, ['auto', 'remote', 'triton', 'embedded']);
  if (serviceKind !== 'auto' && serviceKind !== 'embedded' && flags.modelRepository !== undefined) {
    throw new PerfError(
      'usage',
      `Cannot use --model-repository with --service-kind ${serviceKind}: expected one of them, got both`,
      {
        hint: 'A remote server has a repository of its own.',
      },
    );
  }
  if (flags.urls.length > 0 && flags.modelRepository !== undefined) {
    throw new PerfError('usage', 'Cannot use --model-repository with -u: expected one of them, got both', {
      hint: 'Only the embedded server serves a repository that you name here.',
    });
  }
  const settings = runSettings(flags);
  const { load, data } = settings;
  const sequences = sequenceSettings(flags.sequences, data.source);
  if (sequences.isAsked) checkSequences(sequences.settings, settings);
  const urls = serverUrls(flags, settings.protocol);
  checkTargets(settings, urls);
  const isEncrypted = urls.some(hasTls);
  const tls = tlsOptions(flags.tls, settings.protocol);
  const reports = reportFiles(flags.reports);
  checkOutputs(reports, flags.profile.profileExportFile);
  return {
    settings,
    sequences,
    server: {
      serviceKind: serviceKind === 'triton' ? 'remote' : serviceKind,
      urls,
      modelRepository: flags.modelRepository,
      connection: { ...connectionOptions(flags.wire, settings.protocol), ...(isEncrypted ? { tls } : {}) },
    },
    output: { reports, profile: profileSettings(flags.profile) },
    isVerbose: flags.verbose,
    notes: [
      ...engineNotes(flags.engine, settings.protocol),
      ...tlsNotes(flags.tls, isEncrypted),
      ...sequenceNotes(flags.sequences, load, data.source),
    ],
  };
}

function serverUrls({ urls, tls }: AnalyzeFlags, protocol: Protocol): string[] {
  const parsed = urls.map((url) => parseUrl('-u', url, protocol));
  if (protocol !== 'grpc' || !tls.sslGrpcUseSsl) return parsed;
  if (parsed.length === 0) {
    throw new PerfError('usage', 'Cannot use --ssl-grpc-use-ssl alone: expected -u host:port with it, got none', {
      hint: 'The embedded server speaks gRPC without TLS.',
    });
  }
  return parsed.map((url) => url.replace(/^(grpcs:\/\/)?/, 'grpcs://'));
}

function checkOutputs(reports: ReportFiles, profile: string | undefined): void {
  if (profile === '') throw badFlag('--profile-export-file', 'a file name', profile);
  checkDistinct({ ...filesByFlag(reports), '--profile-export-file': profile });
}

function runSettings(flags: AnalyzeFlags): RunSettings {
  if (flags.modelName === undefined || flags.modelName === '') {
    throw new PerfError('usage', 'Cannot start: expected a model with -m, got none', {
      hint: 'Try -m resnet50, or `perf-analyze models` for the models that come with this tool.',
    });
  }
  const models = parseModels('-m', flags.modelName);
  const { load, latencyLimitMs } = loadSettings(flags.load);
  const requests = requestSettings(flags.requests, load);
  const batchSize = batchSizeOf(flags.measurement, flags.batchSize);
  if (load.kind === 'fixed-schedule' && batchSize > 1) {
    throw new PerfError(
      'usage',
      `Cannot use -b with --fixed-schedule: expected 1, a time for each step, got ${batchSize}`,
    );
  }
  const protocol: Protocol = oneOf('-i', flags.protocol.toLowerCase(), ['http', 'grpc']);
  const metrics = metricsSettings(flags.metrics);
  const trace = traceSettings(flags.trace);
  const blsComposingModels = composingModels(flags.composing);
  return {
    modelName: models.map(({ name }) => name).join(','),
    ...(models.length > 1 ? { models } : {}),
    modelVersion: flags.modelVersion,
    protocol,
    batchSize,
    load,
    maxThreads: parseMaxThreads(flags.engine, load),
    ...(latencyLimitMs === undefined ? {} : { latencyLimitMs }),
    ...(requests.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: requests.requestTimeoutMs }),
    measurement: measurementSettings(flags.measurement, requests, load),
    shapes: parseShapes('--shape', flags.shape),
    data: parseInputData(flags),
    sharedMemory: parseSharedMemory(flags, load),
    seed: seedOf(flags),
    wire: { ...wireSettings(flags.wire, protocol), ...(flags.engine.streaming ? { streaming: true } : {}) },
    ...(metrics === undefined ? {} : { metrics }),
    ...(trace === undefined ? {} : { trace }),
    ...(blsComposingModels.length === 0 ? {} : { blsComposingModels }),
  };
}

const seedOf = ({ seed, measurement }: AnalyzeFlags): number =>
  seed === undefined && measurement.detectCache ? newSeed() : parseInteger('--seed', seed ?? '0', 0);
